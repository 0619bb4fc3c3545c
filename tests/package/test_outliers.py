"""remove_outliers replaces what differs by more than the threshold, and nothing else."""

from typing import Any

import numpy as np
import pytest
from filter_calls import TYPES, images
from hypothesis import given
from hypothesis import strategies as st

import fastmath


def expected(image: np.ndarray, threshold: Any, which: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The definition, element by element with Python's numbers."""
    median = fastmath.median_filter(image, size)
    result, replaced = image.copy(), np.zeros(image.shape, bool)
    for index in np.ndindex(image.shape):
        difference = +image[index].item() - median[index].item()
        bright, dark = difference > threshold, -difference > threshold
        if (bright and which != "dark") or (dark and which != "bright"):
            result[index] = median[index]
            replaced[index] = True
    return result, replaced


@given(
    images(st.sampled_from(TYPES + [dtype.newbyteorder(">") for dtype in TYPES]), most_dimensions=3, special=True),
    st.sampled_from([0, 1, 0.5, 2.5, 100, 2**63 - 1, 2**64, 2**63, 1e300, np.inf]),
    st.sampled_from(["both", "bright", "dark"]),
    st.integers(1, 4),
)
def test_follows_its_definition(image: np.ndarray, threshold: Any, which: Any, size: int) -> None:
    result, replaced = fastmath.remove_outliers(image, size, threshold, which=which, return_mask=True)
    wanted, where = expected(image, threshold, which, size)
    np.testing.assert_array_equal(result, wanted, strict=True)
    np.testing.assert_array_equal(replaced, where, strict=True)
    np.testing.assert_array_equal(fastmath.remove_outliers(image, size, threshold, which=which), wanted)


@given(
    images(st.sampled_from(TYPES), most_dimensions=3, special=True),
    st.sampled_from([0, 0.7, 1, 3, 1e300, np.inf]),
    st.sampled_from(["both", "bright", "dark"]),
    st.integers(1, 4),
    st.booleans(),
)
def test_follows_its_definition_in_deviations(
    image: np.ndarray, factor: float, which: Any, size: int, some: bool
) -> None:
    """Those of float16 are not rounded; integers of 64 bits and their multiples are, to doubles."""
    options: dict[str, Any] = {"mode": "truncate"} if some else {}
    if some:
        options["mask"] = np.random.default_rng(0).random(image.shape) < 0.3
    wide = image.astype(float) if image.dtype == np.float16 else image
    median, spread = fastmath.median_filter(wide, size, **options), fastmath.mad_filter(wide, size, **options)
    wanted = image.copy()
    for index in np.ndindex(image.shape):
        x, y, limit = (+array[index].item() for array in (image, median, spread))
        distance = float({"both": abs(x - y), "bright": x - y, "dark": y - x}[which])
        if distance > float(limit) * factor and not (some and options["mask"][index]):
            wanted[index] = median[index]
    result = fastmath.remove_outliers(image, size, factor, units="mad", which=which, **options)
    np.testing.assert_array_equal(result, wanted, strict=True)


@pytest.mark.parametrize("units", ["image", "mad"])
@pytest.mark.parametrize("dtype", ["u1", ">i2", "f2", "f4"])
def test_in_place(dtype: str, units: Any) -> None:
    generator = np.random.default_rng(1)
    for view in (np.s_[:], np.s_[::-1], np.s_[:, ::-2]):
        image = (generator.random((90, 80)) * 200).astype(dtype)
        plain, output = image[view].copy(), image[view]
        wanted, where = fastmath.remove_outliers(plain, 3, 2, units=units, return_mask=True)
        result, replaced = fastmath.remove_outliers(output, 3, 2, units=units, output=output, return_mask=True)
        assert result is output
        np.testing.assert_array_equal(result, wanted)
        np.testing.assert_array_equal(replaced, where)
    shifted = image[1:].copy()
    fastmath.remove_outliers(image[1:], 3, 2, units=units, output=image[:-1])
    np.testing.assert_array_equal(image[:-1], fastmath.remove_outliers(shifted, 3, 2, units=units))


def test_masked_elements_stay() -> None:
    image = np.array([200, 200, 10, 200, 0, 200, 200], np.uint8)
    mask = np.array([False] * 4 + [True] + [False] * 2)
    wanted = [200, 200, 200, 200, 0, 200, 200]
    np.testing.assert_array_equal(fastmath.remove_outliers(image, 3, 100, mask=mask), wanted)
    result, replaced = fastmath.remove_outliers(np.ma.masked_array(image, mask), 3, 100, return_mask=True)
    np.testing.assert_array_equal(result.data, wanted)
    np.testing.assert_array_equal(result.mask, mask)
    np.testing.assert_array_equal(replaced, np.arange(7) == 2)
    holes = np.array([1, 1, 9, 1, 1, 1, np.nan, 9, 1, 1])
    np.testing.assert_array_equal(
        fastmath.remove_outliers(holes, 5, 2, nan_policy="omit")[2:8], [1, 1, 1, 1, np.nan, 1]
    )
    result = fastmath.remove_outliers(holes, 5, 2, nan_policy="propagate")
    np.testing.assert_array_equal(result[2:8], [1, 1, 1, 1, np.nan, 9])
    with pytest.raises(ValueError, match="nan"):
        fastmath.remove_outliers(holes, 5, 2, nan_policy="raise")


@pytest.mark.parametrize("name", ["array_api_strict", "torch"])
def test_the_mask_is_an_array_of_the_images_kind(name: str) -> None:
    library = pytest.importorskip(name)
    image = library.asarray(np.array([200, 200, 10, 200, 200], np.uint8))
    result, replaced = fastmath.remove_outliers(image, 3, 100, return_mask=True)
    assert type(result) is type(replaced) is type(image)
    assert result.dtype == library.uint8 and replaced.dtype == getattr(library, "bool")
    np.testing.assert_array_equal(np.from_dlpack(replaced), [False, False, True, False, False])
    assert fastmath.remove_outliers(image, 3, 100, output=image) is image
    np.testing.assert_array_equal(np.from_dlpack(image), [200] * 5)


def test_unsigned_differences_do_not_wrap() -> None:
    image = np.array([200, 200, 10, 200, 200], np.uint8)
    assert fastmath.remove_outliers(image, 3, 189)[2] == 200
    assert fastmath.remove_outliers(image, 3, 190)[2] == 10


def test_differences_that_the_type_could_not_hold() -> None:
    for dtype in ("i1", "i2", "i4", "i8"):
        limits = np.iinfo(dtype)
        image = np.array([limits.max] * 2 + [limits.min] + [limits.max] * 2, dtype)
        widest = limits.max - int(limits.min)
        assert fastmath.remove_outliers(image, 3, widest - 1)[2] == limits.max
        assert fastmath.remove_outliers(image, 3, widest)[2] == limits.min


def test_nans_stay_and_infinities_go() -> None:
    image = np.array([1, 1, np.nan, 1, 1, np.inf, 1, 1, -np.inf, 1], np.float32)
    result = fastmath.remove_outliers(image, 3, 1e30)
    np.testing.assert_array_equal(result, [1, 1, np.nan, 1, 1, 1, 1, 1, 1, 1])


def test_the_threshold_itself_is_no_outlier() -> None:
    image = np.array([0.0, 0.0, 0.5, 0.0, 0.0])
    assert fastmath.remove_outliers(image, 3, 0.5)[2] == 0.5
    assert fastmath.remove_outliers(image, 3, np.nextafter(0.5, 0))[2] == 0


def test_output() -> None:
    image = np.array([200, 200, 10, 200, 200], np.uint8)
    assert fastmath.remove_outliers(image, 3, 100, output=np.float32).dtype == np.float32
    repaired, replaced = fastmath.remove_outliers(image, 3, 100, output=image, return_mask=True)
    assert repaired is image
    np.testing.assert_array_equal(image, [200] * 5)
    np.testing.assert_array_equal(replaced, [False, False, True, False, False])


def test_options_go_to_the_median() -> None:
    image = np.random.default_rng(0).integers(0, 255, (9, 8), dtype=np.uint8)
    options = {"mode": "constant", "cval": 255, "axes": 1, "workers": 2}
    result = fastmath.remove_outliers(image, 5, 0, **options)
    np.testing.assert_array_equal(result, fastmath.median_filter(image, 5, **options))


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"threshold": -1}, ValueError, "threshold: .* got -1"),
        ({"threshold": np.nan}, ValueError, "threshold: .* got nan"),
        ({"threshold": "1"}, TypeError, "threshold: must be real number, not str"),
        ({"threshold": None}, TypeError, "threshold: must be real number, not NoneType"),
        ({"threshold": 1j}, TypeError, "threshold: must be real number, not complex"),
        ({"which": "light"}, ValueError, "which: .* got 'light'"),
        ({"units": []}, ValueError, r"units: .* got \[\]"),
        ({"mode": "valid"}, RuntimeError, "mode: .* got 'valid'"),
        ({"mask": np.zeros(4, bool)}, ValueError, "mask: .* got"),
        ({"workers": 0}, ValueError, "workers: .* got 0"),
        ({"size": 0}, RuntimeError, "size: .* got 0"),
        ({"size": None}, RuntimeError, "size: no footprint or filter size"),
        ({"output": np.zeros(3)}, RuntimeError, "output: .* got"),
        ({"image": np.zeros(5, complex)}, TypeError, "image: Complex"),
    ],
)
def test_errors(options: dict[str, Any], error: type[Exception], message: str) -> None:
    call = {"image": np.zeros(5), "size": 3, "threshold": 1, **options}
    with pytest.raises(error, match=message):
        fastmath.remove_outliers(**call)
