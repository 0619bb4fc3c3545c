"""One array in many layouts of memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Array = np.ndarray[Any, Any]


def interleaved(values: Array) -> Array:
    pixels = np.zeros((*values.shape, 3), values.dtype)
    pixels[..., 1] = values
    return pixels[..., 1]


def backwards(values: Array) -> Array:
    return values[::-1, ::-1].copy()[::-1, ::-1]


def unaligned(values: Array) -> Array:
    odd = np.zeros(values.nbytes + 1, np.uint8)
    odd[1:] = np.frombuffer(values.tobytes(), np.uint8)
    return odd[1:].view(values.dtype).reshape(values.shape)


def read_only(values: Array) -> Array:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def indirect(values: Array) -> Any:
    """Rows behind pointers, as PIL stores images: suboffsets."""
    testbuffer = pytest.importorskip("_testbuffer")
    order, code = values.dtype.str[0], values.dtype.char
    return testbuffer.ndarray(
        values.ravel().tolist(), shape=list(values.shape), format=order + code, flags=testbuffer.ND_PIL
    )


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "interleaved": interleaved,
    "negative strides": backwards,
    "unaligned": unaligned,
    "read-only": read_only,
    "indirect": indirect,
    "memoryview": memoryview,
    "0-d": lambda values: values[0, 0, ...],
    "empty": lambda values: values[:, :0],
}
