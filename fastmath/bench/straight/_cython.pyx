# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The forty lines, line by line in Cython."""

from libc.stdint cimport uint16_t
from libc.stdlib cimport free, malloc


def nothing():
    pass


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
