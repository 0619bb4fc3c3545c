"""NumPy's own files: data type, byte order and memory order are kept.

The file does not say what its dimensions are, so the last two are rows and columns and those
before them a stack; a last dimension of 3 or 4 after two others is colour, as RGB or RGBA.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from fastmath.images.image import Image, ImageError, Picture, stack_of_pictures


class NpyImage(Image):
    """An array, and the dimensions of it that make a picture."""

    def __init__(self, array: Picture) -> None:
        self._array = array
        in_colour = array.ndim == 3 and array.shape[-1] in (3, 4)
        # the fourth channel is how opaque a pixel is, not a colour
        colours = array[..., :3] if in_colour else array
        super().__init__(stack_of_pictures(colours, 3 if in_colour else 2))

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Write the array."""
        np.lib.format.write_array(file, self._array, allow_pickle=False)


def read(path: Path) -> Image:
    """Read an array of at least two dimensions; see `fastmath.images.read`."""
    with path.open("rb") as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    if array.ndim < 2 or array.size == 0:
        raise ImageError(f"an array of shape {array.shape} is no picture")
    return NpyImage(array)
