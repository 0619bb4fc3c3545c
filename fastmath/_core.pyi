from collections.abc import Iterable
from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer as _Declared

# NumPy's types declare the buffer protocol from Python 3.12 on only.
_Buffer = _Declared | NDArray[Any]
_Out = TypeVar("_Out", bound=_Declared | NDArray[Any])

AUTHOR: str
VERSION_MAJOR: int
VERSION_MINOR: int

def add(a: SupportsIndex, b: SupportsIndex, /) -> int: ...
def simd_levels() -> tuple[tuple[str, bool, bool], ...]: ...
def rank_filter(
    input: _Buffer,
    output: _Buffer,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: _Buffer | None,
    rank: int,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
    /,
) -> None: ...
def rank_filter_missing(
    input: _Buffer,
    output: _Buffer,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: _Buffer | None,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
    mask: _Buffer | None,
    nan_policy: int,
    empty: bytes,
    percent: float,
    offset: int,
    mean: bool,
    /,
) -> None: ...
def mad_filter(
    input: _Buffer,
    output: _Buffer,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: _Buffer | None,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
    mask: _Buffer | None,
    nan_policy: int,
    empty: bytes,
    median: _Buffer | None,
    /,
) -> None: ...
def remove_outliers(
    input: _Buffer,
    output: _Buffer,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: _Buffer | None,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
    mask: _Buffer | None,
    nan_policy: int,
    empty: bytes,
    side: int,
    deviations: bool,
    threshold: float,
    whole: int,
    replaced: _Buffer | None,
    /,
) -> None: ...
def sum_into(array: _Buffer, result: _Buffer, /) -> None: ...
def sum_paths(array: _Buffer, /) -> Any: ...
def dot_paths(a: _Buffer, b: _Buffer, /) -> Any: ...
def list_paths(numbers: Iterable[SupportsIndex], /) -> Any: ...
def list_dot_paths(
    a: Iterable[SupportsFloat | SupportsIndex], b: Iterable[SupportsFloat | SupportsIndex], /
) -> Any: ...
def fast_sum(numbers: Iterable[SupportsIndex] | _Buffer, /) -> int: ...
def dot_product(
    a: Iterable[SupportsFloat | SupportsIndex] | _Buffer, b: Iterable[SupportsFloat | SupportsIndex] | _Buffer, /
) -> float: ...
@overload
def numpy_sum(array: _Buffer, /, *, axis: None = None, keepdims: Literal[False] = False) -> float: ...
@overload
def numpy_sum(
    array: _Buffer, /, *, axis: SupportsIndex | tuple[SupportsIndex, ...] | None = None, keepdims: Literal[True]
) -> NDArray[np.float64]: ...
@overload
def numpy_sum(
    array: _Buffer, /, *, axis: SupportsIndex | tuple[SupportsIndex, ...], keepdims: bool = False
) -> float | NDArray[np.float64]: ...
def parallel_sum(buffer: _Buffer, /, *, workers: SupportsIndex | None = None) -> float: ...
@overload
def fast_exp(x: SupportsFloat | SupportsIndex, /) -> float: ...  # type: ignore[overload-overlap]
@overload
def fast_exp(x: _Buffer, /, *, out: None = None) -> NDArray[Any]: ...
@overload
def fast_exp(x: _Buffer, /, *, out: _Out) -> _Out: ...
