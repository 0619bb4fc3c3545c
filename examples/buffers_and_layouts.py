"""One image in five layouts of memory, each filtered and summed where it lies.

python examples/buffers_and_layouts.py
"""

import ctypes

import numpy as np

import fastmath

IMAGE = np.random.default_rng(1).integers(0, 4096, (6, 8)).astype(np.uint16)
CLEAN = fastmath.median_filter(IMAGE, 3)


def check(name: str, image: np.ndarray) -> None:
    """Any layout gives what the plain one gives."""
    print(f"{name:16} strides {image.strides!s:10} {image.dtype.str}  median and sum are right")
    assert np.array_equal(fastmath.median_filter(image, 3), CLEAN)
    assert fastmath.fast_sum(image) == int(IMAGE.sum())


def fortran_order() -> None:
    check("Fortran order", np.asfortranarray(IMAGE))


def negative_strides() -> None:
    upside_down = IMAGE[::-1].copy()
    check("negative stride", upside_down[::-1])


def interleaved() -> None:
    """A channel of an RGB image: two bytes of every six."""
    pixels = np.zeros((*IMAGE.shape, 3), np.uint16)
    pixels[..., 1] = IMAGE
    check("interleaved", pixels[..., 1])


def big_endian() -> None:
    """FITS files, and some DICOM files, hold the high byte first."""
    check("big-endian", IMAGE.astype(">u2"))


class Buffer(ctypes.Structure):
    """Py_buffer: what an object says of its memory, suboffsets included."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    ]


def rows_behind_pointers() -> None:
    """An indirect buffer, as PIL keeps images: an array of pointers to rows, each somewhere else.

    A stride steps from pointer to pointer; the suboffset, 0, says to follow it. NumPy cannot show such memory.
    """
    rows = [np.array(row) for row in IMAGE]
    pointers = (ctypes.c_void_p * len(rows))(*(row.ctypes.data for row in rows))
    pairs = ctypes.c_ssize_t * 2
    buffer = Buffer(
        ctypes.addressof(pointers), None, IMAGE.nbytes, 2, 1, 2, b"H",
        pairs(*IMAGE.shape), pairs(ctypes.sizeof(ctypes.c_void_p), 2), pairs(0, -1), None,
    )  # fmt: skip
    from_buffer = ctypes.PyDLL(None).PyMemoryView_FromBuffer
    from_buffer.argtypes, from_buffer.restype = [ctypes.POINTER(Buffer)], ctypes.py_object
    view = from_buffer(buffer)
    print(f"{'indirect':16} suboffsets {view.suboffsets}  sum is right")
    assert fastmath.fast_sum(view) == int(IMAGE.sum())


if __name__ == "__main__":
    fortran_order()
    negative_strides()
    interleaved()
    big_endian()
    rows_behind_pointers()
