"""A real slice to measure on."""

from typing import Any, NamedTuple

import numpy as np

from .._arguments import Array

ADVICE = "A CT slice needs pydicom, a decoder and Pillow: pip install 'fastmath-native[cli]'"
CT = "CT slice, 512 x 512 uint16"
SLICE = "J2K_pixelrep_mismatch.dcm"  # a CT of a head, 512 x 512


def slice_path() -> str:
    """A DICOM file that pydicom brings along.

    Raises
    ------
    ModuleNotFoundError
        If there is no pydicom.
    """
    try:
        from pydicom.data import get_testdata_file
    except ModuleNotFoundError:
        raise ModuleNotFoundError(ADVICE, name="pydicom") from None
    return str(get_testdata_file(SLICE, download=False))


class Slice(NamedTuple):
    """An image to measure on: uint16, what it is, and the grey values to show."""

    pixels: Array
    what: str
    low: float
    high: float


def slice_or_noise() -> Slice:
    """The slice, or where it cannot be had noise of its size."""
    try:
        return _decoded(slice_path())
    except (ModuleNotFoundError, RuntimeError):
        noise = np.random.default_rng(1).integers(0, 4096, (512, 512)).astype(np.uint16)
        return Slice(noise, "noise, 512 x 512 uint16", 0.0, 4095.0)


def _decoded(path: str) -> Slice:
    """The pixels from 0 on, and the last, which is the widest, of the windows that the file names."""
    from pydicom import dcmread

    dataset = dcmread(path)
    pixels: Any = dataset.pixel_array
    lowest = int(pixels.min())
    center, half = float(dataset.WindowCenter[-1]) - lowest, float(dataset.WindowWidth[-1]) / 2
    shifted = (pixels.astype(np.int32) - lowest).astype(np.uint16)
    return Slice(shifted, CT, center - half, center + half)
