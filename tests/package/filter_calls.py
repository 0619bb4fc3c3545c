"""Random calls of the filters, for the property tests."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

FILTERS = ["median_filter", "rank_filter", "percentile_filter", "minimum_filter", "maximum_filter"]
MODES = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "constant": "constant",
    "grid-constant": "constant",
    "nearest": "nearest",
    "mirror": "mirror",
    "wrap": "wrap",
    "grid-wrap": "wrap",
}
"""Every name of a border mode, and the plain one that it stands for."""

TYPES = [np.dtype(char) for char in "?bBhHiIlLqQefd"]
"""Every type that is supported."""

MOST_ELEMENTS = 1100


@dataclass
class Call:
    """One call: `filters.<name>(image, *positional, **options)`."""

    name: str
    image: Any
    positional: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def on(self, filters: Any, **changed: Any) -> Any:
        return getattr(filters, self.name)(self.image, *self.positional, **{**self.options, **changed})


@st.composite
def images(
    draw: st.DrawFn, types: Any, most_dimensions: int = 5, special: bool = False, least_dimensions: int = 0
) -> np.ndarray:
    """Arrays of up to 5 dimensions, some of them empty, with many equal elements or few."""
    dtype = np.dtype(draw(types))
    ndim = draw(st.integers(least_dimensions, most_dimensions))
    longest = [1, 60, 24, 9, 5, 3][ndim]
    shape = draw(st.tuples(*[st.integers(0 if draw(st.integers(0, 9)) == 9 else 1, longest)] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    few = draw(st.booleans())
    if dtype.kind == "b":
        values = rng.integers(0, 2, shape)
    elif dtype.kind == "f":
        values = rng.integers(-3, 4, shape) if few else rng.normal(0, 1000, shape)
        if special:
            values = np.where(rng.random(shape) < 0.4, rng.choice([np.nan, -np.inf, np.inf, -0.0], shape), values)
    else:
        limits = np.iinfo(dtype)
        # SciPy computes with doubles: beyond 2**53 it is wrong.
        bound = 5 if few else 2**63 if special else 2**53
        low, high = max(limits.min, -bound), min(limits.max, bound - 1)
        values = rng.integers(low, high, shape, dtype=np.dtype(dtype.type), endpoint=True)
    return np.asarray(values).astype(dtype)


def entries(draw: st.DrawFn, one: st.SearchStrategy[Any], count: int) -> Any:
    """One value for all axes, or a tuple of them."""
    return draw(st.one_of(one, st.tuples(*[one] * count)))


@st.composite
def windows(draw: st.DrawFn, count: int, most: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """A size or a footprint over `count` axes, and how wide it is on each."""
    longest = max(1, int(most ** (1 / max(count, 1)) + 1e-9))
    widths = st.integers(1, min(33, longest))
    if draw(st.integers(0, 2)):
        size = entries(draw, widths, count)
        return {"size": size}, size if isinstance(size, tuple) else (size,) * count
    shape = draw(st.tuples(*[widths] * count))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    footprint = np.asarray(rng.random(shape) < draw(st.sampled_from([0.1, 0.5, 0.9, 1.0])))
    footprint[tuple(rng.integers(0, width) for width in shape)] = True
    return {"footprint": footprint}, shape


@st.composite
def calls(
    draw: st.DrawFn,
    types: Any,
    names: Any = st.sampled_from(FILTERS),
    most_work: int = 60_000,
    **image_options: Any,
) -> Call:
    """Calls that look at no more than about `most_work` elements."""
    image = draw(images(types, **image_options))
    ndim = image.ndim
    options: dict[str, Any] = {}
    axes = tuple(range(ndim))
    if draw(st.booleans()):
        axes = tuple(draw(st.permutations(axes))[: draw(st.integers(0, ndim))])
        options["axes"] = tuple(axis - draw(st.sampled_from([0, ndim])) for axis in axes)
    most = min(MOST_ELEMENTS, max(most_work // max(image.size, 1), 1))
    window, widths = draw(windows(len(axes), most))
    if "footprint" in window:
        # The axes of a footprint are in the image's order, those of an origin in the order of `axes`.
        order = np.argsort(np.argsort(axes)) if axes else []
        widths = tuple(widths[i] for i in order)
        count = int(window["footprint"].sum())
    else:
        count = math.prod(widths)
    options |= window
    if draw(st.booleans()):
        options["origin"] = tuple(draw(st.integers(-(width // 2), (width - 1) // 2)) for width in widths)
    if draw(st.booleans()):
        options["mode"] = draw(st.sampled_from(list(MODES)))
        options["cval"] = draw(st.sampled_from([0.0, 1, -1, 2, 300.7, -0.5, 60000]))
    name = draw(names)
    positional: tuple[Any, ...] = ()
    if name == "rank_filter":
        positional = (draw(st.integers(-count, count - 1)),)
    elif name == "percentile_filter":
        positional = (draw(st.one_of(st.integers(-100, 100), st.floats(-100, 100))),)
    return Call(name, image, positional, options)
