"""Every type and every mode: these tests enumerate them, and fail where one is left out."""

import numpy as np
import pytest

import fastmath
from fastmath import _arguments
from fastmath.bindings import _pure_filters as pure

NUMBERS = sorted({np.dtype(code).char for code in "?" + np.typecodes["AllInteger"] + np.typecodes["Float"]})
"""NumPy's characters of every bool, integer and float type."""

UNSUPPORTED = "g"

SCIPY_MODES = [
    "reflect",
    "grid-mirror",
    "constant",
    "grid-constant",
    "nearest",
    "mirror",
    "wrap",
    "grid-wrap",
]


def random_image(dtype: np.dtype[np.generic]) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, (9, 8), dtype=np.uint8).view(np.int8).astype(dtype)


def test_every_type_is_known_or_refused_on_purpose() -> None:
    assert set(_arguments.ELEMENTS) | set(UNSUPPORTED) == set(NUMBERS)


def test_every_mode_is_known() -> None:
    assert set(_arguments.MODES) == set(SCIPY_MODES)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("char", [char for char in NUMBERS if char not in UNSUPPORTED])
def test_every_type_with_every_mode(char: str, mode: str, order: str) -> None:
    image = random_image(np.dtype(char).newbyteorder(order))
    # 3 and 5 are networks for some types, the footprint and the large window are not.
    for options in ({"size": 3}, {"size": 5}, {"footprint": [[1, 0, 1], [0, 1, 1]]}, {"size": (2, 9)}):
        result = fastmath.median_filter(image, mode=mode, cval=3, **options)
        expected = pure.median_filter(image, mode=mode, cval=3, **options)
        assert result.dtype == image.dtype
        np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("char", NUMBERS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_of_output(char: str, order: str) -> None:
    image = random_image(np.dtype(np.int16))
    dtype = np.dtype(char).newbyteorder(order)
    expected = fastmath.median_filter(image, 3).astype(dtype)
    np.testing.assert_array_equal(fastmath.median_filter(image, 3, output=dtype), expected, strict=True)
    output = np.empty(image.shape, dtype)
    assert fastmath.median_filter(image, 3, output=output) is output
    np.testing.assert_array_equal(output, expected, strict=True)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros(3, np.longdouble),
        np.zeros(3, object),
        np.array(["a", "b"]),
        np.array([b"a", b"b"]),
        np.zeros(3, "M8[s]"),
        np.zeros(3, "m8[s]"),
        np.zeros(3, "i4,i4"),
        np.zeros(3, complex),
        None,
        "abc",
        object(),
    ],
    ids=repr,
)
def test_other_types_are_refused(image: object) -> None:
    for name in ("median_filter", "minimum_filter"):
        with pytest.raises(TypeError, match="^input: .*expected bool, integers or floats"):
            getattr(fastmath, name)(image, 3)
