"""Median filters, exact sums and dot products in C."""

from ._core import (
    AUTHOR,
    VERSION_MAJOR,
    VERSION_MINOR,
    dot_product,
    fast_exp,
    fast_sum,
    numpy_sum,
    parallel_sum,
)
from ._patch import patch_scipy
from ._simd import simd
from .ndimage import maximum_filter, median_filter, minimum_filter, percentile_filter, rank_filter
from .outliers import mad_filter, remove_outliers
from .signal import medfilt, medfilt2d

__version__ = f"{VERSION_MAJOR}.{VERSION_MINOR}.0"

__all__ = [
    "AUTHOR",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "__version__",
    "dot_product",
    "fast_exp",
    "fast_sum",
    "mad_filter",
    "maximum_filter",
    "medfilt",
    "medfilt2d",
    "median_filter",
    "minimum_filter",
    "numpy_sum",
    "parallel_sum",
    "patch_scipy",
    "percentile_filter",
    "rank_filter",
    "remove_outliers",
    "simd",
]
