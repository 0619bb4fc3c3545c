"""The route through CPython's C API, written by hand: the fastest to call and the most to write.

The code to read is that of the extension module `fastmath._core`: ``_core/add.c`` is the shortest whole
example, ``_core/buffer.c`` takes buffers and lets Ctrl-C through, ``_core/module.c`` makes the module.
It is what the package itself uses, so there is nothing left to do here but to name it.
"""

from .._core import add, dot_product, fast_exp, fast_sum, numpy_sum, parallel_sum
from ..ndimage import median_filter
from ._features import Features

__all__ = ["add", "dot_product", "fast_exp", "fast_sum", "median_filter", "numpy_sum", "parallel_sum"]

NAME = "C API"
FEATURES = Features(
    compiler=True,
    argtypes=False,
    gil="released for large work",
    strides=True,
    interrupts=True,
    pypy=False,
    glue=("bindings/capi.py", "_core/*.c"),
)
