"""The part of numpy_sum that needs NumPy: sums over some axes only."""

import operator

import numpy as np
from numpy.exceptions import AxisError

from ._core import sum_into


def axes_of(axis, ndim):
    """The axes named by None, an int or several ints, counted from 0."""
    if type(axis) is int and -ndim <= axis < ndim:  # what is asked for most, and quickly told
        return {axis % ndim}
    if axis is None:
        return set(range(ndim))
    many = isinstance(axis, (tuple, list))
    try:
        given = [operator.index(one) for one in (axis if many else [axis])]
    except TypeError:
        raise TypeError(f"axis: expected None, an int or a tuple of ints, got {axis!r}") from None
    for one in given:
        if not -ndim <= one < ndim:
            raise AxisError(f"axis {one} is out of bounds for array of dimension {ndim}")
    axes = {one % ndim for one in given}
    if len(axes) < len(given):
        raise ValueError(f"axis: expected each axis once, got the repeated axis {axis!r}")
    return axes


def sum_axes(array, axis, keepdims, into=sum_into):
    """Sum a buffer of floats over axes, all of them if axis is None; a float if nothing is left to index.

    `into` is `fastmath._core.sum_into`, or another function that does the same.
    """
    shape = array.shape if type(array) is np.ndarray else memoryview(array).shape
    axes = axes_of(axis, len(shape))
    result = np.empty([1 if d in axes else n for d, n in enumerate(shape)])
    into(array, result)
    if keepdims:
        return result
    kept = [n for d, n in enumerate(shape) if d not in axes]
    return result.reshape(kept) if kept else result.item()
