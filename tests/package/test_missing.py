"""Masks, NaN policies, borders that end windows, means of two middles: what SciPy's users have to do by hand."""

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filter_calls import FILTERS, TYPES, images
from hypothesis import assume, given
from hypothesis import strategies as st

import fastmath

POSITIONAL = {"rank_filter": (4,), "percentile_filter": (30,)}
CHOSEN = {
    "median_filter": lambda window: window[len(window) // 2],
    "rank_filter": lambda window: window[min(4, len(window) - 1)],
    "percentile_filter": lambda window: window[min(int(len(window) * 30 / 100), len(window) - 1)],
    "minimum_filter": lambda window: window[0],
    "maximum_filter": lambda window: window[-1],
}


def call(name: str, image: Any, **options: Any) -> Any:
    return getattr(fastmath, name)(image, *POSITIONAL.get(name, ()), **options)


def oracle(name: str, image: np.ndarray, mask: np.ndarray, size: int, fill: Any) -> np.ndarray:
    """Windows that end at the border, of the elements that are not masked, by slices."""
    result = np.empty_like(image)
    for index in np.ndindex(image.shape):
        window = tuple(slice(max(i - size // 2, 0), max(i - size // 2 + size, 0)) for i in index)
        left = np.sort(image[window][~mask[window]], axis=None)
        result[index] = CHOSEN[name](left) if left.size else fill
    return result


@given(
    images(st.sampled_from(TYPES + [dtype.newbyteorder(">") for dtype in TYPES]), most_dimensions=3),
    st.sampled_from(FILTERS),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
)
def test_equals_slices(image: np.ndarray, name: str, size: int, share: float) -> None:
    assume(name != "rank_filter" or size**image.ndim > 4)
    mask = np.random.default_rng(0).random(image.shape) < share
    result = call(name, image, size=size, mask=mask, mode="truncate", fill_value=1)
    np.testing.assert_array_equal(result, oracle(name, image, mask, size, 1), strict=True)
    if image.dtype.kind == "f":
        holes = np.where(mask, np.array(np.nan, image.dtype), image).astype(image.dtype)
        result = call(name, holes, size=size, nan_policy="omit", mode="truncate", fill_value=1)
        np.testing.assert_array_equal(result, oracle(name, image, mask, size, 1), strict=True)


IMAGE = np.random.default_rng(1).normal(size=(17, 23)).astype(np.float32)
HOLES = np.where(np.random.default_rng(2).random(IMAGE.shape) < 0.1, np.nan, IMAGE).astype(np.float32)


def windows(image: np.ndarray, size: int, fill: float = np.nan) -> np.ndarray:
    before, after = size // 2, size - 1 - size // 2
    padded = np.pad(image, (before, after), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size))


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_omit_equals_nanmedian(size: int) -> None:
    result = fastmath.median_filter(HOLES, size, nan_policy="omit", mode="truncate", even="mean")
    np.testing.assert_allclose(result, np.nanmedian(windows(HOLES, size), axis=(2, 3)), rtol=1e-6)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_propagate_equals_median(size: int) -> None:
    result = fastmath.median_filter(HOLES, size, nan_policy="propagate", mode="valid", even="mean")
    wanted = np.median(np.lib.stride_tricks.sliding_window_view(HOLES, (size, size)), axis=(2, 3))
    np.testing.assert_allclose(result, wanted, rtol=1e-6)


def test_a_masked_nan_does_not_spoil_windows() -> None:
    result = fastmath.median_filter(HOLES, 3, nan_policy="propagate", mask=np.isnan(HOLES))
    np.testing.assert_array_equal(result, fastmath.median_filter(HOLES, 3, nan_policy="omit"))
    assert fastmath.median_filter(HOLES, 3, nan_policy="raise", mask=np.isnan(HOLES)).shape == HOLES.shape


@pytest.mark.parametrize("name", FILTERS)
def test_raise(name: str) -> None:
    with pytest.raises(ValueError, match="^input: The input contains nan values$"):
        call(name, HOLES, size=3, nan_policy="raise")
    np.testing.assert_array_equal(call(name, IMAGE, size=3, nan_policy="raise"), call(name, IMAGE, size=3), strict=True)


@pytest.mark.parametrize("policy", ["last", "omit", "propagate", "raise"])
@pytest.mark.parametrize("name", FILTERS)
def test_policies_agree_without_nans(name: str, policy: Any) -> None:
    for image in (IMAGE, (IMAGE * 100).astype(np.int16)):
        for mode in ("reflect", "constant"):
            result = call(name, image, size=(3, 4), nan_policy=policy, mode=mode)
            np.testing.assert_array_equal(result, call(name, image, size=(3, 4), mode=mode), strict=True)


@pytest.mark.parametrize("policy", ["last", "omit", "propagate"])
@pytest.mark.parametrize("mode", ["reflect", "valid"])
def test_nans_can_be_kept(policy: Any, mode: str) -> None:
    options = {"size": (4, 3), "nan_policy": policy, "mode": mode, "origin": (1, 0)}
    result = fastmath.median_filter(HOLES, **options, keep_nan=True)
    where = np.isnan(HOLES)
    if mode == "valid":
        where = where[3:, 1:-1]
    np.testing.assert_array_equal(result, np.where(where, np.nan, fastmath.median_filter(HOLES, **options)))


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("size, origin", [(3, 0), ((6, 1), (1, 0)), ((5, 6), (-2, 2)), (17, 0), (18, 0), (40, 3)])
def test_valid_is_the_inside(name: str, size: Any, origin: Any) -> None:
    sizes, origins = np.broadcast_to(size, 2), np.broadcast_to(origin, 2)
    begin = sizes // 2 + origins
    whole = call(name, IMAGE, size=size, origin=origin)
    inside = whole[tuple(slice(b, max(n - s + 1 + b, b)) for b, n, s in zip(begin, IMAGE.shape, sizes))]
    result = call(name, IMAGE, size=size, origin=origin, mode="valid")
    np.testing.assert_array_equal(result, inside, strict=True)


def test_valid_along_some_axes() -> None:
    result = fastmath.median_filter(IMAGE, 5, axes=1, mode="valid")
    np.testing.assert_array_equal(result, fastmath.median_filter(IMAGE, 5, axes=1)[:, 2:-2])
    result = fastmath.maximum_filter(IMAGE, 5, mode=["valid", "truncate"])
    np.testing.assert_array_equal(result, fastmath.maximum_filter(IMAGE, 5, mode="nearest")[2:-2])


def test_outputs() -> None:
    mask = IMAGE > 1
    wanted = fastmath.median_filter(IMAGE, 3, mask=mask)
    for output in (np.float64, "float64", np.empty(IMAGE.shape, ">f8"), np.empty((17, 46))[:, ::2]):
        result = fastmath.median_filter(IMAGE, 3, mask=mask, output=output)
        np.testing.assert_array_equal(result, wanted)
        assert output is result or not isinstance(output, np.ndarray)
    image = IMAGE.copy()
    assert fastmath.median_filter(image, 3, mask=mask, output=image) is image
    np.testing.assert_array_equal(image, wanted)
    small = np.empty((15, 21), np.float32)
    assert fastmath.median_filter(IMAGE, 3, mode="valid", output=small) is small
    with pytest.raises(RuntimeError, match=r"output: output shape not correct: expected \(15, 21\), got \(17, 23\)"):
        fastmath.median_filter(IMAGE, 3, mode="valid", output=image)


def test_means_of_integers() -> None:
    row = np.array([1, 2, 4, 7, 255], np.uint8)
    np.testing.assert_array_equal(
        fastmath.median_filter(row, 2, mode="valid", even="mean"), np.array([2, 3, 6, 131], np.uint8), strict=True
    )
    exact = fastmath.median_filter(row, 2, mode="valid", even="mean", output=np.float32)
    np.testing.assert_array_equal(exact, np.array([1.5, 3, 5.5, 131], np.float32), strict=True)
    wide = np.array([2**63 - 1, 2**63 - 2], np.int64)
    assert fastmath.median_filter(wide, 2, mode="valid", even="mean")[0] == 2**63 - 2


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u4", "i8", "?"])
def test_nothing_left_of_integers(dtype: str) -> None:
    """The result's type says whether that is NaN, with even windows' means and without."""
    image = (np.random.default_rng(2).integers(0, 250, (9, 20)) % (2 if dtype == "?" else 250)).astype(dtype)
    mask = np.zeros(image.shape, bool)
    mask[:, 5:] = True
    for output, even in itertools.product(["f2", "f4", ">f8", dtype], ["upper", "mean"]):
        result = fastmath.median_filter(image, 3, mask=mask, output=output, even=even)
        assert result.dtype == np.dtype(output)
        nothing = np.nan if result.dtype.kind == "f" else 0
        np.testing.assert_array_equal(result[:, 6:], np.full((9, 14), nothing).astype(output))
        if even == "upper":
            np.testing.assert_array_equal(
                result[:, :6], fastmath.median_filter(image, 3, mask=mask)[:, :6].astype(output)
            )
        filled = fastmath.median_filter(image, 3, mask=mask, output=output, even=even, fill_value=1)
        np.testing.assert_array_equal(filled[:, 6:], np.ones((9, 14), output))


def test_border_values_wrap_whatever_the_result() -> None:
    image = np.full((5, 5), 9, np.uint8)
    for even in ("upper", "mean"):
        result = fastmath.median_filter(image, 3, mask=image > 9, mode="constant", cval=300, output="f4", even=even)
        assert result[0, 0] == 44


def test_a_mask_that_is_the_output() -> None:
    image, mask = np.random.default_rng(1).random((2, 70, 80)) < 0.3
    wanted = fastmath.median_filter(image, 5, mask=mask, mode="nearest")
    for options in ({}, {"fill_value": 0}):
        shared = mask.copy()
        assert fastmath.median_filter(image, 5, mask=shared, mode="nearest", output=shared, **options) is shared
        np.testing.assert_array_equal(shared, wanted)


def test_a_mask_broadcasts() -> None:
    stack = np.random.default_rng(0).integers(0, 99, (4, 9, 8))
    bad = np.random.default_rng(1).random((9, 8)) < 0.2
    result = fastmath.median_filter(stack, 3, axes=(1, 2), mask=bad)
    for image, wanted in zip(stack, result):
        np.testing.assert_array_equal(fastmath.median_filter(image, 3, mask=bad), wanted)


@pytest.mark.parametrize("name", FILTERS)
def test_images_of_no_dimensions_and_empty_ones(name: str) -> None:
    for image in (np.array(3.0), np.empty((0, 3)), np.empty((2, 0, 3), np.int16)):
        for mask in (None, np.zeros(image.shape, bool), np.ones(image.shape, bool)):
            for policy in ("omit", "propagate"):
                options = {"size": 3, "mask": mask, "nan_policy": policy, "mode": "truncate", "fill_value": 7}
                if image.ndim == 0 and name == "rank_filter":
                    result = fastmath.rank_filter(image, 0, **options)
                else:
                    result = call(name, image, **options)
                wanted = image if mask is None else np.where(mask, 7, image)
                np.testing.assert_array_equal(result, wanted.astype(image.dtype), strict=True)


# ---- Masked arrays ----


def test_masked_arrays_keep_their_mask() -> None:
    masked = np.ma.masked_array(IMAGE, np.random.default_rng(3).random(IMAGE.shape) < 0.3)
    result = fastmath.median_filter(masked, 3)
    assert type(result) is np.ma.MaskedArray
    np.testing.assert_array_equal(result.mask, masked.mask)
    np.testing.assert_array_equal(result.data, fastmath.median_filter(IMAGE, 3, mask=masked.mask))
    assert masked.mask.sum() == (masked.mask | False).sum()


def test_masked_arrays_are_masked_where_nothing_is_left() -> None:
    mask = np.zeros((9, 9), bool)
    mask[2:7, 2:7] = True
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    lone = np.ones((9, 9), bool)
    lone[4, 4] = False
    image = np.ma.masked_array(IMAGE[:9, :9], lone)
    result = fastmath.median_filter(image, footprint=ring, mode="truncate")
    assert result.mask.all()
    result = fastmath.median_filter(image, 3, mask=mask)
    assert result.mask.all() and result.shape == (9, 9)
    nans = np.ma.masked_array(np.full((5, 5), np.nan), np.zeros((5, 5), bool))
    assert fastmath.median_filter(nans, 3, nan_policy="omit").mask.all()
    assert not fastmath.median_filter(nans, 3, nan_policy="propagate").mask.any()


@pytest.mark.parametrize(
    "mode", ["reflect", "constant", "truncate", "valid", ["truncate", "constant"], ["valid", "truncate"]]
)
@pytest.mark.parametrize("cval", [0.0, np.nan])
def test_where_nothing_is_left(mode: Any, cval: float) -> None:
    """In every mode, and as the windows themselves say: what they give is NaN then, and only then."""
    image = np.random.default_rng(5).random((12, 14))
    image[:5, :6] = image[9:, 8] = np.nan
    mask = np.zeros(image.shape, bool)
    mask[:, 9:] = mask[7, 7] = True
    for footprint in (np.ones((3, 4), bool), np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]], bool)):
        options = {"footprint": footprint, "mode": mode, "cval": cval, "nan_policy": "omit"}
        if not isinstance(mode, str):
            options |= {"size": footprint.shape, "footprint": None}
        result = fastmath.minimum_filter(np.ma.masked_array(image, mask), **options)
        inside = mask[
            tuple(slice((m - n) // 2, (m - n) // 2 + n) for m, n in zip(mask.shape, result.shape, strict=True))
        ]
        if mode != "valid" and "valid" not in mode:
            np.testing.assert_array_equal(result.mask, np.isnan(result.data) | inside)
        else:
            assert np.all(result.mask[np.isnan(result.data)])


def test_masked_arrays_in_other_modes_and_outputs() -> None:
    masked = np.ma.masked_array(IMAGE, IMAGE > 1)
    inside = fastmath.median_filter(masked, 5, mode="valid")
    np.testing.assert_array_equal(inside.mask, masked.mask[2:-2, 2:-2])
    output = np.empty_like(IMAGE)
    result = fastmath.median_filter(masked, 3, output=output)
    assert np.shares_memory(result, output)
    unmasked = np.ma.masked_array(IMAGE)
    np.testing.assert_array_equal(fastmath.median_filter(unmasked, 3), fastmath.median_filter(IMAGE, 3))
    with pytest.raises(TypeError, match="output: its mask would hide results"):
        fastmath.median_filter(IMAGE, 3, output=masked)


# ---- Arrays from files ----


def ct_slice() -> np.ndarray:
    data, pydicom = pytest.importorskip("pydicom.data"), pytest.importorskip("pydicom")
    return pydicom.dcmread(data.get_testdata_file("CT_small.dcm", download=False)).pixel_array


def from_fits(image: np.ndarray, path: Path) -> np.ndarray:
    fits = pytest.importorskip("astropy.io.fits")
    fits.PrimaryHDU(image).writeto(path)
    with fits.open(path, memmap=True) as units:
        return units[0].data


def from_tiff(image: np.ndarray, path: Path) -> np.ndarray:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(path, image, byteorder=">")
    return tifffile.memmap(path, mode="r")


@pytest.mark.parametrize("load, dtype", [
    (lambda image, path: image, np.dtype("<i2")), (from_fits, np.dtype(">f4")), (from_fits, np.dtype(">i2")),
    (from_tiff, np.dtype(">u2")), (from_tiff, np.dtype(">f4")),
], ids=["DICOM", "FITS float32", "FITS int16", "TIFF uint16", "TIFF float32"])  # fmt: skip
def test_arrays_from_files(load: Any, dtype: Any, tmp_path: Path) -> None:
    """Big-endian, read-only and mapped into memory, with a mask and with NaNs."""
    plain = ct_slice()
    mask = np.random.default_rng(0).random(plain.shape) < 0.1
    mask[40:60, 30:50] = True
    holes = np.where(mask, np.nan, plain.astype(np.float64))
    image = load((holes if dtype.kind == "f" else plain).astype(dtype), tmp_path / "image")
    assert image.dtype == dtype
    options = {"nan_policy": "omit"} if dtype.kind == "f" else {"mask": mask}
    for size in (3, 5, 11):
        result = fastmath.median_filter(image, size, mode="truncate", even="mean", output=np.float64, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            wanted = np.nanmedian(windows(holes, size), axis=(2, 3))
        np.testing.assert_array_equal(result, wanted)
        low = fastmath.percentile_filter(image, 0, size, mode="truncate", fill_value=7, **options)
        padded = windows(np.where(mask, np.inf, holes), size, np.inf).min(axis=(2, 3))
        np.testing.assert_array_equal(low, np.where(np.isinf(padded), 7, padded))
        assert low.dtype == dtype


# ---- Arrays of other libraries ----


class Tensor:
    """As PyTorch's: nothing but DLPack."""

    def __init__(self, array: np.ndarray, device: tuple[int, int] = (1, 0)) -> None:
        self.array, self.device = array, device

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __array_namespace__(self) -> Any:
        return Namespace


class Namespace:
    from_dlpack = staticmethod(lambda array: Tensor(np.from_dlpack(array)))


@pytest.mark.parametrize("name", FILTERS)
def test_tensors_come_back_as_tensors(name: str) -> None:
    result = call(name, Tensor(IMAGE), size=3, nan_policy="omit")
    assert type(result) is Tensor
    np.testing.assert_array_equal(result.array, call(name, IMAGE, size=3), strict=True)


def test_tensors_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []
    plain = fastmath._core.rank_filter

    def engine(image: np.ndarray, *call: Any) -> None:
        seen.append(image)
        plain(image, *call)

    monkeypatch.setattr(fastmath._core, "rank_filter", engine)
    tensor = Tensor(IMAGE)
    fastmath.median_filter(tensor, 3)
    assert np.shares_memory(seen[0], tensor.array)


def test_results_are_written_to_tensors() -> None:
    tensor = Tensor(np.zeros_like(IMAGE))
    assert fastmath.median_filter(IMAGE, 3, output=tensor) is tensor
    np.testing.assert_array_equal(tensor.array, fastmath.median_filter(IMAGE, 3))
    assert fastmath.median_filter(tensor, 3, output=tensor) is tensor
    masked = fastmath.median_filter(np.ma.masked_less(IMAGE, 2), 3, output=tensor)
    assert np.shares_memory(masked.data, tensor.array)
    with pytest.raises(RuntimeError, match=r"^output: output shape not correct: .* got \(3,\)"):
        fastmath.median_filter(IMAGE, 3, output=Tensor(np.zeros(3)))
    with pytest.raises(TypeError, match="^output: expected an array in the memory of the CPU"):
        fastmath.median_filter(IMAGE, 3, output=Tensor(np.zeros_like(IMAGE), (2, 0)))


def test_tensors_elsewhere_are_refused() -> None:
    with pytest.raises(TypeError, match="^input: expected an array in the memory of the CPU, .* device type 2"):
        fastmath.median_filter(Tensor(IMAGE, (2, 0)), 3)


def test_strict_arrays_of_the_standard() -> None:
    strict = pytest.importorskip("array_api_strict")
    image = strict.asarray(IMAGE)
    result = fastmath.median_filter(image, footprint=strict.ones((3, 3)), mask=image > 1)
    assert type(result) is type(image)
    np.testing.assert_array_equal(np.from_dlpack(result), fastmath.median_filter(IMAGE, 3, mask=IMAGE > 1))
    assert fastmath.median_filter(image, 3, output=">f8").dtype == strict.float64


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def layouts_of_tensors(torch: Any) -> dict[str, Any]:
    image = torch.from_numpy(IMAGE)
    return {
        "plain": image, "transposed": image.T, "strided": image[::2, 1::3], "repeated": image[:1].expand(5, 23),
        "no dimensions": image[0, 0], "empty": image[:0], "parameter": torch.nn.Parameter(image, requires_grad=False),
    }  # fmt: skip


def test_torchs_layouts(torch: Any) -> None:
    for name, image in layouts_of_tensors(torch).items():
        result = fastmath.median_filter(image, 3)
        assert isinstance(result, torch.Tensor) and result.dtype == image.dtype, name
        np.testing.assert_array_equal(result.numpy(), fastmath.median_filter(image.numpy(), 3), strict=True)


def test_torchs_memory_is_read_where_it_is(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    plain = fastmath._core.rank_filter
    monkeypatch.setattr(
        fastmath._core, "rank_filter", lambda image, *call: (seen.append(image.ctypes.data), plain(image, *call))
    )
    image = torch.from_numpy(IMAGE.copy())
    fastmath.median_filter(image[1:, 2:], 3)
    assert seen == [image[1:, 2:].data_ptr()]


def test_torchs_types(torch: Any) -> None:
    for name in ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
                 "float16", "float32", "float64"):  # fmt: skip
        image = torch.from_numpy(np.abs(IMAGE) * 9).to(getattr(torch, name))
        result = fastmath.median_filter(image, 3)
        assert result.dtype == image.dtype
        np.testing.assert_array_equal(result.numpy(), fastmath.median_filter(image.numpy(), 3), strict=True)
    assert fastmath.median_filter(torch.ones(3, 3), 3, output=">f8").dtype == torch.float64


@pytest.mark.parametrize("make, message", [
    (lambda torch: torch.ones(3, 3, requires_grad=True), "require gradient, use tensor.detach"),
    (lambda torch: torch.ones(3, 3).bfloat16(), "torch.bfloat16"),
    (lambda torch: torch.ones(3, 3) + 0j, "Complex type not supported"),
    (lambda torch: torch.empty(3, 3, device="meta"), "meta"),
    (lambda torch: torch.ones(3, 3).to_sparse(), "layout"),
])  # fmt: skip
def test_tensors_that_are_refused(make: Any, message: str, torch: Any) -> None:
    for function in (fastmath.median_filter, fastmath.medfilt2d, fastmath.mad_filter):
        with pytest.raises((TypeError, ValueError), match=f"^input: .*{message}|^input: dtype=complex64"):
            function(make(torch), 3)


class Labelled:
    """As xarray's arrays: something around an array."""

    def __init__(self, array: np.ndarray, labels: Any) -> None:
        self.array, self.labels, self.shape = array, labels, array.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.array

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> "Labelled":
        return Labelled(array, self.labels)


def test_labels_are_kept() -> None:
    for function in (fastmath.median_filter, fastmath.mad_filter, lambda a, n: fastmath.remove_outliers(a, n, 1)):
        result = function(Labelled(IMAGE, "labels"), 3)
        assert type(result) is Labelled and result.labels == "labels"
        np.testing.assert_array_equal(result.array, function(IMAGE, 3))
    assert type(fastmath.remove_outliers(Labelled(IMAGE, "labels"), 3, 1, return_mask=True)[1]) is Labelled
    smaller = fastmath.median_filter(Labelled(IMAGE, "labels"), 3, mode="valid")
    assert type(smaller) is np.ndarray


def test_pandas_and_xarray() -> None:
    pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    frame = pandas.DataFrame(IMAGE, columns=[f"c{i}" for i in range(23)])
    result = fastmath.median_filter(frame, 3)
    assert list(result.columns) == list(frame.columns)
    series = pandas.Series(IMAGE[0], name="row", index=range(100, 123))
    assert fastmath.median_filter(series, 3).name == "row"
    image = xarray.DataArray(IMAGE, dims=("y", "x"))
    assert fastmath.median_filter(image, 3).dims == ("y", "x")


# ---- Mistakes ----


@pytest.mark.parametrize("options, error, message", [
    ({"nan_policy": "ignore"}, ValueError, "^nan_policy: expected one of 'last', .* got 'ignore'"),
    ({"nan_policy": IMAGE}, ValueError, "^nan_policy: "),
    ({"mask": IMAGE}, TypeError, "^mask: expected bools, .* got float32"),
    ({"mask": IMAGE[:3] > 0}, ValueError, r"^mask: expected the shape of input, \(17, 23\), .* got \(3, 23\)"),
    ({"mask": [[True], [True, False]]}, ValueError, "^mask: "),
    ({"mask": np.zeros((1, 17, 23), bool)}, ValueError, "^mask: "),
    ({"fill_value": "0", "mask": IMAGE > 0}, TypeError, "^fill_value: must be real number, not str"),
    ({"mode": "shrink"}, RuntimeError, "^mode: boundary mode not supported: .*truncate, valid, got 'shrink'"),
    ({"mode": ["truncate", "valid"]}, RuntimeError, "^mode: A sequence of modes is not supported"),
    ({"even": "lower"}, ValueError, "^even: expected one of 'upper', 'mean', got 'lower'"),
    ({"even": None}, ValueError, "^even: "),
])  # fmt: skip
def test_errors(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fastmath.median_filter(IMAGE, 3, **options)


def test_bindings_refuse_what_only_the_filters_have() -> None:
    from fastmath.bindings import pure

    for mode in ("truncate", "valid"):
        with pytest.raises(RuntimeError, match="^mode: boundary mode not supported"):
            pure.median_filter(IMAGE, 3, mode=mode)
    with pytest.raises(TypeError, match="^input: its mask would be ignored"):
        pure.median_filter(np.ma.masked_array(IMAGE, IMAGE > 0), 3)


# ---- Deviations ----


@pytest.mark.parametrize("dtype", ["u1", "i2", ">i4", "f2", "f4", ">f8", "?"])
def test_mad_follows_its_definition(dtype: str) -> None:
    image = (np.random.default_rng(4).normal(size=(12, 13)) * 50).astype(np.int8).astype(dtype)
    result = fastmath.mad_filter(image, 3, mode="truncate")
    for index in np.ndindex(image.shape):
        window = image[tuple(slice(max(i - 1, 0), i + 2) for i in index)].astype(float).ravel()
        distance = np.sort(np.abs(window - np.sort(window)[window.size // 2]))
        assert result[index] == distance[window.size // 2]
    assert result.dtype == np.dtype(dtype.replace("i", "u"))


def test_mad_scales_as_scipys() -> None:
    from scipy.stats import median_abs_deviation

    result = fastmath.mad_filter(IMAGE.astype(float), 5, mode="valid", scale="normal")
    patches = np.lib.stride_tricks.sliding_window_view(IMAGE.astype(float), (5, 5)).reshape(13, 19, 25)
    np.testing.assert_allclose(result, median_abs_deviation(patches, axis=-1, scale="normal"))
    assert fastmath.mad_filter(np.arange(9), 3, scale=2).dtype == np.float64
    assert fastmath.mad_filter(IMAGE, 3, scale=2).dtype == np.float32
    for scale, error in ((0, ValueError), (-1, ValueError), ("sigma", TypeError), (np.nan, ValueError)):
        with pytest.raises(error, match="^scale: "):
            fastmath.mad_filter(IMAGE, 3, scale=scale)


def test_mad_of_what_is_left() -> None:
    mask = np.random.default_rng(0).random(IMAGE.shape) < 0.2
    holes = np.where(mask, np.float32(np.nan), IMAGE)
    wanted = fastmath.mad_filter(IMAGE, 3, mask=mask, fill_value=5)
    np.testing.assert_array_equal(fastmath.mad_filter(holes, 3, nan_policy="omit", fill_value=5), wanted)
    masked = fastmath.mad_filter(np.ma.masked_array(IMAGE, mask), 3, fill_value=5)
    np.testing.assert_array_equal(masked.data, wanted)
    np.testing.assert_array_equal(masked.mask, mask)
    kept = fastmath.mad_filter(holes, 3, nan_policy="omit", keep_nan=True)
    np.testing.assert_array_equal(np.isnan(kept), mask)
    spoilt = fastmath.mad_filter(holes, 3, nan_policy="propagate", mode="valid")
    patches = np.lib.stride_tricks.sliding_window_view(holes, (3, 3))
    np.testing.assert_array_equal(np.isnan(spoilt), np.isnan(patches).any(axis=(2, 3)))
    assert fastmath.mad_filter(np.float32(3), ()) == 0
