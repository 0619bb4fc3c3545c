"""The route without C: plain Python, slow, and the oracle of all others."""

from ._pure_sums import dot_product, fast_exp, fast_sum, numpy_sum, parallel_sum

__all__ = ["dot_product", "fast_exp", "fast_sum", "numpy_sum", "parallel_sum"]
