"""What it costs to turn a list into memory that C can read, apart from the call that then reads it."""

import ctypes
import struct
from array import array
from collections.abc import Iterator

import numpy as np

import fastmath
from fastmath.bench.bare import LIST
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, measure, stability
from fastmath.bench.worker import Statement

READING = (
    "C cannot read a list: its items are objects. Copying them into an array takes far longer than adding the "
    "array up, so a route that is fast to call is still slow to hand a list to. The look at the items' types is "
    "what keeps floats and objects with code of their own out; the C API does both while it adds."
)


def table(effort: Effort) -> Iterator[Table]:
    """Fill the table."""
    columns = ["1000 ints", "ns", "times the call", "± %", "what comes out"]
    result = Table("lists", "A list, converted and not", columns, READING)
    measured = measure("lists", "", effort)
    call = measured[CALL].seconds
    for name, m in measured.items():
        result.rows.append([name, m.seconds * 1e9, m.seconds / call, m.spread * 100, COMES_OUT[name]])
    result.notes.append(stability(list(measured.values())))
    yield result


CALL, IN_PLACE = "fast_sum(array)", "fast_sum(list)"
CTYPES, CFFI = "(c_int64 * 1000)(*x)", "ffi.new('int64_t[]', x)"
COMES_OUT = {
    CALL: "the sum, nothing to convert",
    IN_PLACE: "the sum, read in place",
    CTYPES: "an array of ctypes; large ints are cut",
    CFFI: "an array of cffi",
    "array('q', x)": "an array.array",
    "struct.pack('1000q', *x)": "bytes",
    "numpy.array(x)": "an array of NumPy",
    "list(map(type, x)).count(int)": "whether all are plain ints",
}


def statements(_: str) -> dict[str, Statement]:
    """For each row what to time."""
    numbers, n = LIST, len(LIST)
    names = {"x": numbers, "n": n}
    found = {
        CALL: Statement("f(a)", {"f": fastmath.fast_sum, "a": array("q", numbers)}),
        IN_PLACE: Statement("f(x)", {"f": fastmath.fast_sum, "x": numbers}),
        CTYPES: Statement("(c_int64 * n)(*x)", {**names, "c_int64": ctypes.c_int64}),
        "array('q', x)": Statement("array('q', x)", {**names, "array": array}),
        "struct.pack('1000q', *x)": Statement("pack(f'{n}q', *x)", {**names, "pack": struct.pack}),
        "numpy.array(x)": Statement("array(x)", {**names, "array": np.array}),
        "list(map(type, x)).count(int)": Statement("list(map(type, x)).count(int) == n", names),
    }
    return found | _by_cffi()


def _by_cffi() -> dict[str, Statement]:
    try:
        from cffi import FFI
    except ModuleNotFoundError:
        return {}
    ffi = FFI()
    names = {"new": ffi.new, "int64s": ffi.typeof("int64_t[]"), "x": LIST}
    return {CFFI: Statement("new(int64s, x)", names)}
