"""What the arguments mean, for routes whose Python side looks at them before C does.

Where an argument is none that a kernel takes, the answer is None and `pure` has the case: it knows the
other types of items, and the exceptions.
"""

import math
import operator
import struct
from typing import Any, NamedTuple

import numpy as np

from ._pure_sums import exp_argument, int32, type_name

MOST_WORKERS = 2**15 - 1  # the kernels have a limit of their own, below this

RAW_BYTES, INT64, FLOAT16, FLOAT64 = 1, 8, 9, 11  # of fm_type
OTHER_ORDER = ">!" if np.little_endian else "<"

#: A buffer, and what it holds in the words of fastmath.h: its fm_type, and whether bytes are swapped.
Elements = tuple["memoryview[Any]", int, bool]


def _kinds() -> dict[tuple[str, int], tuple[int, bool]]:
    """The fm_type and byte order by the struct module's characters and the size of an element."""
    types = {("?", 1): 0, ("e", 2): FLOAT16, ("f", 4): 10, ("d", 8): FLOAT64}
    for power, size in enumerate((1, 2, 4, 8)):
        types |= {(code, size): 1 + 2 * power for code in "BHILQN"}
        types |= {(code, size): 2 + 2 * power for code in "bhilqn"}
    return {
        (order + code, size): (kind, order != "" and order in OTHER_ORDER and size > 1)
        for (code, size), kind in types.items()
        for order in ("", *"@=<>!")
    }


KINDS = _kinds()


def elements(obj: Any, name: str, writable: bool = False) -> Elements:
    """The buffer of an object, refused if its elements are no numbers that the kernels know."""
    try:
        view = memoryview(obj)
    except TypeError:
        raise TypeError(f"{name}: expected an object with a buffer, such as an array, got {type_name(obj)}") from None
    if writable and view.readonly:
        raise ValueError(f"{name}: expected memory that can be written to")
    kind = KINDS.get((view.format, view.itemsize))
    if kind is None:
        raise TypeError(f"{name}: expected elements of a bool, integer or float type, got format '{view.format}'")
    return view, *kind


def floats(obj: Any, name: str, writable: bool = False) -> Elements:
    """The buffer of an object, refused if its elements are no floats."""
    view, kind, swapped = elements(obj, name, writable)
    if kind < FLOAT16:
        raise TypeError(f"{name}: expected elements of type float64, float32 or float16, got format '{view.format}'")
    return view, kind, swapped


def doubles(buffer: Any) -> Elements:
    """The argument of parallel_sum: floats, or raw bytes as native doubles."""
    view, kind, swapped = elements(buffer, "parallel_sum")
    if kind != RAW_BYTES:
        return floats(buffer, "parallel_sum")
    if not view.c_contiguous:
        raise ValueError("parallel_sum: raw bytes must be contiguous")
    if view.nbytes % 8:
        raise ValueError(f"parallel_sum: the length of raw bytes must be a multiple of 8, got {view.nbytes}")
    return memoryview(view.cast("B") if view.nbytes else b"").cast("d"), FLOAT64, False


def worker_count(workers: Any) -> int:
    """The argument of parallel_sum: 0 means every core."""
    if workers is None:
        return 0
    if not hasattr(type(workers), "__index__"):
        raise TypeError(f"parallel_sum: workers must be an integer or None, got {type_name(workers)}")
    count = operator.index(workers)
    if count < 1:
        raise ValueError(f"parallel_sum: workers must be at least 1, got {count}")
    return min(count, MOST_WORKERS)


def integers(numbers: Any) -> Elements | None:
    """The argument of fast_sum, if it is a list or tuple of ints of 64 bits or a buffer of integers."""
    if type(numbers) in (list, tuple):
        return _as_integers(tuple(numbers))
    try:
        view, kind, swapped = elements(numbers, "fast_sum")
    except TypeError:
        return None
    return (view, kind, swapped) if kind < FLOAT16 and view.ndim else None


def factors(a: Any, b: Any) -> tuple[Elements, Elements] | None:
    """The arguments of dot_product, if both are lists or tuples, or both buffers, of one length."""
    if type(a) in (list, tuple) and type(b) in (list, tuple):
        first, second = _as_numbers(tuple(a)), _as_numbers(tuple(b))
    else:
        try:
            first, second = elements(a, "dot_product"), elements(b, "dot_product")
        except TypeError:
            return None
    if first is None or second is None:
        return None
    return (first, second) if first[0].ndim == 1 and first[0].shape == second[0].shape else None


def _as_integers(items: tuple[Any, ...]) -> Elements | None:
    """Only where all items are plain ints: others may run code of their own.

    Packing with ``struct`` takes a third of the time that ``array("q", items)`` does.
    """
    if _all(int, items):
        try:
            return memoryview(struct.pack(f"{len(items)}q", *items)).cast("q"), INT64, False
        except struct.error:  # an int of more than 64 bits
            pass
    return None


def _as_numbers(items: tuple[Any, ...]) -> Elements | None:
    """Floats, or ints of 64 bits."""
    if _all(float, items):
        return memoryview(struct.pack(f"{len(items)}d", *items)).cast("d"), FLOAT64, False
    return _as_integers(items)


def _all(kind: type, items: tuple[Any, ...]) -> bool:
    """Whether all items are of a type and not of one that is derived from it."""
    return list(map(type, items)).count(kind) == len(items)


class Exponents(NamedTuple):
    """The arguments of fast_exp for a buffer, and what it returns."""

    x: Elements
    out: Elements
    result: Any


def exponents(x: Any, out: Any) -> Exponents | None:
    """The arguments of fast_exp, if x is a buffer that has dimensions."""
    try:
        if not memoryview(x).ndim:
            return None
    except TypeError:
        return None
    found = floats(x, "fast_exp")
    view, kind, _ = found
    result = np.empty(view.shape or (), "efd"[kind - FLOAT16]) if out is None else out
    place = floats(result, "fast_exp: out", writable=True)
    if place[0].shape != view.shape:
        raise ValueError("fast_exp: out must have the shape of x")
    return Exponents(found, place, result)


def exponent(x: Any, out: Any) -> float:
    """The argument of fast_exp, if x is a number."""
    value = exp_argument(x)
    if out is not None:
        raise TypeError("fast_exp: out goes with a buffer, not with a number")
    return value


def int32_pair(a: Any, b: Any) -> tuple[int, int]:
    """The arguments of add, where they are not two plain ints that fit."""
    return int32(a), int32(b)


def packed_strides(view: "memoryview[Any]") -> tuple[int, ...]:
    """The strides of a copy in C order."""
    shape = view.shape or ()
    return tuple(view.itemsize * math.prod(shape[d + 1 :]) for d in range(view.ndim))


def mode_tuple(modes: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The modes of the filters: one for all axes, or one for each."""
    return (modes,) * ndim if isinstance(modes, int) else modes


def raise_for(status: int) -> None:
    """The exception for an fm_status other than FM_OK."""
    if status == 2:
        raise MemoryError
    if status == 3:
        raise KeyboardInterrupt
    if status:
        raise SystemError("fastmath: a kernel was called with an argument out of its range")
