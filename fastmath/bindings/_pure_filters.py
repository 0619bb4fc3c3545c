"""The filters in plain Python: slow, and simple enough to be everybody's oracle.

The engine has the arguments of `fastmath._core.rank_filter`; the filters around it read theirs as
`fastmath.ndimage` does.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._arguments import CONSTANT, MODES, Array, integer
from .._filtering import apply
from ..ndimage import at_rank
from ._filters import median_filter_by


def engine(
    input: Array,
    output: Array,
    sizes: Sequence[int],
    origins: Sequence[int],
    footprint: Array | None,
    rank: int,
    modes: int | Sequence[int],
    cval: bytes,
    workers: int,
) -> None:
    """Write to each element of `output` the element of `rank` in its window of `input`; NaNs come last."""
    axis_modes = [modes] * input.ndim if isinstance(modes, int) else modes
    fill = np.frombuffer(cval, input.dtype.newbyteorder("="))[0]
    offsets = [
        tuple(i - size // 2 - origin for i, size, origin in zip(index, sizes, origins))
        for index in itertools.product(*map(range, sizes))
        if footprint is None or footprint[index]
    ]
    for center in itertools.product(*map(range, input.shape)):
        window = []
        for offset in offsets:
            index = [inside(i + o, length, mode) for i, o, length, mode in zip(center, offset, input.shape, axis_modes)]
            window.append(fill if None in index else input[tuple(index)])
        output[center] = sorted(window, key=order)[rank]


def order(value: Any) -> tuple[bool, Any]:
    return (True, 0) if value != value else (False, value)


def inside(index: int, length: int, mode: int) -> int | None:
    """The index of the element that `mode` puts at `index`; None for the constant."""
    if 0 <= index < length:
        return index
    if mode == CONSTANT:
        return None
    if mode == MODES["nearest"]:
        return 0 if index < 0 else length - 1
    if mode == MODES["wrap"]:
        return index % length
    if mode == MODES["reflect"]:
        index %= 2 * length
        return min(index, 2 * length - 1 - index)
    period = max(2 * length - 2, 1)
    index %= period
    return min(index, period - index)


median_filter = median_filter_by(engine)


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
    """As `fastmath.rank_filter`."""
    choice = at_rank(integer(rank, "rank"))
    return apply(engine, choice, input, size, footprint, output, mode, cval, origin, axes, workers)
