"""The same values to the bit."""

from array import array
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS
from routes import ROUTES, agree, outcome

import fastmath
from fastmath.bindings import pure

ints = st.integers() | st.integers(-(2**70), 2**70) | st.booleans()
floats = st.floats(width=64)
factors = (floats | ints).filter(bool)
FLOATS = np.random.default_rng(7).normal(size=(6, 8)) * 10.0 ** np.arange(-20, 20, 5)[:8]
INT_CODES = "?bBhHiIlLqQ"


class Index:
    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


@given(a=st.integers(-(2**31), 2**31 - 1), b=st.integers(-(2**31), 2**31 - 1))
def test_add(route: str, a: int, b: int) -> None:
    assert ROUTES[route].add(a, b) == a + b


@pytest.mark.parametrize("value", [True, Index(7), np.int64(9), -(2**31)])
def test_add_of_what_counts_as_int(route: str, value: Any) -> None:
    assert agree(route, "add", lambda: (value, 1))[0] is int


@given(numbers=st.lists(ints))
def test_fast_sum_of_items(route: str, numbers: list[int]) -> None:
    for kind in (list, tuple, iter):
        assert ROUTES[route].fast_sum(kind(numbers)) == sum(numbers)


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        (),
        range(0),
        range(10, -5, -3),
        range(2**70),
        [Index(3), 2**64, True],
        {1, 5},
        "",
        b"ab",
        array("H", [1]),
    ],
)
def test_fast_sum_of(route: str, numbers: Any) -> None:
    assert agree(route, "fast_sum", lambda: (numbers,))[0] is int


@pytest.mark.parametrize("code", INT_CODES)
@pytest.mark.parametrize("order", "<>")
def test_fast_sum_of_arrays(route: str, code: str, order: str) -> None:
    dtype = np.dtype(code).newbyteorder(order)
    numbers = np.random.default_rng(3).bytes(64 * dtype.itemsize)
    values = np.frombuffer(numbers, np.uint8 if code == "?" else dtype).reshape(8, -1)
    values = values > 99 if code == "?" else values
    for view in (values, values[::-2, 1::3], values.T):
        assert agree(route, "fast_sum", lambda view=view: (view,)) == (int, sum(map(int, view.flat)))


