"""The part of numpy_sum that needs NumPy: sums over some axes only."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ._core import sum_into


def sum_axes(array, axis, keepdims, into=sum_into):
    """Sum a buffer of floats over axes, all of them if axis is None; a float if nothing is left to index.

    `into` is `fastmath._core.sum_into`, or another function that does the same.
    """
    shape = memoryview(array).shape
    axes = range(len(shape)) if axis is None else normalize_axis_tuple(axis, len(shape))
    result = np.empty([1 if d in axes else n for d, n in enumerate(shape)])
    into(array, result)
    if not keepdims:
        result = result.reshape([n for d, n in enumerate(shape) if d not in axes])
    return result if keepdims or result.ndim else float(result)
