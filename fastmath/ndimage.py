"""Median, rank and extreme filters with the signatures and the contract of `scipy.ndimage`.

The arguments are read here, in Python; the pixels are worked on in C.
"""

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arguments as arguments
from . import _core
from ._arguments import Array
from ._documentation import documented

__all__ = ["maximum_filter", "median_filter", "minimum_filter", "percentile_filter", "rank_filter"]

Engine = Callable[..., None]
"""`fastmath._core.rank_filter`, or another function with its arguments."""


@documented
def median_filter(
    input: npt.ArrayLike,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
) -> Array:
    """The median of a window around each element.

    Of an even number of elements, the upper of the two middle ones.

    Parameters
    ----------
    {input}
    {options}

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.median_filter(np.array([1, 1, 9, 1, 2, 2]), size=3)
    array([1, 1, 1, 2, 2, 2])
    """
    return apply(_core.rank_filter, middle, input, size, footprint, output, mode, cval, origin, axes, workers)


@documented
def rank_filter(
    input: npt.ArrayLike,
    rank: int,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
) -> Array:
    """The element of a given rank in a window around each element.

    Parameters
    ----------
    {input}
    rank : int
        The place of the chosen element in the sorted window, from 0; a negative one counts from the end.
    {options}

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.rank_filter(np.array([1, 1, 9, 1, 2, 2]), -2, size=3)
    array([1, 1, 1, 2, 2, 2])
    """
    at = functools.partial(from_either_end, arguments.integer(rank, "rank"))
    return apply(_core.rank_filter, at, input, size, footprint, output, mode, cval, origin, axes, workers)


@documented
def percentile_filter(
    input: npt.ArrayLike,
    percentile: float,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
) -> Array:
    """The element at a given percentile of a window around each element.

    Parameters
    ----------
    {input}
    percentile : float
        How far into the sorted window the chosen element is, from 0 to 100; a negative one counts from the
        end, as if 100 were added. Of n elements it is the one of rank ``int(n * percentile / 100)``, at most
        n - 1.
    {options}

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.percentile_filter(np.array([1, 1, 9, 1, 2, 2]), 100, size=3)
    array([1, 9, 9, 9, 2, 2])
    """
    at = functools.partial(_share_of, arguments.real(percentile, "percentile"))
    return apply(_core.rank_filter, at, input, size, footprint, output, mode, cval, origin, axes, workers)


@documented
def minimum_filter(
    input: npt.ArrayLike,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
) -> Array:
    """The smallest element of a window around each element.

    Parameters
    ----------
    {input}
    {options}

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.minimum_filter(np.array([1, 1, 9, 7, 8, 8]), size=3)
    array([1, 1, 1, 7, 7, 8])
    """
    return apply(
        _core.rank_filter, _lowest, input, size, footprint, output, mode, cval, origin, axes, workers
    )


@documented
def maximum_filter(
    input: npt.ArrayLike,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
) -> Array:
    """The largest element of a window around each element.

    Parameters
    ----------
    {input}
    {options}

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.maximum_filter(np.array([1, 1, 9, 1, 2, 2]), size=3)
    array([1, 9, 9, 9, 2, 2])
    """
    return apply(
        _core.rank_filter, _highest, input, size, footprint, output, mode, cval, origin, axes, workers
    )


def middle(count: int) -> int:
    _refuse_none(count, RuntimeError)
    return count // 2


def _lowest(count: int) -> int:
    _refuse_none(count, ValueError)
    return 0


def _highest(count: int) -> int:
    _refuse_none(count, ValueError)
    return count - 1


def from_either_end(rank: int, count: int) -> int:
    _refuse_none(count, RuntimeError)
    if not -count <= rank < count:
        raise RuntimeError(
            f"rank: rank not within filter footprint size: expected {-count} to {count - 1}, got {rank}"
        )
    return rank % count


def _share_of(percentile: float, count: int) -> int:
    _refuse_none(count, RuntimeError)
    if math.isnan(percentile):
        raise ValueError("percentile: expected a number from -100 to 100, got nan")
    if not -100 <= percentile <= 100:
        raise RuntimeError(f"percentile: invalid percentile, expected -100 to 100, got {percentile}")
    share = percentile + 100 if percentile < 0 else percentile
    return min(int(count * share / 100), count - 1)


def _refuse_none(count: int, error: type[Exception]) -> None:
    """SciPy's extremes and its other filters differ in the error."""
    if not count:
        raise error("footprint: All-zero footprint is not supported, expected a true element")


def apply(
    engine: Engine,
    rank_in: Callable[[int], int],
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    workers: Any,
) -> Array:
    """Read the arguments and let `engine` work on the pixels.

    Of `count` elements in a window the one of rank `rank_in(count)` is chosen.
    """
    if (
        type(input) is np.ndarray
        and type(size) is int
        and type(mode) is str
        and type(cval) is float
        and type(origin) is int
        and origin == 0
        and footprint is axes is None
        and (output is None or type(output) is np.ndarray)
        and (workers is None or (type(workers) is int and workers == 1))
    ):
        result = _apply_plain(engine, rank_in, input, size, mode, output)
        if result is not None:
            return result
    if footprint is not None and size is not None:
        warnings.warn("ignoring size because footprint is set", UserWarning, stacklevel=3)
    image = arguments.image(input)
    filtered = arguments.filtered_axes(axes, image.ndim)
    sizes, members, count = arguments.window(size, footprint, filtered, image.ndim)
    rank = rank_in(count)
    separable = members is None and rank in (0, count - 1)
    origins = arguments.window_origins(origin, filtered, sizes, separable)
    modes = arguments.border_modes(mode, filtered, image.ndim, separable)
    fill = arguments.fill_element(cval, image.dtype)
    threads = arguments.worker_count(workers)
    result = arguments.result_array(output, image)
    if not image.size or (count == 1 and members is None):
        arguments.store(image, result)
    else:
        _work(engine, image, result, sizes, origins, members, rank, modes, fill, threads)
    return output if isinstance(output, np.ndarray) else result


def _work(engine: Engine, image: Array, result: Array, *window: Any) -> None:
    """Let the engine write the result: at once if it can be, else by way of a copy."""
    if arguments.same_elements(image, result) and not np.may_share_memory(image, result):
        engine(image, result, *window)
    else:
        scratch = np.empty(image.shape, image.dtype)
        engine(image, scratch, *window)
        arguments.store(scratch, result)


def _apply_plain(
    engine: Engine, rank_in: Callable[[int], int], image: Array, size: int, mode: str, output: Array | None
) -> Array | None:
    """The usual call, in as few steps as it takes; None if it is not that usual.

    Small images are filtered in about a microsecond: reading every argument takes longer than that.
    """
    number = arguments.MODES.get(mode, arguments.CONSTANT)
    if number == arguments.CONSTANT or image.dtype.char not in arguments.ELEMENTS or not image.size:
        return None
    sizes, origins, count = _box(size, image.ndim)
    if count == 1:
        return None
    if output is None:
        output = np.empty(image.shape, image.dtype)
    elif (
        output.shape != image.shape
        or output.dtype != image.dtype
        or not output.flags.writeable
        or np.may_share_memory(image, output)
    ):
        return None
    engine(image, output, sizes, origins, None, rank_in(count), number, bytes(image.itemsize), 1)
    return output


@functools.lru_cache
def _box(size: int, ndim: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """The sizes and origins of a plain box, and its number of elements."""
    sizes, _, count = arguments.window(size, None, tuple(range(ndim)), ndim)
    return sizes, (0,) * ndim, count
