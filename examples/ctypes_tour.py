"""ctypes, from a function of libm to one of our own library: everything with argtypes.

python examples/ctypes_tour.py
"""

import ctypes
import ctypes.util
import math
import sys
from array import array
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_int, c_size_t, c_void_p
from importlib.resources import as_file, files

LIBRARY = "libfastmath.dylib" if sys.platform == "darwin" else "libfastmath.so"

# The symbols of the running program: Python itself is linked with libm and libc on Linux and macOS.
libm = ctypes.CDLL(ctypes.util.find_library("m"))
libc = ctypes.CDLL(ctypes.util.find_library("c"))


def square_root() -> None:
    """Without restype ctypes would take what comes back for an int."""
    libm.sqrt.argtypes = [c_double]
    libm.sqrt.restype = c_double
    print("sqrt(2) =", libm.sqrt(2))
    assert libm.sqrt(2) == math.sqrt(2)


def length_of_text() -> None:
    libc.strlen.argtypes = [c_char_p]
    libc.strlen.restype = c_size_t
    print("strlen of 'grüße' in UTF-8 =", libc.strlen("grüße".encode()))
    assert libc.strlen("grüße".encode()) == 7


def value_behind_a_pointer() -> None:
    """frexp writes the exponent to where the pointer points."""
    libm.frexp.argtypes = [c_double, POINTER(c_int)]
    libm.frexp.restype = c_double
    exponent = c_int()
    fraction = libm.frexp(48.0, byref(exponent))
    print(f"48 = {fraction} * 2**{exponent.value}")
    assert (fraction, exponent.value) == math.frexp(48.0) == (0.75, 6)


class Point(Structure):
    """The C struct {double x, y;}."""

    _fields_ = [("x", c_double), ("y", c_double)]


def a_structure_and_an_array_of_them() -> None:
    points = (Point * 3)(Point(3, 4), Point(0, 1), Point(5, 12))
    distances = [math.hypot(point.x, point.y) for point in points]
    print("distances of the points =", distances)
    assert distances == [5, 1, 13]
    assert ctypes.sizeof(points) == 3 * 2 * 8


Compare = CFUNCTYPE(c_int, POINTER(Point), POINTER(Point))


def a_callback() -> None:
    """C calls Python: qsort asks which of two points lies further out.

    The callback has a name for as long as C may call it; an unnamed one could be freed before.
    """

    def further_out(a: "ctypes._Pointer[Point]", b: "ctypes._Pointer[Point]") -> int:
        one, other = (math.hypot(p.contents.x, p.contents.y) for p in (a, b))
        return (one > other) - (one < other)

    libc.qsort.argtypes = [c_void_p, c_size_t, c_size_t, Compare]
    libc.qsort.restype = None
    points = (Point * 3)(Point(3, 4), Point(0, 1), Point(5, 12))
    compare = Compare(further_out)
    libc.qsort(points, len(points), ctypes.sizeof(Point), compare)
    print("sorted by distance:", [(point.x, point.y) for point in points])
    assert [point.x for point in points] == [0, 3, 5]


def our_own_library() -> None:
    """vec_dot reads the array's own memory, so the array has to live, and keep its size, until it returns."""
    with as_file(files("fastmath") / LIBRARY) as path:
        library = ctypes.CDLL(str(path))
    library.vec_dot.argtypes = [POINTER(c_double), POINTER(c_double), c_int]
    library.vec_dot.restype = c_double
    a, b = array("d", [1, 2, 3]), array("d", [4, 5, 6])
    doubles = c_double * 3
    print("vec_dot =", library.vec_dot(doubles.from_buffer(a), doubles.from_buffer(b), len(a)))
    assert library.vec_dot(doubles.from_buffer(a), doubles.from_buffer(b), len(a)) == 32.0


if __name__ == "__main__":
    square_root()
    length_of_text()
    value_behind_a_pointer()
    a_structure_and_an_array_of_them()
    a_callback()
    our_own_library()
