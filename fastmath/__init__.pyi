from ._core import AUTHOR as AUTHOR
from ._core import VERSION_MAJOR as VERSION_MAJOR
from ._core import VERSION_MINOR as VERSION_MINOR
from ._core import dot_product as dot_product
from ._core import fast_exp as fast_exp
from ._core import fast_sum as fast_sum
from ._core import numpy_sum as numpy_sum
from ._core import parallel_sum as parallel_sum
from ._patch import patch_scipy as patch_scipy
from ._simd import simd as simd
from .ndimage import maximum_filter as maximum_filter
from .ndimage import median_filter as median_filter
from .ndimage import minimum_filter as minimum_filter
from .ndimage import percentile_filter as percentile_filter
from .ndimage import rank_filter as rank_filter
from .outliers import mad_filter as mad_filter
from .outliers import remove_outliers as remove_outliers
from .signal import medfilt as medfilt
from .signal import medfilt2d as medfilt2d

__version__: str
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
