"""cffi's ABI mode: declarations in C, no compiler, functions of libm and libc.

python examples/cffi_abi_tour.py        (needs cffi)
"""

import ctypes.util
import math
from typing import Any

from cffi import FFI

ffi = FFI()
ffi.cdef("""
    double sqrt(double x);
    double pow(double x, double y);
    double log(double x);
    size_t strlen(const char *text);
    void *malloc(size_t size);
    void free(void *memory);
    int abs(int x);
""")
libm: Any = ffi.dlopen(ctypes.util.find_library("m"))
libc: Any = ffi.dlopen(None)


def functions_of_libm() -> None:
    print("sqrt(2) =", libm.sqrt(2), " pow(2, 10) =", libm.pow(2, 10), " log(10) =", libm.log(10))
    assert libm.sqrt(2) == math.sqrt(2)
    assert libm.pow(2, 10) == 1024
    assert libm.log(10) == math.log(10)


def functions_of_libc() -> None:
    print("strlen =", libc.strlen(b"four"), " abs(-7) =", libc.abs(-7))
    assert libc.strlen(b"four") == 4
    assert libc.abs(-7) == 7


def cffi_checks_ranges() -> None:
    """ctypes would cut the number to 32 bits without a word."""
    try:
        libc.abs(2**40)
    except OverflowError as error:
        print("abs(2**40):", error)
    else:
        raise AssertionError("a number that does not fit was taken")


def memory_of_our_own() -> None:
    """What malloc gives, ffi.gc hands to free when the last name for it is gone."""
    numbers = ffi.cast("int *", ffi.gc(memory := libc.malloc(4 * ffi.sizeof("int")), libc.free))
    assert memory != ffi.NULL
    for i in range(4):
        numbers[i] = i * i
    print("in malloc's memory:", list(ffi.unpack(numbers, 4)))
    assert ffi.unpack(numbers, 4) == [0, 1, 4, 9]


if __name__ == "__main__":
    functions_of_libm()
    functions_of_libc()
    cffi_checks_ranges()
    memory_of_our_own()
