"""Sums, products and exponentials in plain Python: slow, and simple enough to be everybody's oracle.

Floats are turned into ints, multiples of 2**-1074, so sums and products are exact; they are rounded once, by
the division of ints, which Python rounds correctly.
"""

import math
import operator
import struct
from collections.abc import Iterator
from math import inf, nan
from typing import Any, NamedTuple

UNIT = 1074  # every finite double is a multiple of 2**-UNIT
TYPES = {
    "?": dict.fromkeys([1], "?"),
    **dict.fromkeys("BHILQN", {1: "B", 2: "H", 4: "I", 8: "Q"}),
    **dict.fromkeys("bhilqn", {1: "b", 2: "h", 4: "i", 8: "q"}),
    "e": {2: "e"},
    "f": {4: "f"},
    "d": {8: "d"},
}  # struct codes by the buffer's own code and item size


class Elements(NamedTuple):
    """The elements of a buffer in C order, and what they are."""

    values: tuple
    code: str
    format: str
    shape: tuple[int, ...]


def read_buffer(obj: Any, name: str, writable: bool = False) -> Elements:
    try:
        view = memoryview(obj)
    except TypeError:
        raise TypeError(f"{name}: expected an object with a buffer, such as an array, got {type_name(obj)}") from None
    if writable and view.readonly:
        raise ValueError(f"{name}: expected memory that can be written to")
    order, code = (view.format[:1], view.format[1:]) if view.format[:1] in "@=<>!" else ("=", view.format)
    code = TYPES.get(code, {}).get(view.itemsize, "")
    if not code:
        raise TypeError(f"{name}: expected elements of a bool, integer or float type, got format '{view.format}'")
    data = view.tobytes()
    values = struct.unpack(f"{order.replace('@', '=')}{len(data) // view.itemsize}{code}", data)
    return Elements(values, code, view.format, tuple(view.shape or ()))


def read_floats(obj: Any, name: str, writable: bool = False) -> Elements:
    elements = read_buffer(obj, name, writable)
    if elements.code not in "efd":
        raise TypeError(
            f"{name}: expected elements of type float64, float32 or float16, got format '{elements.format}'"
        )
    return elements


def type_name(obj: Any) -> str:
    """What C calls tp_name: with the module for types that C defined outside of builtins."""
    kind = type(obj)
    immutable, heap = 1 << 8, 1 << 9  # C may define types on the heap too, but only C immutable ones
    short = kind.__flags__ & (immutable | heap) == heap or kind.__module__ == "builtins"
    return kind.__name__ if short else f"{kind.__module__}.{kind.__qualname__}"


