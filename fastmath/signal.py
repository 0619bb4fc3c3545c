"""Median filters with the signatures and the contract of `scipy.signal`."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arguments as arguments
from . import _core
from ._arguments import Array
from ._filtering import apply
from .ndimage import MEDIAN

__all__ = ["medfilt", "medfilt2d"]

ELEMENTS = arguments.ELEMENTS - set("?e")
"""The types that SciPy's take; `median_filter` takes bool and float16, too."""


def medfilt(volume: npt.ArrayLike, kernel_size: Any = None, *, workers: int | None = None) -> Array:
    """The median of a window around each element, with zeros beyond the border.

    The same as ``median_filter(volume, kernel_size, mode="constant")``.

    Parameters
    ----------
    volume : array_like
        Elements of an integer type, float32 or float64, in either byte order, of any shape and strides. An
        array with masked elements is refused: its mask would be ignored.
    kernel_size : int or sequence of int, optional
        The width of the window on every axis, or on each: odd numbers, by default 3.
    workers : int, optional
        Threads to work with, by default 1; -1 for every core that this process may use.

    Returns
    -------
    numpy.ndarray
        An array of the shape, type and byte order of `volume`; a scalar gives one of a single element.

    Raises
    ------
    TypeError
        For a kernel size that is no integer, or masked elements.
    ValueError
        For elements of another type, such as bool or complex, or a kernel size that is even or negative.
    RuntimeError
        For a number of kernel sizes that is not the number of axes.

    Warns
    -----
    UserWarning
        Where the window is wider than the volume.

    Notes
    -----
    A NaN is larger than anything else. Time as for `median_filter`.

    Examples
    --------
    >>> import fastmath
    >>> fastmath.medfilt([4, 1, 9, 1, 2, 2])
    array([1, 4, 1, 2, 2, 2])
    """
    image = np.atleast_1d(_elements(volume, "volume", "medfilt"))
    sizes = _odd_sizes(kernel_size, image.ndim, RuntimeError)
    if any(size > length for size, length in zip(sizes, image.shape)):
        warnings.warn(
            "kernel_size exceeds volume extent: the volume will be zero-padded.", UserWarning, stacklevel=2
        )
    return _median_among_zeros(image, sizes, workers)


def medfilt2d(input: npt.ArrayLike, kernel_size: Any = 3, *, workers: int | None = None) -> Array:
    """The median of a window around each pixel of an image, with zeros beyond the border.

    The same as ``median_filter(input, kernel_size, mode="constant")``.

    Parameters
    ----------
    input : array_like
        Two dimensions of elements of an integer type, float32 or float64, in either byte order, of any
        strides. An array with masked elements is refused: its mask would be ignored.
    kernel_size : int or sequence of int, optional
        The width of the window on both axes, or on each: odd numbers.
    workers : int, optional
        Threads to work with, by default 1; -1 for every core that this process may use.

    Returns
    -------
    numpy.ndarray
        An array of the shape, type and byte order of `input`.

    Raises
    ------
    TypeError
        For a kernel size that is no integer, or masked elements.
    ValueError
        For another number of dimensions or of kernel sizes, elements of another type, such as bool or
        complex, or a kernel size that is even or negative.

    Notes
    -----
    A NaN is larger than anything else. Time as for `median_filter`.

    Examples
    --------
    >>> import fastmath
    >>> fastmath.medfilt2d([[4, 1, 9], [1, 2, 2], [8, 3, 1]])
    array([[0, 1, 0],
           [1, 2, 1],
           [0, 1, 0]])
    """
    image = _elements(input, "input", "medfilt2d")
    if image.ndim != 2:
        raise ValueError(f"input: expected an array of 2 dimensions, got {image.ndim}")
    return _median_among_zeros(image, _odd_sizes(kernel_size, 2, ValueError), workers)


def _elements(array: npt.ArrayLike, name: str, filter_name: str) -> Array:
    plain = arguments.plain_array(array, name)
    if plain.dtype.char not in ELEMENTS:
        raise ValueError(
            f"{name}: dtype={plain.dtype} is not supported by {filter_name}, "
            f"expected integers, float32 or float64"
        )
    return plain


def _odd_sizes(kernel_size: Any, ndim: int, wrong_length: type[Exception]) -> list[int]:
    return arguments.for_each(
        3 if kernel_size is None else kernel_size, "kernel_size", _odd_size, ndim, wrong_length
    )


def _odd_size(value: object, name: str) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: an integer is required, got {value}")
    size = arguments.integer(value, name)
    if size % 2 == 0:
        raise ValueError(f"{name}: Each element of kernel_size should be odd, got {size}")
    if size < 0:
        raise ValueError(f"{name}: negative dimensions are not allowed, got {size}")
    return size


def _median_among_zeros(image: Array, sizes: list[int], workers: int | None) -> Array:
    return apply(_core.rank_filter, MEDIAN, image, sizes, None, None, "constant", 0.0, 0, None, workers)
