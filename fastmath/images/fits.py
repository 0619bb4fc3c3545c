"""FITS: the image units are filtered as they are stored, so BITPIX, BZERO, BSCALE and BLANK stay.

The median of stored values is the stored value of the median, since BZERO and a positive BSCALE
only shift and stretch them. Pixels that are BLANK are marked as missing; where nobody heeds that,
they take part with the value they are stored as. Tables, and units of one dimension (spectra), are
copied.
"""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from astropy.io import fits  # type: ignore[import-untyped]

from fastmath.images.image import Image, stack_of_pictures, steps_of


class FitsImage(Image):
    """The units of a FITS file."""

    def __init__(self, units: fits.HDUList) -> None:
        self._units = units
        stacks = [(unit, stack_of_pictures(unit.data, 2)) for unit in units if _is_picture(unit)]
        super().__init__([picture for _, stack in stacks for picture in stack])
        blanks = [unit.header.get("BLANK") for unit, stack in stacks for _ in stack]
        self.missing = {
            index: picture == blank
            for index, (picture, blank) in enumerate(zip(self.pictures, blanks, strict=True))
            if isinstance(blank, int) and picture.dtype.kind in "iu"
        }
        self.steps = steps_of(unit.header.get("BSCALE") for unit, stack in stacks for _ in stack)
        if any(isinstance(unit, fits.CompImageHDU) for unit in units):
            self.notes.append("compressed images are compressed again in the way they were")

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Write the units; the checksums in the headers of changed ones are brought up to date."""
        for unit in filter(_is_picture, self._units):
            if "CHECKSUM" in unit.header:
                unit.add_checksum()
            elif "DATASUM" in unit.header:
                unit.add_datasum()
        self._units.writeto(file, output_verify="ignore")


def read(path: Path) -> Image:
    """Read a FITS file with an image of two dimensions or more; see `fastmath.images.read`."""
    # from memory, since the units that are copied are read again when the file is written
    memory = io.BytesIO(path.read_bytes())
    return FitsImage(fits.open(memory, do_not_scale_image_data=True))


def _is_picture(unit: fits.hdu.base.ExtensionHDU) -> bool:
    return unit.is_image and isinstance(unit.data, np.ndarray) and unit.data.ndim >= 2
