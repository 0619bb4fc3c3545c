"""The forty lines ported as they are, in Cython and in C, and the C by five routes.

Each port has the signature ``median(image, result, size)`` for C-contiguous uint16 images.
"""

import ctypes
import sys
from collections.abc import Callable
from ctypes import POINTER, c_int, c_ssize_t, c_uint16
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ..._arguments import Array

Port = Callable[[Array, Array, int], None]


def library_path() -> Path:
    """The shared library with the functions of straight.h."""
    name = "libstraight.dylib" if sys.platform == "darwin" else "libstraight.so"
    with as_file(files(__name__).joinpath(name)) as path:
        return path


def by_abi() -> tuple[Any, Any]:
    """cffi's ffi and lib for straight.h in ABI mode."""
    from cffi import FFI

    from ._cffi_build import declarations

    ffi = FFI()
    ffi.cdef(declarations(files(__name__).joinpath("straight.h").read_text()))
    return ffi, ffi.dlopen(str(library_path()))


def ports() -> dict[str, Port]:
    """The ports by route; those that need cffi only where it is installed."""
    from . import _capi, _cython

    found = {"C API": _capi.median, "Cython": _cython.median, "ctypes": _by_ctypes()}
    try:
        from . import _cffi
    except ModuleNotFoundError:
        return found
    return found | {"cffi API": _by_cffi(_cffi.ffi, _cffi.lib), "cffi ABI": _by_cffi(*by_abi())}


def _by_ctypes() -> Port:
    straight_median, pixels = ctypes.CDLL(str(library_path())).straight_median, POINTER(c_uint16)
    straight_median.argtypes = [pixels, pixels, c_ssize_t, c_ssize_t, c_ssize_t]
    straight_median.restype = c_int

    def median(image: Array, result: Array, size: int) -> None:
        _check(straight_median(image.ctypes.data_as(pixels), result.ctypes.data_as(pixels), *image.shape, size))

    return median


def _by_cffi(ffi: Any, lib: Any) -> Port:
    def median(image: Array, result: Array, size: int) -> None:
        source, target = ffi.from_buffer("uint16_t[]", image), ffi.from_buffer("uint16_t[]", result)
        _check(lib.straight_median(source, target, *image.shape, size))

    return median


def _check(status: int) -> None:
    if status:
        raise MemoryError
