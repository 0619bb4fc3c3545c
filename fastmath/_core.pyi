from collections.abc import Iterable
from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

_Out = TypeVar("_Out", bound=Buffer)

AUTHOR: str
VERSION_MAJOR: int
VERSION_MINOR: int

def simd_levels() -> tuple[tuple[str, bool, bool], ...]: ...
def rank_filter(
    input: Buffer,
    output: Buffer,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: Buffer | None,
    rank: int,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
    /,
) -> None: ...
def sum_into(array: Buffer, result: Buffer, /) -> None: ...
def sum_paths(array: Buffer, /) -> Any: ...
def dot_paths(a: Buffer, b: Buffer, /) -> Any: ...
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
