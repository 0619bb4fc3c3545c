"""The filters give what the plain Python twin gives, also where SciPy is wrong or silent."""

import numpy as np
import pytest
from filter_calls import TYPES, Call, calls
from hypothesis import given
from hypothesis import strategies as st

import fastmath
from fastmath.bindings import _pure_filters as pure

types = st.sampled_from(TYPES + [dtype.newbyteorder(">") for dtype in TYPES])
names = st.sampled_from(["median_filter", "rank_filter"])


@given(calls(types, names, most_work=3000, special=True))
def test_equals_the_twin(call: Call) -> None:
    np.testing.assert_array_equal(call.on(fastmath), call.on(pure), strict=True)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_nan_comes_after_infinity_wherever_it_is(dtype: str) -> None:
    values = [np.nan, np.inf, 2.0, -np.inf, -np.nan]
    rng = np.random.default_rng(0)
    for _ in range(20):
        image = rng.permutation(values).astype(dtype)
        # Five elements, all of them in each window.
        ranked = [fastmath.rank_filter(image, rank, size=5, mode="wrap") for rank in range(5)]
        for result, expected in zip(ranked, [-np.inf, 2.0, np.inf, np.nan, np.nan]):
            np.testing.assert_array_equal(result, np.full(5, expected, dtype))


@pytest.mark.parametrize("dtype", ["i8", "u8", ">i8", ">u8"])
def test_wide_integers_are_exact(dtype: str) -> None:
    top = np.iinfo(dtype).max
    image = np.array([[top, top - 1, top - 2], [top - 3, top - 4, top - 5], [top - 6, top - 7, top - 8]], dtype)
    for size in (3, 9):
        assert fastmath.median_filter(image, size=size, mode="wrap")[1, 1] == top - 4
    assert fastmath.maximum_filter(image, size=3)[1, 1] == top
    low = np.iinfo(dtype).min
    assert fastmath.minimum_filter(np.array([low + 1, low], dtype), size=2)[1] == low


def test_wide_border_values_are_exact() -> None:
    for value in (2**53 + 1, 2**63 - 1, -(2**63), 2**64 + 5):
        image = np.zeros(1, np.int64)
        result = fastmath.rank_filter(image, 0, footprint=[1, 0, 0], mode="constant", cval=value)
        assert result[0] == (value if value < 2**63 else 5)
    image = np.zeros(1, np.uint64)
    assert fastmath.rank_filter(image, 0, footprint=[1, 0, 0], mode="constant", cval=-1)[0] == 2**64 - 1


def test_a_footprint_on_a_line_keeps_its_holes() -> None:
    line = np.array([5, 1, 9, 2, 8, 3])
    holes = [1, 0, 1, 0, 1]
    image = fastmath.median_filter(line[None], footprint=[holes])
    np.testing.assert_array_equal(fastmath.median_filter(line, footprint=holes), image[0])


@pytest.mark.parametrize("name", ["median_filter", "minimum_filter"])
def test_sequences_follow_the_order_of_axes(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 99, (6, 7, 8))
    apply = getattr(fastmath, name)
    expected = apply(image, size=(3, 1, 5), origin=(1, 0, -2))
    np.testing.assert_array_equal(apply(image, size=(5, 3), origin=(-2, 1), axes=(-1, 0)), expected)
    np.testing.assert_array_equal(apply(image, size=(5, 3, 1), origin=(-2, 1, 0), axes=(2, 0, 1)), expected)


def test_a_footprint_follows_the_order_of_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 99, (6, 7))
    footprint = [[1, 0, 1]]
    expected = fastmath.median_filter(image, footprint=footprint)
    np.testing.assert_array_equal(fastmath.median_filter(image, footprint=footprint, axes=(1, 0)), expected)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
def test_windows_far_beyond_a_line(length: int, mode: str) -> None:
    line = np.arange(length, dtype=np.float32)
    for size in (4 * length, 8 * length, 33, 100):
        for origin in (-(size // 2), 0, (size - 1) // 2):
            call = Call("median_filter", line, (size,), {"mode": mode, "origin": origin, "cval": 0.5})
            np.testing.assert_array_equal(call.on(fastmath), call.on(pure), strict=True)
