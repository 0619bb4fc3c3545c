# cython: language_level=3
"""add through Cython, to be linked in many places."""

from libc.stdint cimport int32_t, int64_t


cdef extern from "straight.h":
    int64_t straight_add(int32_t a, int32_t b)


def add(int32_t a, int32_t b, /):
    return straight_add(a, b)
