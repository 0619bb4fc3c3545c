"""The filters give SciPy's bits, wherever SciPy is right."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from filter_calls import MODES, TYPES, Call, calls
from hypothesis import assume, given
from hypothesis import strategies as st

import fastmath

types = st.sampled_from(TYPES + [dtype.newbyteorder(">") for dtype in TYPES])


def scipy_result(call: Call, **changed: Any) -> np.ndarray:
    """What SciPy gives, led around what it gets wrong or does not take."""
    assume(not reads_beyond_memory(call))
    image = call.image.astype(call.image.dtype.newbyteorder("="))
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    assume(not misreads_border_value(call))
    options = in_order_of_axes(call.options, image.ndim)
    if image.ndim == 1 and len(options.get("axes", (0,))) == 1:
        options, image = as_row(options), image[None]
        return Call(call.name, image, call.positional, options).on(scipy.ndimage, **changed)[0]
    return Call(call.name, image, call.positional, options).on(scipy.ndimage, **changed)


def reads_beyond_memory(call: Call) -> bool:
    """SciPy does where a window reaches four lengths beyond the image, by reflection."""
    ndim = call.image.ndim
    axes = [axis % ndim for axis in call.options.get("axes", range(ndim))]
    widths = call.options.get("size", ())
    if "footprint" in call.options:
        axes, widths = sorted(axes), call.options["footprint"].shape
    widths = np.broadcast_to(widths, len(axes))
    reflects = MODES[call.options.get("mode", "reflect")] == "reflect"
    return reflects and any(width >= 4 * call.image.shape[axis] for axis, width in zip(axes, widths))


def misreads_border_value(call: Call) -> bool:
    """SciPy's box extremes compare values that do not fit the type; and its cast to uint64 is undefined."""
    dtype, cval = call.image.dtype, call.options.get("cval", 0)
    if dtype.kind == "f":
        return False
    if dtype.kind == "u" and dtype.itemsize == 8 and cval < 0:
        return True
    box = np.all(call.options.get("footprint", True))
    extreme_or_close = call.name != "median_filter" or np.prod(call.options.get("size", 1)) <= 2
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return bool(box and extreme_or_close and not low <= cval <= high)


def as_row(options: dict[str, Any]) -> dict[str, Any]:
    """The options for an image of one dimension as an image of one row: SciPy is right more often on that."""
    row = {**options, "axes": None, "origin": (0, *np.atleast_1d(options.get("origin", 0)))}
    if "footprint" in options:
        row["footprint"] = options["footprint"][None]
    else:
        row["size"] = (1, *np.atleast_1d(options["size"]))
    return row


def in_order_of_axes(options: dict[str, Any], ndim: int) -> dict[str, Any]:
    """The same options with rising axes: SciPy confuses others, and takes negative ones for missing."""
    if options.get("axes") is None:
        return options
    axes = [axis % ndim for axis in options["axes"]]
    order = np.argsort(axes)
    ordered = {**options, "axes": tuple(axes[i] for i in order)}
    for name in ("size", "origin"):
        if isinstance(options.get(name), tuple):
            ordered[name] = tuple(options[name][i] for i in order)
    return ordered


def assert_same(result: np.ndarray, expected: np.ndarray) -> None:
    assert type(result) is np.ndarray
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected.astype(result.dtype), strict=True)


@given(calls(types))
def test_equals_scipy(call: Call) -> None:
    result = call.on(fastmath)
    assert result.dtype == call.image.dtype
    assert_same(result, scipy_result(call))


@given(calls(types), st.sampled_from(TYPES), st.sampled_from(["dtype", "name", "array", "strided", "swapped"]))
def test_output_equals_scipys(call: Call, dtype: np.dtype[Any], kind: str) -> None:
    output = {
        "dtype": dtype,
        "name": dtype.name,
        "array": np.empty(call.image.shape, dtype),
        "strided": np.empty((*call.image.shape, 2), dtype)[..., 0],
        "swapped": np.empty(call.image.shape, dtype.newbyteorder("S")),
    }[kind]
    result = call.on(fastmath, output=output)
    if isinstance(output, np.ndarray):
        assert result is output
    else:
        assert result.dtype == dtype
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = scipy_result(call).astype(dtype)
    assert_same(result, expected)


