"""Median, rank and extreme filters with the signatures and the contract of `scipy.ndimage`.

The arguments are read here, in Python; the pixels are worked on in C.
"""

import functools
import math
import sys
from typing import Any, Literal

import numpy.typing as npt

from . import _arguments as arguments
from . import _core
from ._arguments import Array
from ._documentation import documented
from ._filtering import Choice, apply

__all__ = ["maximum_filter", "median_filter", "minimum_filter", "percentile_filter", "rank_filter"]

NanPolicy = Literal["last", "omit", "propagate", "raise"]

MOST = sys.maxsize
"""No window has more elements."""


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
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
    even: Literal["upper", "mean"] = "upper",
) -> Array:
    """The median of a window around each element.

    Of an even number of elements, the upper of the two middle ones, unless `even` says otherwise.

    Parameters
    ----------
    {input}
    {options}
    even : {"upper", "mean"}, optional
        What the median of an even number of elements is: the upper of the two middle ones, as in SciPy, or
        their mean, rounded once. The mean of integers is an integer, of two as near ones the even one, unless
        `output` is of a floating-point type.

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.median_filter(np.array([1, 1, 9, 1, 2, 2]), size=3)
    array([1, 1, 1, 2, 2, 2])

    A window may end at the border, and a NaN may not count:

    >>> fastmath.median_filter(np.array([5, np.nan, 1, 2]), size=3, mode="truncate", nan_policy="omit")
    array([5., 5., 2., 2.])
    """
    return apply(
        _core.rank_filter, MEDIAN, input, size, footprint, output, mode, cval, origin, axes, workers,
        mask, nan_policy, keep_nan, fill_value, even,
    )  # fmt: skip


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
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
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
    choice = at_rank(arguments.integer(rank, "rank"))
    return apply(
        _core.rank_filter, choice, input, size, footprint, output, mode, cval, origin, axes, workers,
        mask, nan_policy, keep_nan, fill_value,
    )  # fmt: skip


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
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
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
    given = arguments.real(percentile, "percentile")
    choice = Choice(functools.partial(_share_of, given), given + 100 if given < 0 else given)
    return apply(
        _core.rank_filter, choice, input, size, footprint, output, mode, cval, origin, axes, workers,
        mask, nan_policy, keep_nan, fill_value,
    )  # fmt: skip


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
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
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
        _core.rank_filter, _MINIMUM, input, size, footprint, output, mode, cval, origin, axes, workers,
        mask, nan_policy, keep_nan, fill_value,
    )  # fmt: skip


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
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
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
        _core.rank_filter, _MAXIMUM, input, size, footprint, output, mode, cval, origin, axes, workers,
        mask, nan_policy, keep_nan, fill_value,
    )  # fmt: skip


def middle(count: int) -> int:
    if not count:
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
        raise RuntimeError(f"rank: rank not within filter footprint size: expected {-count} to {count - 1}, got {rank}")
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


def at_rank(rank: int) -> Choice:
    return Choice(functools.partial(from_either_end, rank), 0 if rank >= 0 else 100, max(min(rank, MOST), -MOST))


MEDIAN = Choice(middle, 50)
_MINIMUM = Choice(_lowest, 0)
_MAXIMUM = Choice(_highest, 100, -1)
