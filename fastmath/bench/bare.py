"""The call alone, route by route: functions that do next to nothing, called with no more than the call needs."""

import ctypes
from array import array
from collections.abc import Callable
from ctypes import c_double, c_int32, c_int64, c_ssize_t
from typing import Any, NamedTuple

from fastmath.bench import straight
from fastmath.bench.worker import Statement

NUMBERS = array("q", range(16))
LIST = [int(str(number)) for number in range(1000)]  # objects of their own, as a program would have


class Way(NamedTuple):
    """A way to call C: what it includes, and what times it."""

    gil: str
    types: str
    statements: Callable[[], dict[str, Statement]]


def statements(name: str) -> dict[str, Statement]:
    """For each case what to time."""
    return WAYS[name].statements()


def _cases(
    lib: Any, buffer: str = "f(x)", numbers: str = "f(x)", half: float | c_double = 0.5, **names: Any
) -> dict[str, Statement]:
    """`lib` has the functions; `buffer` and `numbers` are how an array and a list are handed to them."""
    names["x"] = NUMBERS
    of_list = {**names, "x": LIST, "f": getattr(lib, "sum_list", lib.sum)}
    return {
        "no arguments": Statement("f()", {"f": lib.nothing}, 10),
        "two ints": Statement("f(1, 2)", {"f": lib.add}, 10),
        "one float": Statement("f(x)", {"f": lib.half, "x": half}, 10),
        "small buffer": Statement(buffer, {**names, "f": lib.sum}),
        "list of 1000": Statement(numbers, of_list),
    }


class _Python:
    """What the functions would be in Python."""

    @staticmethod
    def nothing() -> None:
        pass

    @staticmethod
    def add(a: int, b: int) -> int:
        return a + b

    @staticmethod
    def half(x: float) -> float:
        return x / 2

    sum = sum


class _Prefixed:
    """The functions of straight.h by their names without the prefix, looked up once."""

    def __init__(self, lib: Any) -> None:
        self.nothing, self.add, self.half = lib.straight_nothing, lib.straight_add, lib.straight_half
        self.sum = lib.straight_sum


def _by_capi() -> dict[str, Statement]:
    from fastmath.bench.straight import _capi

    return _cases(_capi)


def _by_parsing() -> dict[str, Statement]:
    from fastmath.bench.straight import _capi

    return {"two ints": Statement("f(1, 2)", {"f": _capi.add_parsed}, 10)}


def _by_cython() -> dict[str, Statement]:
    from fastmath.bench.straight import _cython

    return _cases(_cython)


def _by_cffi(ffi: Any, lib: Any) -> dict[str, Statement]:
    names = {"ffi": ffi, "int64s": ffi.typeof("int64_t[]")}
    buffer, numbers = "f(ffi.from_buffer(int64s, x), len(x))", "f(ffi.new(int64s, x), len(x))"
    return _cases(_Prefixed(lib), buffer, numbers, **names)


def _by_cffi_api() -> dict[str, Statement]:
    from fastmath.bench.straight import _cffi

    return _by_cffi(_cffi.ffi, _cffi.lib)


def _by_cffi_abi() -> dict[str, Statement]:
    return _by_cffi(*straight.by_abi())


def _by_ctypes(kind: type[ctypes.CDLL], argtypes: bool = True) -> dict[str, Statement]:
    lib = kind(str(straight.library_path()))
    lib.straight_add.restype = lib.straight_sum.restype = c_int64
    lib.straight_half.restype = c_double
    lib.straight_nothing.restype = None
    if argtypes:
        lib.straight_nothing.argtypes = []
        lib.straight_add.argtypes, lib.straight_half.argtypes = [c_int32] * 2, [c_double]
        lib.straight_sum.argtypes = [ctypes.POINTER(c_int64), c_ssize_t]
    buffer, numbers = "f((c_int64 * len(x)).from_buffer(x), len(x))", "f((c_int64 * len(x))(*x), len(x))"
    half = 0.5 if argtypes else c_double(0.5)
    return _cases(_Prefixed(lib), buffer, numbers, half, c_int64=c_int64)


WAYS = {
    "Python": Way("kept", "", lambda: _cases(_Python)),
    "C API": Way("kept", "compiled", _by_capi),
    "C API, ParseTuple": Way("kept", "compiled", _by_parsing),
    "Cython": Way("kept", "compiled", _by_cython),
    "cffi API": Way("freed", "compiled", _by_cffi_api),
    "cffi ABI": Way("freed", "cdef", _by_cffi_abi),
    "ctypes PyDLL": Way("kept", "argtypes", lambda: _by_ctypes(ctypes.PyDLL)),
    "ctypes CDLL": Way("freed", "argtypes", lambda: _by_ctypes(ctypes.CDLL)),
    "ctypes, no argtypes": Way("freed", "guessed", lambda: _by_ctypes(ctypes.CDLL, argtypes=False)),
}
