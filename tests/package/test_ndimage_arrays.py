"""Layouts, byte orders, subclasses and outputs: the filters see elements, however they are stored."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import fastmath
from fastmath import _core


def random_image(*shape: int, dtype: Any = np.uint16) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 60000, shape, dtype=np.uint16).astype(dtype)


def interleaved(image: np.ndarray) -> np.ndarray:
    room = np.zeros((*image.shape, 3), image.dtype)
    room[..., 1] = image
    return room[..., 1]


def backwards(image: np.ndarray) -> np.ndarray:
    return image[::-1, ::-1].copy()[::-1, ::-1]


def read_only(image: np.ndarray) -> np.ndarray:
    return np.frombuffer(image.tobytes(), image.dtype).reshape(image.shape)


def unaligned(image: np.ndarray) -> np.ndarray:
    return np.frombuffer(b"x" + image.tobytes(), image.dtype, offset=1).reshape(image.shape)


def field(image: np.ndarray) -> np.ndarray:
    records = np.zeros(image.shape, [("flag", "u1"), ("value", image.dtype), ("more", "u1")])
    records["value"] = image
    return records["value"]


def overlapping(image: np.ndarray) -> np.ndarray:
    """Every row is the first one."""
    return np.broadcast_to(image[:1], image.shape)


LAYOUTS = [np.asfortranarray, interleaved, backwards, read_only, unaligned, field, overlapping]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i4", "f4", ">f4", ">f8"])
@pytest.mark.parametrize("size", [3, (4, 7)])
def test_layouts_of_the_input(layout: Any, dtype: str, size: Any) -> None:
    image = layout(random_image(21, 17, dtype=dtype))
    plain = np.array(image, order="C")
    for mode in ("reflect", "constant"):
        result = fastmath.median_filter(image, size, mode=mode, cval=9)
        assert result.dtype == image.dtype and result.flags.c_contiguous
        np.testing.assert_array_equal(result, fastmath.median_filter(plain, size, mode=mode, cval=9))
    np.testing.assert_array_equal(image, plain)


@pytest.mark.parametrize("layout", [np.asfortranarray, interleaved, backwards, field])
@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "f4", ">f8"])
@pytest.mark.parametrize("size", [3, (4, 7)])
def test_layouts_of_the_output(layout: Any, dtype: str, size: Any) -> None:
    image = random_image(21, 17)
    output = layout(np.zeros(image.shape, dtype))
    assert fastmath.median_filter(image, size, output=output) is output
    np.testing.assert_array_equal(output, fastmath.median_filter(image, size).astype(dtype))


def test_only_the_output_is_written() -> None:
    room = np.full((21, 17, 3), 7, np.uint16)
    image = random_image(21, 17)
    fastmath.median_filter(image, 3, output=room[..., 1])
    assert (room[..., ::2] == 7).all()
    np.testing.assert_array_equal(room[..., 1], fastmath.median_filter(image, 3))


@pytest.mark.parametrize("order", "<>")
def test_the_byte_order_is_kept(order: str) -> None:
    image = random_image(9, 9, dtype=f"{order}i4")
    for result in (
        fastmath.median_filter(image, 3),
        fastmath.median_filter(image, 1),
        fastmath.median_filter(image, (3, 2), mode="constant"),
        fastmath.median_filter(image, 3, axes=()),
        fastmath.remove_outliers(image, 3, 100),
    ):
        assert result.dtype.str == f"{order}i4"


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm"])
def test_real_slices(name: str) -> None:
    data = pytest.importorskip("pydicom.data")
    import pydicom

    path = Path(data.get_testdata_file(name, download=False))
    slice_ = pydicom.dcmread(path).pixel_array
    for size in (3, 5, 7, 15):
        expected = scipy.ndimage.median_filter(slice_, size)
        np.testing.assert_array_equal(fastmath.median_filter(slice_, size), expected, strict=True)
        np.testing.assert_array_equal(fastmath.median_filter(slice_.astype(">f4"), size), expected)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (2, 0, 4), (1,), (1, 1), (1,) * 32])
def test_small_and_empty_shapes(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 5, np.int16)
    for name in ("median_filter", "minimum_filter", "maximum_filter"):
        result = getattr(fastmath, name)(image, 1)
        assert result.shape == shape and result.dtype == image.dtype
        assert result is not image
        np.testing.assert_array_equal(result, image)
    if len(shape) < 4:
        np.testing.assert_array_equal(fastmath.median_filter(image, 3, mode="nearest"), image)


def test_scalars_become_arrays_of_no_dimensions() -> None:
    for image in (7, 2.5, True, np.float32(1.5)):
        result = fastmath.median_filter(image, 3)
        assert isinstance(result, np.ndarray) and result.shape == () and result == image


def test_no_axes_is_a_copy() -> None:
    image = random_image(3, 4)
    for window in ({"size": 3}, {"size": ()}, {"footprint": 1}):
        result = fastmath.median_filter(image, **window, axes=())
        np.testing.assert_array_equal(result, image)
        assert not np.shares_memory(result, image)


def test_lists_are_arrays() -> None:
    rows = [[1, 2], [3, 4]]
    np.testing.assert_array_equal(fastmath.median_filter(rows, 3), scipy.ndimage.median_filter(rows, 3))
    np.testing.assert_array_equal(fastmath.median_filter(rows, [1, 1], output=np.float32), np.float32(rows))
    assert fastmath.median_filter([], 3).shape == (0,)


@pytest.mark.parametrize("size", [np.int8(3), np.array(3), np.array([3, 3]), [3, 3], iter((3, 3))], ids=repr)
def test_sizes_are_whatever_is_an_index(size: Any) -> None:
    image = random_image(5, 5)
    np.testing.assert_array_equal(fastmath.median_filter(image, size), fastmath.median_filter(image, 3))


@pytest.mark.parametrize(
    "footprint",
    [
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        np.array([[0.0, 0.5, 0.0], [np.nan, -1, np.inf], [0, 1e-300, 0]]),
        np.array([[0, 2, 0], [3, 255, 4], [0, 128, 0]], np.uint8).view(bool),
        np.asfortranarray([[False, True, False], [True, True, True], [False, True, False]]),
        np.array([[None, "a", ""], [1, 2, 3], [0, [0], 0]], object),
    ],
    ids=["list", "float", "odd bytes", "Fortran", "object"],
)
def test_footprints_are_whatever_has_truth(footprint: Any) -> None:
    image = random_image(9, 8)
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
    expected = scipy.ndimage.median_filter(image, footprint=cross)
    np.testing.assert_array_equal(fastmath.median_filter(image, footprint=footprint), expected)


class Annotated(np.ndarray):
    pass


def test_subclasses_go_in_and_plain_arrays_come_out() -> None:
    image = random_image(9, 8)
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(image)
    for subclass in (image.view(Annotated), matrix):
        result = fastmath.median_filter(subclass, 3)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, fastmath.median_filter(image, 3))


def test_an_output_is_returned_as_it_was_given() -> None:
    image = random_image(9, 8)
    output = np.zeros_like(image).view(Annotated)
    assert fastmath.median_filter(image, 3, output=output) is output
    np.testing.assert_array_equal(output, fastmath.median_filter(image, 3))


def test_windows_that_cannot_be_counted_are_refused() -> None:
    image = random_image(4, 4)
    for size in (2**62, 2**64):
        with pytest.raises((ValueError, MemoryError)):
            fastmath.median_filter(image, size)


def test_windows_of_more_elements_than_memory_holds() -> None:
    """Each element lies in such a window equally often."""
    image = random_image(4, 4)
    for mode in ("reflect", "wrap"):
        filtered = fastmath.median_filter(image, 2**31, mode=mode)
        np.testing.assert_array_equal(filtered, np.full((4, 4), np.sort(image, axis=None)[8]))


@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="counts references")
def test_arguments_are_not_kept() -> None:
    image, output, footprint = random_image(9, 8), random_image(9, 8), np.eye(3, dtype=bool)
    before = [sys.getrefcount(array) for array in (image, output, footprint)]
    for _ in range(10):
        fastmath.median_filter(image, footprint=footprint, output=output)
        fastmath.median_filter(image, 3)
        with pytest.raises(ValueError):
            fastmath.median_filter(image, 3, origin=5)
    assert [sys.getrefcount(array) for array in (image, output, footprint)] == before


def test_indirect_buffers() -> None:
    """Images of rows that lie anywhere, as some image libraries keep them."""
    testbuffer = pytest.importorskip("_testbuffer")
    image = random_image(6, 7)
    flags = testbuffer.ND_PIL
    rows = testbuffer.ndarray(image.ravel().tolist(), shape=[6, 7], format="H", flags=flags)
    result = np.zeros_like(image)
    call = ((3, 3), (0, 0), None, 4, 0, bytes(2), 1)
    _core.rank_filter(rows, result, *call)
    np.testing.assert_array_equal(result, fastmath.median_filter(image, 3))
    written = testbuffer.ndarray([0] * 42, shape=[6, 7], format="H", flags=flags | testbuffer.ND_WRITABLE)
    _core.rank_filter(image, written, *call)
    assert written.tolist() == result.tolist()
