"""The route through Cython: typed Python that is compiled to C; the code to read is ``_cython.pyx``.

A call costs about what it costs by hand, and the C API stays out of sight. The declarations of the header are
repeated, but the C compiler checks them.
"""

from ._cython import add, dot_product, fast_exp, fast_sum, numpy_sum, parallel_sum, rank_filter
from ._features import Features
from ._filters import median_filter_by

__all__ = ["add", "dot_product", "fast_exp", "fast_sum", "median_filter", "numpy_sum", "parallel_sum"]

NAME = "Cython"
FEATURES = Features(
    compiler=True,
    argtypes=False,
    gil="released for large work",
    strides=True,
    interrupts=True,
    pypy=False,
    glue=("bindings/cython.py", "bindings/_cython.pyx"),
)

median_filter = median_filter_by(rank_filter)
