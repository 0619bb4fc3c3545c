from collections.abc import Iterable
from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from ._core import AUTHOR as AUTHOR
from ._core import VERSION_MAJOR as VERSION_MAJOR
from ._core import VERSION_MINOR as VERSION_MINOR
from ._patch import patch_scipy as patch_scipy
from ._simd import simd as simd
from .ndimage import maximum_filter as maximum_filter
from .ndimage import median_filter as median_filter
from .ndimage import minimum_filter as minimum_filter
from .ndimage import percentile_filter as percentile_filter
from .ndimage import rank_filter as rank_filter
from .outliers import remove_outliers as remove_outliers
from .signal import medfilt as medfilt
from .signal import medfilt2d as medfilt2d

_Out = TypeVar("_Out", bound=Buffer)

__version__: str

def fast_sum(numbers: Iterable[SupportsIndex] | Buffer, /) -> int: ...
def dot_product(
    a: Iterable[SupportsFloat | SupportsIndex] | Buffer, b: Iterable[SupportsFloat | SupportsIndex] | Buffer, /
) -> float: ...
@overload
def numpy_sum(array: Buffer, /, *, axis: None = None, keepdims: Literal[False] = False) -> float: ...
@overload
def numpy_sum(
    array: Buffer, /, *, axis: SupportsIndex | tuple[SupportsIndex, ...] | None = None, keepdims: Literal[True]
) -> NDArray[np.float64]: ...
@overload
def numpy_sum(
    array: Buffer, /, *, axis: SupportsIndex | tuple[SupportsIndex, ...], keepdims: bool = False
) -> float | NDArray[np.float64]: ...
def parallel_sum(buffer: Buffer, /, *, workers: SupportsIndex | None = None) -> float: ...
@overload
def fast_exp(x: SupportsFloat | SupportsIndex, /) -> float: ...
@overload
def fast_exp(x: Buffer, /, *, out: None = None) -> NDArray[Any]: ...
@overload
def fast_exp(x: Buffer, /, *, out: _Out) -> _Out: ...
