"""What every format reads to: pictures in memory, and a way to write the file again."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]


class ImageError(Exception):
    """A file cannot be used as an image; the message is the reason, without the file's name."""


class Image(ABC):
    """An image file in memory.

    Attributes
    ----------
    pictures : list of ndarray
        One for each page, frame or plane, of shape (rows, columns), or (rows, columns, channels)
        if it is in colour. They are writeable views of the file's own arrays, in any memory
        layout and byte order: change them in place, then `write`.
    missing : dict of ndarray
        By the index of a picture of integers, which pixels the file marks as having no value.
    steps : dict of float
        By the index of a picture, what a difference of 1 between its stored numbers stands for, where the file says
        so. A negative one stands for an inverted picture.
    notes : list of str
        What the user should know about the file to be written.
    """

    def __init__(self, pictures: list[Picture]) -> None:
        if not pictures:
            raise ImageError("there is no picture in it")
        self.pictures = pictures
        self.missing: dict[int, NDArray[np.bool_]] = {}
        self.steps: dict[int, float] = {}
        self.notes: list[str] = []

    @abstractmethod
    def write(self, file: BinaryIO, derivation: str) -> None:
        """Write the file with the pictures as they are now and all else as it was read.

        Parameters
        ----------
        file : binary file
            Empty, open for reading and writing.
        derivation : str
            How the pictures came about, for formats that have a place for it.
        """


def steps_of(values: Iterable[Any]) -> dict[int, float]:
    """Keep the steps that a file gives for its pictures, one after the other, if they are such.

    Parameters
    ----------
    values : iterable
        A number for each picture, or anything else.

    Returns
    -------
    dict of float
        See `Image.steps`.
    """
    numbers = {index: float(value) for index, value in enumerate(values) if isinstance(value, (int, float))}
    return {index: step for index, step in numbers.items() if step != 0 and math.isfinite(step)}


def stack_of_pictures(array: Picture, picture_dimensions: int) -> list[Picture]:
    """Split an array into views of its last dimensions.

    Parameters
    ----------
    array : ndarray
        Of at least `picture_dimensions` dimensions.
    picture_dimensions : int
        2, or 3 if the last dimension is that of colour.

    Returns
    -------
    list of ndarray
        One view for each index of the leading dimensions.
    """
    leading = array.shape[: array.ndim - picture_dimensions]
    return [array[index] for index in np.ndindex(leading)]