@given(pairs=st.lists(st.tuples(floats, floats)))
def test_dot_product_of_floats(route: str, pairs: list[tuple[float, float]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    agree(route, "dot_product", lambda: (a, tuple(b)))
    agree(route, "dot_product", lambda: (array("d", a), array("d", b)))


@given(pairs=st.lists(st.tuples(factors, factors)))
def test_dot_product_of_anything(route: str, pairs: list[tuple[Any, Any]]) -> None:
    agree(route, "dot_product", lambda: ([x for x, _ in pairs], [y for _, y in pairs]))


@pytest.mark.parametrize(
    "factors",
    [
        ([1, 2, 3], [4, 5, 6]),
        (array("f", [0.1]), array("h", [3])),
        (np.arange(9.0)[::-3], np.arange(3, dtype=">i2")),
        ([Fraction(1, 3)], [Index(3)]),
        (np.arange(3), [1, 2, 3]),
        ([], []),
    ],
)
def test_dot_product_of(route: str, factors: tuple[Any, Any]) -> None:
    assert agree(route, "dot_product", lambda: factors)[0] is float


def test_dot_product_of_iterators(route: str) -> None:
    assert agree(route, "dot_product", lambda: (iter([1, 2.5]), [3, 4]))[0] is float


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sums_of_layouts(route: str, dtype: str, layout: str) -> None:
    values = np.random.default_rng(5).normal(size=(6, 8)).astype(dtype)
    assert agree(route, "numpy_sum", lambda: (LAYOUTS[layout](values),))[0] is float
    for workers in (None, 1, 3):
        agree(route, "parallel_sum", lambda: (LAYOUTS[layout](values),), workers=workers)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_numpy_sum_over_axes(route: str, axis: Any, keepdims: bool) -> None:
    agree(route, "numpy_sum", lambda: (FLOATS,), axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7e308])
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_special_sums(route: str, special: float, count: int) -> None:
    for values in (np.full(count, special), np.append(np.full(count, special), [1.0, -np.inf])):
        agree(route, "numpy_sum", lambda values=values: (values,))
        agree(route, "dot_product", lambda values=values: (values, values[::-1]))


@given(data=st.binary().map(lambda data: data[: len(data) // 8 * 8]))
def test_parallel_sum_of_bytes(route: str, data: bytes) -> None:
    for raw in (data, bytearray(data), memoryview(data)):
        agree(route, "parallel_sum", lambda raw=raw: (raw,))


def test_large_sums(route: str) -> None:
    values = np.random.default_rng(1).normal(size=200_001)
    expected = outcome(fastmath.numpy_sum, values)
    for function in (ROUTES[route].numpy_sum, ROUTES[route].parallel_sum):
        assert outcome(function, values) == expected
    assert outcome(ROUTES[route].dot_product, values, values) == outcome(fastmath.dot_product, values, values)


@given(x=floats)
def test_fast_exp_of_float(route: str, x: float) -> None:
    agree(route, "fast_exp", lambda: (x,))


@pytest.mark.parametrize("x", [0.5, 1, True, 2**2000, -(2**2000), np.float32(0.25), Fraction(1, 3), np.array(0.5)])
def test_fast_exp_of(route: str, x: Any) -> None:
    agree(route, "fast_exp", lambda: (x,))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2"])
def test_fast_exp_of_layouts(route: str, dtype: str, layout: str) -> None:
    values = np.random.default_rng(5).normal(size=(6, 8)).astype(dtype)
    agree(route, "fast_exp", lambda: (LAYOUTS[layout](values),))


@pytest.mark.parametrize("view", [np.s_[:], np.s_[::-1], np.s_[:, ::-2]])
def test_fast_exp_into(route: str, view: Any) -> None:
    place = np.zeros((6, 16), ">f8")[view]
    values = np.linspace(-1, 1, place.size).reshape(place.shape)
    assert ROUTES[route].fast_exp(values, out=place) is place
    assert outcome(lambda: place.astype("f8")) == outcome(pure.fast_exp, values)


def test_fast_exp_in_place(route: str) -> None:
    values = np.linspace(-1, 1, 30)
    expected = outcome(pure.fast_exp, values)
    ROUTES[route].fast_exp(values, out=values)
    assert outcome(lambda: values) == expected


IMAGE = np.random.default_rng(2).integers(0, 200, (7, 9))


@pytest.mark.parametrize("dtype", [*INT_CODES, ">u2", ">i8", "e", "f", "d", ">f4"])
def test_median_of_types(route: str, dtype: str) -> None:
    agree(route, "median_filter", lambda: (IMAGE.astype(dtype),), size=3)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 4, "mode": "constant", "cval": 7},
        {"size": (2, 5), "mode": "mirror", "origin": (0, -1)},
        {"footprint": [[0, 1, 0], [1, 1, 1]], "mode": "wrap"},
        {"size": 3, "axes": 1, "mode": "nearest", "workers": 2},
        {"size": 3, "output": "f4"},
        {"size": 1},
    ],
)
@pytest.mark.parametrize("view", [np.s_[:], np.s_[::-1, ::2], np.s_[None, :, 3:]])
def test_median_options(route: str, options: dict[str, Any], view: Any) -> None:
    image = IMAGE.astype("u2")[view]
    if image.ndim == 2 or not {"footprint", "origin"} & options.keys():
        agree(route, "median_filter", lambda: (image,), **options)


def test_median_into_strides(route: str) -> None:
    place = np.zeros((14, 9), "u2")[::2]
    assert ROUTES[route].median_filter(IMAGE.astype("u2"), 3, output=place) is place
    assert np.array_equal(place, pure.median_filter(IMAGE, 3))
