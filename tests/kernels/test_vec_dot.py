"""vec_dot as users of the shared library call it."""

import ctypes
from importlib.resources import files

import numpy as np
import pytest

import fastmath
from fastmath.bindings import pure


@pytest.fixture(scope="module")
def vec_dot():
    library = next(p for p in files(fastmath).iterdir() if p.name.startswith("libfastmath."))
    function = ctypes.CDLL(str(library)).vec_dot
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double), ctypes.c_int]
    return function


@pytest.mark.parametrize("n", [0, 1, 3, 1000, 100000])
def test_vec_dot(vec_dot, n):
    a, b = np.random.default_rng(n).standard_normal((2, n))
    pointers = [x.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for x in (a, b)]
    assert vec_dot(*pointers, n) == pure.dot_product(a, b)


def test_nothing_to_add(vec_dot):
    assert vec_dot(None, None, 0) == vec_dot(None, None, -5) == 0.0
