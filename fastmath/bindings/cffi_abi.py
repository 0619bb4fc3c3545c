"""The route through cffi's ABI mode: no compiler; declarations are read when the module is imported.

They come from the header that is installed with the library. Nothing checks them against the library: where
the two differ, calls go wrong without a word. How the functions are called is in ``_cffi_calls.py``.
"""

from ._cffi_build import declarations
from ._cffi_calls import Calls, without_cffi
from ._features import Features
from ._filters import median_filter_by
from ._library import header_path, library_path

try:
    from cffi import FFI
except ModuleNotFoundError:
    raise without_cffi("cffi_abi") from None

NAME = "cffi ABI"
FEATURES = Features(
    compiler=False,
    argtypes=True,
    gil="released in every call",
    strides=False,
    interrupts=False,
    pypy=True,
    glue=("bindings/cffi_abi.py", "bindings/_cffi_build.py", "bindings/_cffi_calls.py", "bindings/_reading.py"),
)

ffi = FFI()
ffi.cdef(declarations(header_path().read_text()))
lib = ffi.dlopen(str(library_path()))

calls = Calls(ffi, lib)
add = calls.add
dot_product = calls.dot_product
fast_exp = calls.fast_exp
fast_sum = calls.fast_sum
median_filter = median_filter_by(calls.rank_filter)
numpy_sum = calls.numpy_sum
parallel_sum = calls.parallel_sum
