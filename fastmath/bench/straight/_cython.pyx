# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The forty lines, line by line in Cython, and calls with no more than the call needs."""

from libc.stdint cimport int32_t, int64_t, uint16_t
from libc.stdlib cimport free, malloc


cdef extern from "straight.h" nogil:
    void straight_nothing()
    int64_t straight_add(int32_t a, int32_t b)
    double straight_half(double x)
    int64_t straight_sum(const int64_t *numbers, Py_ssize_t n)


def nothing():
    straight_nothing()


def add(int32_t a, int32_t b, /):
    return straight_add(a, b)


def half(double x, /):
    return straight_half(x)


def sum(const int64_t[::1] numbers, /):
    return straight_sum(&numbers[0], len(numbers)) if len(numbers) else 0


def sum_list(list numbers, /):
    """A list copied into an array, as C wants it."""
    cdef Py_ssize_t i = 0, n = len(numbers)
    cdef int64_t *items = <int64_t *>malloc((n + 1) * sizeof(int64_t))
    if items == NULL:
        raise MemoryError
    try:
        for item in numbers[:n]:
            items[i] = item
            i += 1
        return straight_sum(items, n)
    finally:
        free(items)


cdef inline Py_ssize_t mirror(Py_ssize_t index, Py_ssize_t length) noexcept nogil:
    while index < 0 or index >= length:
        index = -index - 1 if index < 0 else 2 * length - index - 1
    return index


cdef void sort(uint16_t *values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef uint16_t value
    for i in range(1, n):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


def median(const uint16_t[:, ::1] image, uint16_t[:, ::1] result, Py_ssize_t size):
    cdef Py_ssize_t rows = image.shape[0], columns = image.shape[1], before = size // 2
    cdef Py_ssize_t row, column, i, j, n, line
    cdef uint16_t *window = <uint16_t *>malloc(size * size * sizeof(uint16_t))
    if window == NULL:
        raise MemoryError
    for row in range(rows):
        for column in range(columns):
            n = 0
            for i in range(row - before, row - before + size):
                line = mirror(i, rows)
                for j in range(column - before, column - before + size):
                    window[n] = image[line, mirror(j, columns)]
                    n += 1
            sort(window, n)
            result[row, column] = window[n // 2]
    free(window)
