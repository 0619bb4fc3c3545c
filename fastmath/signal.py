"""Median filters with the signatures and the contract of `scipy.signal`."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arguments as arguments
from . import _core
from ._arguments import Array
from ._filtering import apply
from ._wrapping import Rewrap, unwrap
from .ndimage import MEDIAN, NanPolicy

__all__ = ["medfilt", "medfilt2d"]

ELEMENTS = arguments.ELEMENTS - set("?e")
"""The types that SciPy's take; `median_filter` takes bool and float16, too."""


def medfilt(
    volume: npt.ArrayLike,
    kernel_size: Any = None,
    *,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
) -> Array:
    """The median of a window around each element, with zeros beyond the border.

    The same as ``median_filter(volume, kernel_size, mode="constant")``, for the types that `scipy.signal` takes.

    Parameters
    ----------
    volume : array_like
        Elements of an integer type, float32 or float64, in either byte order, of any shape and strides.
    kernel_size : int or sequence of int, optional
        The width of the window on every axis, or on each: odd numbers, by default 3.
    workers : int, optional
        Threads to work with, by default 1; -1 for every core that this process may use.
    mask, nan_policy, keep_nan, fill_value : optional
        What does not count, and what NaNs are, as for `median_filter`. The zeros beyond the border count.

    Returns
    -------
    numpy.ndarray
        An array of the shape, type and byte order of `volume`; a scalar gives one of a single element. Masked
        arrays, labelled arrays and tensors come back as what they were, as for `median_filter`.

    Raises
    ------
    TypeError
        For a kernel size that is no integer, and as `median_filter`.
    ValueError
        For elements of another type, such as bool or complex, a kernel size that is even or negative, and as
        `median_filter`.
    RuntimeError
        For a number of kernel sizes that is not the number of axes.

    Warns
    -----
    UserWarning
        Where the window is wider than the volume.

    Notes
    -----
    A NaN is larger than anything else, unless `nan_policy` says otherwise. Time as for `median_filter`.

    Examples
    --------
    >>> import fastmath
    >>> fastmath.medfilt([4, 1, 9, 1, 2, 2])
    array([1, 4, 1, 2, 2, 2])
    """
    pixels, rewrap = _elements(volume, "volume", "medfilt")
    image = np.ma.atleast_1d(pixels) if arguments.is_masked_array(pixels) else np.atleast_1d(pixels)
    sizes = _odd_sizes(kernel_size, image.ndim, RuntimeError)
    if any(size > length for size, length in zip(sizes, image.shape)):
        warnings.warn("kernel_size exceeds volume extent: the volume will be zero-padded.", UserWarning, stacklevel=2)
    return _median_among_zeros(image, sizes, rewrap, workers, mask, nan_policy, keep_nan, fill_value)


def medfilt2d(
    input: npt.ArrayLike,
    kernel_size: Any = 3,
    *,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
) -> Array:
    """The median of a window around each pixel of an image, with zeros beyond the border.

    The same as ``median_filter(input, kernel_size, mode="constant")``, for the types that `scipy.signal` takes.

    Parameters
    ----------
    input : array_like
        Two dimensions of elements of an integer type, float32 or float64, in either byte order, of any strides.
    kernel_size : int or sequence of int, optional
        The width of the window on both axes, or on each: odd numbers.
    workers : int, optional
        Threads to work with, by default 1; -1 for every core that this process may use.
    mask, nan_policy, keep_nan, fill_value : optional
        What does not count, and what NaNs are, as for `median_filter`. The zeros beyond the border count.

    Returns
    -------
    numpy.ndarray
        An array of the shape, type and byte order of `input`. Masked arrays, labelled arrays and tensors come
        back as what they were, as for `median_filter`.

    Raises
    ------
    TypeError
        For a kernel size that is no integer, and as `median_filter`.
    ValueError
        For another number of dimensions or of kernel sizes, elements of another type, such as bool or
        complex, a kernel size that is even or negative, and as `median_filter`.

    Notes
    -----
    A NaN is larger than anything else, unless `nan_policy` says otherwise. Time as for `median_filter`.

    Examples
    --------
    >>> import fastmath
    >>> fastmath.medfilt2d([[4, 1, 9], [1, 2, 2], [8, 3, 1]])
    array([[0, 1, 0],
           [1, 2, 1],
           [0, 1, 0]])
    """
    image, rewrap = _elements(input, "input", "medfilt2d")
    if image.ndim != 2:
        raise ValueError(f"input: expected an array of 2 dimensions, got {image.ndim}")
    sizes = _odd_sizes(kernel_size, 2, ValueError)
    return _median_among_zeros(image, sizes, rewrap, workers, mask, nan_policy, keep_nan, fill_value)


def _elements(array: npt.ArrayLike, name: str, filter_name: str) -> tuple[Array, Rewrap | None]:
    """The argument as an array of one of the types, masked if it was, and what makes a result like it."""
    unwrapped, rewrap = unwrap(array, name)
    plain = unwrapped if arguments.is_masked_array(unwrapped) else arguments.plain_array(unwrapped, name)
    if plain.dtype.char not in ELEMENTS:
        raise ValueError(
            f"{name}: dtype={plain.dtype} is not supported by {filter_name}, expected integers, float32 or float64"
        )
    return plain, rewrap


def _odd_sizes(kernel_size: Any, ndim: int, wrong_length: type[Exception]) -> list[int]:
    return arguments.for_each(3 if kernel_size is None else kernel_size, "kernel_size", _odd_size, ndim, wrong_length)


def _odd_size(value: object, name: str) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: an integer is required, got {value}")
    size = arguments.integer(value, name)
    if size % 2 == 0:
        raise ValueError(f"{name}: Each element of kernel_size should be odd, got {size}")
    if size < 0:
        raise ValueError(f"{name}: negative dimensions are not allowed, got {size}")
    return size


def _median_among_zeros(image: Array, sizes: list[int], rewrap: Rewrap | None, workers: Any, *missing: Any) -> Any:
    result = apply(_core.rank_filter, MEDIAN, image, sizes, None, None, "constant", 0.0, 0, None, workers, *missing)
    return rewrap(result) if rewrap else result
