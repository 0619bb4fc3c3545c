"""The route without C: plain Python, slow, and the oracle of all others."""

from ._features import Features
from ._pure_filters import median_filter
from ._pure_sums import add, dot_product, fast_exp, fast_sum, numpy_sum, parallel_sum

__all__ = ["add", "dot_product", "fast_exp", "fast_sum", "median_filter", "numpy_sum", "parallel_sum"]

NAME = "pure Python"
FEATURES = Features(
    compiler=False,
    argtypes=False,
    gil="held",
    strides=False,
    interrupts=True,
    pypy=True,
    glue=("bindings/pure.py", "bindings/_pure_sums.py", "bindings/_pure_filters.py"),
)
