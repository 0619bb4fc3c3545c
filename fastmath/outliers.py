"""Replacing the bad pixels of an image and leaving the others alone."""

import math
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from . import _arguments as arguments
from ._arguments import Array
from .ndimage import median_filter

__all__ = ["remove_outliers"]

Which = Literal["both", "bright", "dark"]


@overload
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    return_mask: Literal[False] = False,
) -> Array: ...
@overload
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    return_mask: Literal[True],
) -> tuple[Array, npt.NDArray[np.bool_]]: ...
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    return_mask: bool = False,
) -> Array | tuple[Array, npt.NDArray[np.bool_]]:
    """Replace the elements that differ too much from the median of the window around them.

    Parameters
    ----------
    image : array_like
        Elements of bool, an integer or a floating-point type of up to 64 bits, as for `median_filter`.
    size : int or sequence of int
        The width of the window on every filtered axis, or on each.
    threshold : float
        An element is replaced by the median if it differs from it by more than this, in the units of the
        image. At least 0; infinity replaces nothing.
    which : {"both", "bright", "dark"}, optional
        Replace only elements above their median ("bright"), only those below it ("dark"), or both.
    output, mode, cval, axes, workers : optional
        As for `median_filter`. `output` may be `image` itself, to repair it in place.
    return_mask : bool, optional
        Whether to return also where elements were replaced.

    Returns
    -------
    result : numpy.ndarray
        The repaired image, of the type and byte order of `image` unless `output` says otherwise.
    replaced : numpy.ndarray of bool
        Where `result` has the median. Only if `return_mask` is true.

    Raises
    ------
    TypeError
        For a threshold that is no real number, and as `median_filter`.
    ValueError
        For a threshold that is negative or NaN, another value of `which`, and as `median_filter`.
    RuntimeError
        As `median_filter`.

    Notes
    -----
    Differences of integers are exact, also of unsigned ones and of those that the type could not hold;
    differences of floats are those of doubles. A NaN differs from nothing: it stays where it is, and where
    the median is NaN the element stays. An infinity differs from every finite median.

    Takes the time of `median_filter` and that of a few passes over the image.

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> row = np.array([10, 11, 250, 12, 0, 11], dtype=np.uint8)
    >>> fastmath.remove_outliers(row, 3, threshold=50)
    array([10, 11, 12, 12,  0, 11], dtype=uint8)
    >>> fastmath.remove_outliers(row, 3, threshold=5, which="dark")
    array([ 10,  11, 250,  12,  11,  11], dtype=uint8)
    """
    if which not in ("both", "bright", "dark"):
        raise ValueError(f'which: expected "both", "bright" or "dark", got {which!r}')
    limit = arguments.number(threshold, "threshold")
    if not limit >= 0:
        raise ValueError(f"threshold: expected a number of at least 0, got {limit}")
    pixels = arguments.image(image, "image")
    result = None if output is None else arguments.result_array(output, pixels)
    repaired = median_filter(pixels, size, mode=mode, cval=cval, axes=axes, workers=workers)
    replaced = np.zeros(pixels.shape, dtype=bool)
    if which != "dark":
        replaced |= _exceeds(pixels, repaired, limit)
    if which != "bright":
        replaced |= _exceeds(repaired, pixels, limit)
    np.copyto(repaired, pixels, where=~replaced)
    if result is not None:
        arguments.store(repaired, result)
        repaired = output if isinstance(output, np.ndarray) else result
    return (repaired, replaced) if return_mask else repaired


def _exceeds(high: Array, low: Array, limit: int | float) -> npt.NDArray[np.bool_]:
    """Where high - low > limit."""
    exceeds: npt.NDArray[np.bool_]
    if high.dtype.kind == "f":
        with np.errstate(all="ignore"):
            exceeds = np.subtract(high, low, dtype=np.float64) > float(limit)
        return exceeds
    # Unsigned arithmetic wraps, so that a difference of ordered integers is right in every type.
    unsigned = np.dtype(f"{high.dtype.byteorder}u{high.dtype.itemsize}")
    largest = np.iinfo(unsigned).max
    whole = largest if limit >= largest else math.floor(limit)
    exceeds = (high > low) & (high.view(unsigned) - low.view(unsigned) > whole)
    return exceeds