def in_units(x: float) -> int:
    numerator, denominator = x.as_integer_ratio()
    return numerator * ((1 << UNIT) // denominator)


def round_ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return inf if numerator > 0 else -inf


def is_minus_zero(x: float) -> bool:
    return x == 0 and math.copysign(1, x) < 0


def special_sum(terms: list[float]) -> float:
    """The sum of infinities and NaNs."""
    return nan if any(map(math.isnan, terms)) or {inf, -inf} <= set(terms) else terms[0]


def sum_of(terms: list[float]) -> float:
    special = [x for x in terms if not math.isfinite(x)]
    if special:
        return special_sum(special)
    if terms and all(map(is_minus_zero, terms)):
        return -0.0
    return round_ratio(sum(map(in_units, terms)), 1 << UNIT)


def add(a: int, b: int, /) -> int:
    return int32(a) + int32(b)


def int32(value: Any) -> int:
    if not hasattr(type(value), "__index__"):
        raise TypeError(f"add: expected integers, got {type_name(value)}")
    number = operator.index(value)
    if not -(2**31) <= number < 2**31:
        raise OverflowError(f"add: expected integers of 32 bits, got {number}")
    return number


def numpy_sum(array, /, *, axis=None, keepdims=False):
    floats = read_floats(array, "numpy_sum")
    if axis is None and not keepdims:
        return sum_of(floats.values)
    import numpy as np
    from numpy.lib.array_utils import normalize_axis_tuple

    whole = np.array(floats.values, dtype=float).reshape(floats.shape)
    axes = tuple(range(whole.ndim)) if axis is None else normalize_axis_tuple(axis, whole.ndim)
    result = np.empty([1 if d in axes else n for d, n in enumerate(whole.shape)])
    for index in np.ndindex(result.shape):
        part = whole[tuple(slice(None) if d in axes else i for d, i in enumerate(index))]
        result[index] = sum_of(part.ravel().tolist())
    if not keepdims:
        result = result.squeeze(axes)
    return result if keepdims or result.ndim else float(result)


def parallel_sum(buffer, /, *, workers=None):
    if workers is not None:
        if not hasattr(type(workers), "__index__"):
            raise TypeError(f"parallel_sum: workers must be an integer or None, got {type_name(workers)}")
        if operator.index(workers) < 1:
            raise ValueError(f"parallel_sum: workers must be at least 1, got {operator.index(workers)}")
    elements = read_buffer(buffer, "parallel_sum")
    if elements.code != "B":
        return sum_of(read_floats(buffer, "parallel_sum").values)
    view = memoryview(buffer)
    if not view.c_contiguous:
        raise ValueError("parallel_sum: raw bytes must be contiguous")
    if view.nbytes % 8:
        raise ValueError(f"parallel_sum: the length of raw bytes must be a multiple of 8, got {view.nbytes}")
    return sum_of(struct.unpack(f"={view.nbytes // 8}d", view.tobytes()))


def fast_sum(numbers, /):
    if type(numbers) is range:
        return sum_of_range(numbers)
    if type(numbers) not in (list, tuple):
        try:
            elements = read_buffer(numbers, "fast_sum")
        except TypeError:
            elements = None
        if elements and elements.code not in "efd" and elements.shape:
            return sum(elements.values)
    total = 0
    for position, item in enumerate(numbers):
        if not hasattr(type(item), "__index__"):
            raise TypeError(f"fast_sum: expected an integer at position {position}, got {type_name(item)}")
        total += operator.index(item)
    return total


def sum_of_range(numbers: range) -> int:
    """A range may be too long for len()."""
    try:
        first, last = numbers[0], numbers[-1]
    except IndexError:
        return 0
    return ((last - first) // numbers.step + 1) * (first + last) // 2


def dot_product(a, b, /):
    try:
        first, second = read_buffer(a, "dot_product"), read_buffer(b, "dot_product")
    except TypeError:
        return dot_of(list(pairs(a, b)))
    for elements in (first, second):
        if len(elements.shape) != 1:
            raise ValueError(f"dot_product: expected arrays of one dimension, got one of {len(elements.shape)}")
    if first.shape != second.shape:
        raise ValueError("dot_product: sequences must have the same length")
    return dot_of(list(zip(map(number, first.values), map(number, second.values))))


def pairs(a: Any, b: Any) -> Iterator[tuple[int | float, int | float]]:
    sequences = type(a) in (list, tuple) and type(b) in (list, tuple)
    if sequences and len(a) != len(b):
        raise ValueError("dot_product: sequences must have the same length")
    first, second, end = iter(a), iter(b), object()
    position = 0
    while True:
        x = next(first, end)
        y = next(second, end)
        if (x is end) != (y is end):
            raise ValueError("dot_product: sequences must have the same length")
        if x is end:
            return
        yield factor(x, position), factor(y, position)
        position += 1


def factor(item: Any, position: int) -> int | float:
    if isinstance(item, float) or hasattr(type(item), "__index__"):
        return number(item)
    if not hasattr(type(item), "__float__") or isinstance(item, complex):
        raise TypeError(f"dot_product: expected a number at position {position}, got {type_name(item)}")
    return float(item)


def number(item: Any) -> int | float:
    return float.__float__(item) if isinstance(item, float) else operator.index(item)


def dot_of(products: list[tuple[int | float, int | float]]) -> float:
    special = [sign_or_float(x) * sign_or_float(y) for x, y in products if not (finite(x) and finite(y))]
    if special:
        return special_sum(special)
    if products and all(is_minus_zero(sign_or_float(x) * sign_or_float(y)) and 0 in (x, y) for x, y in products):
        return -0.0
    total = sum(exactly(x) * exactly(y) for x, y in products)
    return round_ratio(total, 1 << 2 * UNIT)


def finite(x: float) -> bool:
    return isinstance(x, int) or math.isfinite(x)


def sign_or_float(x: float) -> float:
    return x if isinstance(x, float) else float((x > 0) - (x < 0))


def exactly(x: float) -> int:
    return in_units(x) if isinstance(x, float) else x << UNIT


def fast_exp(x, /, *, out=None):
    if not isinstance(x, float):
        try:
            dimensions = memoryview(x).ndim
        except TypeError:
            dimensions = 0
        if dimensions:
            return exp_of_buffer(x, out)
    value = exp_argument(x)
    if out is not None:
        raise TypeError("fast_exp: out goes with a buffer, not with a number")
    return exponential(value)


def exp_argument(x: Any) -> float:
    if isinstance(x, complex) or not any(hasattr(type(x), name) for name in ("__float__", "__index__", "__int__")):
        raise TypeError(f"fast_exp: expected a float or a buffer of floats, got {type_name(x)}")
    try:
        return x.__float__() if isinstance(x, float) else float(x)
    except OverflowError:
        if not isinstance(x, int):
            raise
        return inf if x > 0 else -inf


def exp_of_buffer(x: Any, out: Any) -> Any:
    import numpy as np

    floats = read_floats(x, "fast_exp")
    result = np.empty(floats.shape, floats.code) if out is None else out
    if read_floats(result, "fast_exp: out", writable=True).shape != floats.shape:
        raise ValueError("fast_exp: out must have the shape of x")
    with np.errstate(all="ignore"):
        values = np.array([exponential(v) for v in floats.values]).reshape(floats.shape)
        np.asarray(result)[...] = values
    return result


def exponential(x: float) -> float:
    """The operations of kernels/exp_chunk.c, one by one."""
    x = 710.0 if x > 710 else -746.0 if x < -746 else x
    if math.isnan(x):
        return x
    magic = 1.5 * 2.0**52
    k = (x * float.fromhex("0x1.71547652b82fep+0") + magic) - magic
    reduced = x - k * float.fromhex("0x1.62e42fefa3000p-1")
    tail = k * float.fromhex("0x1.3de6af278ece6p-42")
    r = reduced - tail
    low = (reduced - r) - tail
    total = 1 + r
    lost = r - (total - 1)
    result = total + (lost + (low + polynomial(r)))
    half = (k * 0.5 + magic) - magic
    return result * 2.0**half * 2.0 ** (k - half)


Q = [
    float.fromhex(q)
    for q in (
        "0x1.000000000000ap-1", "0x1.55555555554fap-3", "0x1.555555555088cp-5", "0x1.1111111127b9ep-7",
        "0x1.6c16c18426765p-10", "0x1.a01a012a69003p-13", "0x1.a0199a16c666ep-16", "0x1.71df253bc3e59p-19",
        "0x1.28ad68bdb24d3p-22", "0x1.ad7f7874d8600p-26",
    )
]  # fmt: skip


def polynomial(r: float) -> float:
    r2 = r * r
    r4 = r2 * r2
    r8 = r4 * r4
    q01, q23, q45, q67, q89 = (Q[i] + r * Q[i + 1] for i in range(0, 10, 2))
    return r2 * ((q01 + r2 * q23) + (r4 * (q45 + r2 * q67) + r8 * q89))
