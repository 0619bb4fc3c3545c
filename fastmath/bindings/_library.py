"""Where the C side of the package lies, in normal and in editable installs."""

import sys
from importlib.resources import as_file, files
from pathlib import Path

NAME = "libfastmath.dylib" if sys.platform == "darwin" else "libfastmath.so"


def installed(*parts: str) -> Path:
    """The path of a file of the package.

    Editable installs keep files in more than one folder; importlib.resources knows which.
    """
    with as_file(files("fastmath").joinpath(*parts)) as path:
        return path


def library_path() -> Path:
    """The shared library with the C functions of fastmath.h."""
    return installed(NAME)


def header_path() -> Path:
    """The header fastmath.h."""
    return installed("include", "fastmath.h")
