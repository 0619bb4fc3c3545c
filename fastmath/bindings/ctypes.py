"""The route through ctypes: nothing to compile, everything to describe.

Each function has its argtypes and restype written down, and nobody checks them against the header. Without
them ctypes would guess: a Python float is refused, an int is cut to 32 bits, and so is a pointer that comes
back. Even with them it cuts integers that are too large, silently: `add` and `worker_count` look first.

Buffers come from CPython's own function for them, so C reads them where they are, whatever their layout.
"""

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_ssize_t, c_uint64, c_void_p
from typing import Any

import numpy as np

from .._axes import sum_axes
from . import _reading as reading
from . import pure
from ._features import Features
from ._filters import median_filter_by
from ._library import library_path

NAME = "ctypes"
FEATURES = Features(
    compiler=False,
    argtypes=True,
    gil="released in every call",
    strides=True,
    interrupts=False,
    pypy=False,
    glue=("bindings/ctypes.py", "bindings/_reading.py"),
)


class Array(ctypes.Structure):
    """fm_array"""

    _fields_ = [
        ("data", c_void_p),
        ("type", c_int),
        ("swapped", c_int),
        ("ndim", c_int),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
    ]


class Window(ctypes.Structure):
    """fm_window"""

    _fields_ = [
        ("size", POINTER(c_ssize_t)),
        ("origin", POINTER(c_ssize_t)),
        ("mode", POINTER(c_int)),
        ("footprint", c_void_p),
        ("rank", c_ssize_t),
        ("fill", c_char_p),
    ]


class Int128(ctypes.Structure):
    """fm_int128"""

    _fields_ = [("low", c_uint64), ("high", c_int64)]


class Buffer(ctypes.Structure):
    """Py_buffer"""

    _fields_ = [
        ("buf", c_void_p),
        ("obj", c_void_p),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


def declare(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype = result
    function.argtypes = arguments
    return function


# CDLL releases the GIL in each call; PyDLL keeps it, as functions of Python itself need.
library = ctypes.CDLL(str(library_path()))
fm_add_i32 = declare(library.fm_add_i32, c_int64, c_int32, c_int32)
fm_exp = declare(library.fm_exp, c_double, c_double)
fm_exp_array = declare(library.fm_exp_array, c_int, POINTER(Array), POINTER(Array), c_void_p)
fm_sum = declare(library.fm_sum, c_int, POINTER(Array), c_int, c_void_p, POINTER(c_double), c_void_p)
fm_sum_axes = declare(library.fm_sum_axes, c_int, POINTER(Array), POINTER(Array), c_int, c_void_p)
fm_sum_int = declare(library.fm_sum_int, c_int, POINTER(Array), c_void_p, POINTER(Int128))
fm_dot = declare(library.fm_dot, c_int, POINTER(Array), POINTER(Array), c_void_p, POINTER(c_double), c_void_p)
fm_rank_filter = declare(
    library.fm_rank_filter, c_int, POINTER(Array), POINTER(Array), POINTER(Window), c_int, c_void_p
)

LIMIT = 2**31

python = ctypes.PyDLL(None)
get_buffer = declare(python.PyObject_GetBuffer, c_int, ctypes.py_object, POINTER(Buffer), c_int)
release_buffer = declare(python.PyBuffer_Release, None, POINTER(Buffer))
PyBUF_FULL_RO, PyBUF_FULL = 0x11C, 0x11D


class Held:
    """An fm_array of a buffer, which can neither move nor be freed inside the with statement."""

    def __init__(self, elements: reading.Elements, request: int = PyBUF_FULL_RO) -> None:
        view, self.kind, self.swapped = elements
        self.buffer = Buffer()
        get_buffer(view, self.buffer, request)

    def __enter__(self) -> Array:
        b = self.buffer
        return Array(b.buf, self.kind, self.swapped, b.ndim, b.shape, b.strides, b.suboffsets)

    def __exit__(self, *exception: object) -> None:
        release_buffer(self.buffer)


def add(a: int, b: int, /) -> int:
    """The sum of two integers of 32 bits."""
    if type(a) is type(b) is int and -LIMIT <= a < LIMIT and -LIMIT <= b < LIMIT:
        return fm_add_i32(a, b)
    return fm_add_i32(*reading.int32_pair(a, b))


def fast_exp(x: Any, /, *, out: Any = None) -> Any:
    """As `fastmath.fast_exp`."""
    if type(x) is float and out is None:
        return fm_exp(x)
    arrays = reading.exponents(x, out)
    if arrays is None:
        return fm_exp(reading.exponent(x, out))
    with Held(arrays.x) as source, Held(arrays.out, PyBUF_FULL) as target:
        reading.raise_for(fm_exp_array(source, target, None))
    return arrays.result


def fast_sum(numbers: Any, /) -> int:
    """As `fastmath.fast_sum`."""
    integers = reading.integers(numbers)
    if integers is None:
        return pure.fast_sum(numbers)
    total = Int128()
    with Held(integers) as array:
        reading.raise_for(fm_sum_int(array, None, total))
    return (total.high << 64) + total.low


def dot_product(a: Any, b: Any, /) -> float:
    """As `fastmath.dot_product`."""
    factors = reading.factors(a, b)
    if factors is None:
        return pure.dot_product(a, b)
    result = c_double()
    with Held(factors[0]) as first, Held(factors[1]) as second:
        reading.raise_for(fm_dot(first, second, None, result, None))
    return result.value


def numpy_sum(array: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
    """As `fastmath.numpy_sum`."""
    floats = reading.floats(array, "numpy_sum")
    if keepdims or axis is not None:
        return sum_axes(array, axis, keepdims, sum_into)
    return sum_of(floats, 1)


def parallel_sum(buffer: Any, /, *, workers: int | None = None) -> float:
    """As `fastmath.parallel_sum`."""
    count = reading.worker_count(workers)
    return sum_of(reading.doubles(buffer), count)


def sum_of(floats: reading.Elements, workers: int) -> float:
    result = c_double()
    with Held(floats) as array:
        reading.raise_for(fm_sum(array, workers, None, result, None))
    return result.value


def sum_into(array: Any, result: Any) -> None:
    with (
        Held(reading.floats(array, "numpy_sum")) as source,
        Held(reading.floats(result, "result"), PyBUF_FULL) as target,
    ):
        reading.raise_for(fm_sum_axes(source, target, 1, None))


def rank_filter(
    input: Any,
    output: Any,
    sizes: tuple[int, ...],
    origins: tuple[int, ...],
    footprint: Any,
    rank: int,
    modes: int | tuple[int, ...],
    cval: bytes,
    workers: int,
) -> None:
    lengths, kinds = c_ssize_t * input.ndim, c_int * input.ndim
    # a structure keeps alive what its fields were given, except for an address
    members = None if footprint is None else np.ascontiguousarray(footprint)
    window = Window(
        lengths(*sizes),
        lengths(*origins),
        kinds(*reading.mode_tuple(modes, input.ndim)),
        None if members is None else members.ctypes.data,
        rank,
        cval,
    )
    with (
        Held(reading.elements(input, "input")) as source,
        Held(reading.elements(output, "output"), PyBUF_FULL) as target,
    ):
        reading.raise_for(fm_rank_filter(source, target, window, min(workers, reading.MOST_WORKERS), None))


median_filter = median_filter_by(rank_filter)
