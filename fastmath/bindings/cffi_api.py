"""The route through cffi's API mode: a compiler at build time makes each call a call of C.

``_cffi_build.py`` hands the header to cffi, which writes the extension module ``_cffi_api``; the compiler
checks every type against the header. How the functions are then called is in ``_cffi_calls.py``.
"""

from ._cffi_calls import Calls, without_cffi
from ._features import Features
from ._filters import median_filter_by

try:
    from ._cffi_api import ffi, lib
except ModuleNotFoundError:
    raise without_cffi("cffi_api") from None

NAME = "cffi API"
FEATURES = Features(
    compiler=True,
    argtypes=False,
    gil="released in every call",
    strides=False,
    interrupts=False,
    pypy=True,
    glue=("bindings/cffi_api.py", "bindings/_cffi_build.py", "bindings/_cffi_calls.py", "bindings/_reading.py"),
)

calls = Calls(ffi, lib)
add = calls.add
dot_product = calls.dot_product
fast_exp = calls.fast_exp
fast_sum = calls.fast_sum
median_filter = median_filter_by(calls.rank_filter)
numpy_sum = calls.numpy_sum
parallel_sum = calls.parallel_sum
