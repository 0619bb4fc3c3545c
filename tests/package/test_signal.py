"""medfilt and medfilt2d keep the contract of scipy.signal's."""

import doctest
import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.signal
from filter_calls import TYPES, images
from hypothesis import given
from hypothesis import strategies as st

import fastmath
from fastmath import signal

IMAGE = np.arange(30, dtype=np.uint8).reshape(5, 6)
BOTH = ["medfilt", "medfilt2d"]
types = [dtype for dtype in TYPES if dtype.char not in "?e"]
MORE = {"workers": None, "mask": None, "nan_policy": "last", "keep_nan": False, "fill_value": None}
odd = st.integers(0, 6).map(lambda half: 2 * half + 1)


@given(st.data())
@pytest.mark.parametrize("name", BOTH)
def test_equals_scipy(name: str, data: st.DataObject) -> None:
    least, most = (2, 2) if name == "medfilt2d" else (1, 3)
    both_orders = st.sampled_from(types + [dtype.newbyteorder(">") for dtype in types])
    image = data.draw(images(both_orders, most_dimensions=most, least_dimensions=least))
    size = data.draw(st.one_of(st.none(), odd, st.tuples(*[odd] * image.ndim)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = getattr(fastmath, name)(image, size)
        expected = getattr(scipy.signal, name)(image.astype(f"{image.dtype.kind}{image.dtype.itemsize}"), size)
    np.testing.assert_array_equal(result, expected.astype(image.dtype), strict=True)


def test_a_scalar_becomes_an_array_of_one_element() -> None:
    for module in (fastmath, scipy.signal):
        np.testing.assert_array_equal(module.medfilt(3.5, 1), [3.5])


@pytest.mark.parametrize("size", [None, 7, (1, 9)])
def test_medfilt_warns_of_windows_wider_than_the_volume(size: Any) -> None:
    image = IMAGE[:2]
    for module in (fastmath, scipy.signal):
        with pytest.warns(UserWarning, match="kernel_size exceeds volume extent") as caught:
            module.medfilt(image, size)
    fastmath.medfilt2d(image, size)
    with pytest.warns(UserWarning) as caught:
        fastmath.medfilt(image)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    "image, size, message",
    [
        (IMAGE, 4, "kernel_size: .* should be odd, got 4"),
        (IMAGE, 0, "kernel_size: .* should be odd, got 0"),
        (IMAGE, (3, 4), "kernel_size: .* should be odd, got 4"),
        (IMAGE, 3.0, "kernel_size: .*float.* integer"),
        (IMAGE, "3", "kernel_size: .*str.* integer"),
        (IMAGE, (3, None), "kernel_size: .*NoneType.* integer"),
        (IMAGE + 0j, 3, ": dtype=complex128 is not supported"),
        (IMAGE > 3, 3, ": dtype=bool is not supported"),
        (IMAGE.astype("e"), 3, ": dtype=float16 is not supported"),
        (IMAGE.astype(object), 3, ": dtype=object is not supported"),
        (IMAGE.astype("g"), 3, ": dtype=float128 is not supported"),
        (None, 3, ": dtype=object is not supported"),
        ([[1], [1, 2]], 3, ": .*inhomogeneous"),
    ],
)
def test_mistakes_raise_as_in_scipy(name: str, image: Any, size: Any, message: str) -> None:
    with pytest.raises(Exception, match=message) as ours:
        getattr(fastmath, name)(image, size)
    with pytest.raises(Exception) as scipys:
        getattr(scipy.signal, name)(image, size)
    assert issubclass(ours.type, scipys.type)


@pytest.mark.parametrize(
    "name, image, size, error",
    [
        ("medfilt", IMAGE, (3,), RuntimeError),
        ("medfilt", IMAGE, (3, 3, 3), RuntimeError),
        ("medfilt", IMAGE, -3, ValueError),
        ("medfilt", IMAGE, True, TypeError),
        ("medfilt2d", IMAGE, (3,), ValueError),
        ("medfilt2d", IMAGE, (3, 3, 3), ValueError),
        ("medfilt2d", IMAGE, -3, ValueError),
        ("medfilt2d", IMAGE, True, TypeError),
        ("medfilt2d", IMAGE[0], 3, ValueError),
        ("medfilt2d", IMAGE[None], 3, ValueError),
        ("medfilt", np.ma.masked_array(IMAGE > 3, IMAGE > 3), 3, ValueError),
        ("medfilt2d", np.ma.masked_array(IMAGE > 3, IMAGE > 3), 3, ValueError),
    ],
)
def test_other_mistakes(name: str, image: Any, size: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="kernel_size: |input: |volume: "):
        getattr(fastmath, name)(image, size)


@pytest.mark.parametrize("name", BOTH)
def test_signatures_are_scipys_and_more(name: str) -> None:
    ours = inspect.signature(getattr(fastmath, name)).parameters
    scipys = inspect.signature(getattr(scipy.signal, name)).parameters
    assert {key: value.default for key, value in ours.items()} == {
        **{key: value.default for key, value in scipys.items()},
        **MORE,
    }
    assert all(ours[option].kind is inspect.Parameter.KEYWORD_ONLY for option in MORE)
    assert name in fastmath.__all__


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("options", [
    {"nan_policy": "omit"}, {"nan_policy": "propagate", "keep_nan": True}, {"nan_policy": "last"},
    {"mask": IMAGE % 3 == 0, "fill_value": 7}, {"nan_policy": "omit", "mask": IMAGE > 20, "workers": 2},
])  # fmt: skip
def test_missing_elements_are_those_of_the_median_filter(name: str, options: dict[str, Any]) -> None:
    image = np.where(IMAGE % 7 == 0, np.nan, IMAGE)
    result = getattr(fastmath, name)(image, (5, 3), **options)
    expected = fastmath.median_filter(image, (5, 3), mode="constant", **options)
    np.testing.assert_array_equal(result, expected, strict=True)
    with pytest.raises(ValueError, match="The input contains nan values"):
        getattr(fastmath, name)(image, nan_policy="raise")
    with pytest.raises(ValueError, match="^nan_policy: expected one of"):
        getattr(fastmath, name)(image, nan_policy="drop")


@pytest.mark.parametrize("name", BOTH)
def test_masked_arrays_and_tensors_come_back_as_they_came(name: str) -> None:
    masked = np.ma.masked_array(IMAGE, IMAGE % 4 == 0)
    result = getattr(fastmath, name)(masked)
    expected = fastmath.median_filter(masked, 3, mode="constant")
    np.testing.assert_array_equal(result.mask, masked.mask)
    np.testing.assert_array_equal(result.data, expected.data, strict=True)
    strict = pytest.importorskip("array_api_strict")
    tensor = getattr(fastmath, name)(strict.asarray(IMAGE))
    assert type(tensor) is type(strict.asarray(IMAGE))
    np.testing.assert_array_equal(np.from_dlpack(tensor), getattr(fastmath, name)(IMAGE))


def test_a_masked_scalar() -> None:
    result = fastmath.medfilt(np.ma.masked_array(3.0, True), 1)
    assert result.shape == (1,) and result.mask.all()


def test_examples() -> None:
    failed, attempted = doctest.testmod(signal)
    assert not failed and attempted


def test_workers() -> None:
    for name in BOTH:
        function = getattr(fastmath, name)
        np.testing.assert_array_equal(function(IMAGE, 5, workers=2), function(IMAGE, 5))
        with pytest.raises(ValueError, match="workers: "):
            function(IMAGE, 5, workers=0)
