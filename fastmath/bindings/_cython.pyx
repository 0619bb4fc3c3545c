# cython: language_level=3, binding=True, boundscheck=False, freethreading_compatible=False
"""The functions of the Cython route; `fastmath.bindings.cython` offers them.

Cython turns Python numbers into C's and checks their range. Buffers are taken through the buffer protocol:
typed memoryviews have one element type and refuse swapped bytes, and the kernels take any.
"""

from cpython.buffer cimport PyBUF_FULL, PyBUF_FULL_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t, int64_t, uint64_t

from .._axes import sum_axes
from . import _reading as reading
from . import pure


cdef extern from "fastmath.h" nogil:
    enum: FM_MAX_NDIM
    ctypedef int fm_status
    ctypedef int fm_type
    ctypedef int fm_mode
    ctypedef struct fm_watch:
        pass
    ctypedef struct fm_array:
        void *data
        fm_type type
        int swapped
        int ndim
        const Py_ssize_t *shape
        const Py_ssize_t *strides
        const Py_ssize_t *suboffsets
    ctypedef struct fm_window:
        const Py_ssize_t *size
        const Py_ssize_t *origin
        const fm_mode *mode
        const unsigned char *footprint
        Py_ssize_t rank
        const void *fill
    ctypedef struct fm_int128:
        uint64_t low
        int64_t high

    int64_t fm_add_i32(int32_t a, int32_t b)
    double fm_exp(double x)
    fm_status fm_exp_array(const fm_array *x, const fm_array *result, const fm_watch *watch)
    fm_status fm_sum(const fm_array *array, int workers, const fm_watch *watch, double *result, unsigned *paths)
    fm_status fm_sum_axes(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
    fm_status fm_sum_int(const fm_array *array, const fm_watch *watch, fm_int128 *result)
    fm_status fm_dot(const fm_array *a, const fm_array *b, const fm_watch *watch, double *result, unsigned *paths)
    fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window, int workers,
                             const fm_watch *watch)


cdef class Held:
    """An fm_array of a buffer, which can neither move nor be freed as long as this object lives."""

    cdef Py_buffer buffer
    cdef fm_array array

    def __cinit__(self, elements, bint writable=False):
        view, kind, swapped = elements
        PyObject_GetBuffer(view, &self.buffer, PyBUF_FULL if writable else PyBUF_FULL_RO)
        self.array.data = self.buffer.buf
        self.array.type = kind
        self.array.swapped = swapped
        self.array.ndim = self.buffer.ndim
        self.array.shape = self.buffer.shape
        self.array.strides = self.buffer.strides
        self.array.suboffsets = self.buffer.suboffsets

    def __dealloc__(self):
        PyBuffer_Release(&self.buffer)

    cdef bint is_large(self):
        """Whether it pays to let other threads run meanwhile."""
        return self.buffer.len >= 1 << 17


def add(a, b, /):
    """The sum of two integers of 32 bits."""
    if type(a) is int and type(b) is int:
        try:
            return fm_add_i32(a, b)
        except OverflowError:
            pass
    first, second = reading.int32_pair(a, b)
    return fm_add_i32(first, second)


def fast_exp(x, /, *, out=None):
    """As `fastmath.fast_exp`."""
    if type(x) is float and out is None:
        return fm_exp(x)
    arrays = reading.exponents(x, out)
    if arrays is None:
        return fm_exp(reading.exponent(x, out))
    cdef Held source = Held(arrays.x), target = Held(arrays.out, True)
    cdef fm_status status
    if source.is_large():
        with nogil:
            status = fm_exp_array(&source.array, &target.array, NULL)
    else:
        status = fm_exp_array(&source.array, &target.array, NULL)
    reading.raise_for(status)
    return arrays.result


def fast_sum(numbers, /):
    """As `fastmath.fast_sum`."""
    integers = reading.integers(numbers)
    if integers is None:
        return pure.fast_sum(numbers)
    cdef Held held = Held(integers)
    cdef fm_int128 total
    cdef fm_status status
    if held.is_large():
        with nogil:
            status = fm_sum_int(&held.array, NULL, &total)
    else:
        status = fm_sum_int(&held.array, NULL, &total)
    reading.raise_for(status)
    return (int(total.high) << 64) + total.low


def dot_product(a, b, /):
    """As `fastmath.dot_product`."""
    factors = reading.factors(a, b)
    if factors is None:
        return pure.dot_product(a, b)
    cdef Held first = Held(factors[0]), second = Held(factors[1])
    cdef double result = 0
    cdef fm_status status
    if first.is_large():
        with nogil:
            status = fm_dot(&first.array, &second.array, NULL, &result, NULL)
    else:
        status = fm_dot(&first.array, &second.array, NULL, &result, NULL)
    reading.raise_for(status)
    return result


def numpy_sum(array, /, *, axis=None, keepdims=False):
    """As `fastmath.numpy_sum`."""
    floats = reading.floats(array, "numpy_sum")
    if keepdims or axis is not None:
        return sum_axes(array, axis, keepdims, sum_into)
    return sum_of(Held(floats), 1)


def parallel_sum(buffer, /, *, workers=None):
    """As `fastmath.parallel_sum`."""
    count = reading.worker_count(workers)
    return sum_of(Held(reading.doubles(buffer)), count)


cdef double sum_of(Held held, int workers) except? -1:
    cdef double result = 0
    cdef fm_status status
    if held.is_large():
        with nogil:
            status = fm_sum(&held.array, workers, NULL, &result, NULL)
    else:
        status = fm_sum(&held.array, 1, NULL, &result, NULL)
    reading.raise_for(status)
    return result


def sum_into(array, result):
    cdef Held source = Held(reading.floats(array, "numpy_sum"))
    cdef Held target = Held(reading.floats(result, "result"), True)
    cdef fm_status status
    with nogil:
        status = fm_sum_axes(&source.array, &target.array, 1, NULL)
    reading.raise_for(status)


def rank_filter(input, output, sizes, origins, footprint, rank, modes, bytes cval, workers):
    cdef Py_ssize_t size[FM_MAX_NDIM]
    cdef Py_ssize_t origin[FM_MAX_NDIM]
    cdef fm_mode mode[FM_MAX_NDIM]
    cdef const unsigned char[::1] members
    cdef Held source = Held(reading.elements(input, "input"))
    cdef Held target = Held(reading.elements(output, "output"), True)
    cdef fm_window window
    cdef int threads = min(workers, reading.MOST_WORKERS)
    cdef fm_status status
    for d, (length, shift, border) in enumerate(zip(sizes, origins, reading.mode_tuple(modes, input.ndim))):
        size[d] = length
        origin[d] = shift
        mode[d] = border
    window.size = size
    window.origin = origin
    window.mode = mode
    window.footprint = NULL
    if footprint is not None:
        members = footprint.reshape(-1).view("B")
        window.footprint = &members[0]
    window.rank = rank
    window.fill = <const char *>cval
    with nogil:
        status = fm_rank_filter(&source.array, &target.array, &window, threads, NULL)
    reading.raise_for(status)
