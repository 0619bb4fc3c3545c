"""Median filters, exact sums and dot products in C."""

from ._core import AUTHOR, VERSION_MAJOR, VERSION_MINOR
from ._simd import simd

__version__ = f"{VERSION_MAJOR}.{VERSION_MINOR}.0"

__all__ = ["AUTHOR", "VERSION_MAJOR", "VERSION_MINOR", "__version__", "simd"]