@given(calls(types), st.sampled_from(["same", "reversed", "shifted"]))
def test_output_may_overlap_the_input(call: Call, kind: str) -> None:
    assume(call.image.ndim > 0)
    expected = call.on(fastmath)
    room = np.zeros((*call.image.shape[:-1], call.image.shape[-1] + 1), call.image.dtype)
    image = room[..., :-1]
    image[...] = call.image
    output = {"same": image, "reversed": image[..., ::-1], "shifted": room[..., 1:]}[kind]
    assert dataclasses.replace(call, image=image).on(fastmath, output=output) is output
    np.testing.assert_array_equal(output, expected, strict=True)


@given(calls(types, most_dimensions=1, names=st.just("median_filter")))
def test_equals_scipys_line_filter(call: Call) -> None:
    """SciPy has another filter for images of one dimension; here is what it is right about.

    It takes a footprint with holes for a full one, does not wrap the border value, and is wrong where a
    window reaches as far beyond the image as that is long.
    """
    native = call.image.astype(f"{call.image.dtype.kind}{call.image.dtype.itemsize}")
    options = {**call.options, "mode": call.options.get("mode", "reflect").replace("constant", "wrap")}
    assume("footprint" not in options or options["footprint"].all())
    assume(native.dtype != np.float16)
    call = dataclasses.replace(call, image=native, options=options)
    width = options["footprint"].size if "footprint" in options else np.max(options["size"], initial=1)
    assume(width <= native.size)
    assert_same(call.on(fastmath), call.on(scipy.ndimage))


@pytest.mark.parametrize("name", ["minimum_filter", "maximum_filter"])
@pytest.mark.parametrize("footprint", [False, True])
def test_one_mode_for_each_axis(name: str, footprint: bool) -> None:
    image = np.random.default_rng(1).integers(0, 255, (7, 9), dtype=np.uint8)
    for first in ("reflect", "constant", "nearest", "mirror", "wrap"):
        for second in ("grid-mirror", "grid-constant", "nearest", "mirror", "grid-wrap"):
            window = {"footprint": np.ones((4, 5))} if footprint else {"size": (4, 5)}
            call = Call(name, image, (), {**window, "mode": [first, second], "cval": 100})
            assert_same(call.on(fastmath), call.on(scipy.ndimage))


@pytest.mark.parametrize("rank", [0, -1, 8])
def test_a_rank_at_either_end_takes_a_mode_for_each_axis(rank: int) -> None:
    image = np.random.default_rng(1).integers(0, 255, (7, 9), dtype=np.uint8)
    call = Call("rank_filter", image, (rank, 3), {"mode": ["wrap", "nearest"]})
    assert_same(call.on(fastmath), call.on(scipy.ndimage))


@pytest.mark.parametrize("size", [1, 2, 3, 20, 33])
@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_windows_beyond_the_image(size: int, mode: str, length: int) -> None:
    image = np.random.default_rng(size).normal(size=(length, 11))
    for name, positional in [
        ("median_filter", ()),
        ("minimum_filter", ()),
        ("rank_filter", (size * size // 3,)),
    ]:
        call = Call(name, image, positional, {"size": size, "mode": mode, "cval": 0.5})
        if reads_beyond_memory(call):
            continue
        assert_same(call.on(fastmath), call.on(scipy.ndimage))


@pytest.mark.parametrize("percentile", [-100, -50, -0.5, -0.0, 0, 10, 28, 33.3, 50, 99.9, 100, np.float32(28)])
def test_percentiles_choose_scipys_element(percentile: float) -> None:
    image = np.random.default_rng(1).permutation(200).reshape(10, 20)
    for size in (1, 2, 3, 5, 7):
        call = Call("percentile_filter", image, (percentile, size))
        assert_same(call.on(fastmath), call.on(scipy.ndimage))


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "u4", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("cval", [0.5, 1, 300.7, -1, -300.7, 255.9, 70000, np.nan, np.inf, -np.inf, True, np.int8(3)])
def test_the_border_value_wraps(dtype: str, cval: Any) -> None:
    call = Call(
        "rank_filter",
        np.zeros((1, 1), dtype),
        (0,),
        {"footprint": [[1, 0, 0]], "mode": "constant", "cval": cval},
    )
    assert_same(call.on(fastmath), call.on(scipy.ndimage))
