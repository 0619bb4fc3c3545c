"""Read an image file, hand out its pictures, write the file again with everything else as it was.

Each format has a module of its own with one function, ``read(path)``, which returns an `Image`.
`FORMATS` says which suffix belongs to which module; the library that a module needs is imported
when the first file of that format turns up.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from fastmath.images.image import Image, ImageError, Picture

__all__ = ["FORMATS", "Image", "ImageError", "Picture", "format_of", "read", "reader_of"]

FORMATS = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".dcm": "dicom",
    ".dicom": "dicom",
    ".fits": "fits",
    ".fit": "fits",
    ".fts": "fits",
    ".npy": "npy",
}


def format_of(path: Path) -> str | None:
    """Name the format of a file by its suffix, or by its first bytes if it has none.

    Parameters
    ----------
    path : Path
        The file. It is opened only if its name has no suffix of `FORMATS`: files in DICOM
        folders often have none, or end in the last digits of a UID.

    Returns
    -------
    str or None
        One of the values of `FORMATS`; None for a file that is no image.
    """
    known = FORMATS.get(path.suffix.lower())
    if known is not None:
        return known
    # DICOMDIR has the magic too, but it is the index of a folder
    if path.name.upper() != "DICOMDIR" and path.is_file() and _has_dicom_magic(path):
        return "dicom"
    return None


def read(path: Path) -> Image:
    """Read an image file.

    Parameters
    ----------
    path : Path
        A file of one of the `FORMATS`.

    Returns
    -------
    Image
        Its pictures, and the way to write the file again.

    Raises
    ------
    ImageError
        As for `reader_of`, or if its pictures cannot be filtered; the message is the reason.
    """
    return reader_of(path)(path)


def reader_of(path: Path) -> Callable[[Path], Image]:
    """Find the function that reads an image file, and import the library it needs.

    Parameters
    ----------
    path : Path
        A file of one of the `FORMATS`.

    Returns
    -------
    callable
        It takes the path and returns the `Image`.

    Raises
    ------
    ImageError
        If there is no such file, it is of no known format, or the library is missing.
    """
    if not path.exists():
        raise ImageError("no such file")
    name = format_of(path)
    if name is None:
        raise ImageError(f"unknown kind of file; the known suffixes are {' '.join(FORMATS)}")
    try:
        module = importlib.import_module(f"fastmath.images.{name}")
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        advice = f"needs the package {package}: pip install 'fastmath-native[cli]'"
        raise ImageError(advice) from missing
    reader: Callable[[Path], Image] = module.read
    return reader


def _has_dicom_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
