"""The median filter of a route, from its way to call the kernel."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from .._arguments import Array
from .._filtering import Engine, apply
from ..ndimage import MEDIAN


def median_filter_by(engine: Engine) -> Callable[..., Array]:
    """`fastmath.median_filter` with the pixels worked on by another engine."""

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
        """As `fastmath.median_filter`."""
        return apply(engine, MEDIAN, input, size, footprint, output, mode, cval, origin, axes, workers)

    return median_filter
