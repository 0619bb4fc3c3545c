"""A real slice to measure on."""

from typing import Any

import numpy as np

from .._arguments import Array

ADVICE = "needs pydicom and a decoder: pip install 'fastmath-native[cli]'"
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


def decode(path: str) -> Array:
    """The pixels of the slice as uint16."""
    from pydicom import dcmread

    pixels: Any = dcmread(path).pixel_array
    return (pixels.astype(np.int32) - int(pixels.min())).astype(np.uint16)


def slice_or_noise() -> tuple[Array, str]:
    """The slice, or where it cannot be had noise of its size; and what it is."""
    try:
        return decode(slice_path()), "CT slice, 512 x 512 uint16"
    except (ModuleNotFoundError, RuntimeError):
        noise = np.random.default_rng(1).integers(0, 4096, (512, 512)).astype(np.uint16)
        return noise, f"noise, 512 x 512 uint16 (the CT slice {ADVICE})"
