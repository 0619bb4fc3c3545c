# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=False
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""The functions of the Cython route; `fastmath.bindings.cython` offers them.

Cython turns Python numbers into C's and checks their range. Buffers are taken through the buffer protocol:
typed memoryviews have one element type and refuse swapped bytes, and the kernels take any. Items of a list are
read in a loop, which is compiled to C, and handed to the kernels a block at a time.

``binding=False`` makes the functions builtins, which Python 3.11 and later call by a shorter way than Cython's own
kind of function.
"""

import sys

from cpython.buffer cimport (
    PyBUF_FULL_RO, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer,
)
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cython cimport final, freelist
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcmp
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from numpy import empty

from .._axes import sum_axes
from . import _reading as reading
from . import pure


cdef extern from "Python.h":
    int PyErr_CheckSignals()  # declared without `except`: the exception stays set, for `finish` to raise


cdef extern from "fastmath.h" nogil:
    ctypedef enum fm_status:
        FM_OK, FM_INVALID, FM_NO_MEMORY, FM_STOPPED
    ctypedef enum fm_type:
        FM_BOOL, FM_U8, FM_I8, FM_U16, FM_I16, FM_U32, FM_I32, FM_U64, FM_I64, FM_F16, FM_F32, FM_F64
    ctypedef enum fm_mode:
        pass
    enum: FM_MAX_NDIM
    ctypedef struct fm_array:
        void *data
        fm_type type
        int swapped
        int ndim
        const Py_ssize_t *shape
        const Py_ssize_t *strides
        const Py_ssize_t *suboffsets
    ctypedef struct fm_watch:
        int (*stop)(void *context) noexcept nogil
        void *context
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
    ctypedef struct fm_dot_sum:
        pass

    int64_t fm_add_i32(int32_t a, int32_t b)
    double fm_exp(double x)
    fm_status fm_exp_array(const fm_array *x, const fm_array *result, const fm_watch *watch)
    fm_status fm_sum(const fm_array *array, int workers, const fm_watch *watch, double *result, unsigned *paths)
    fm_status fm_sum_axes(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
    fm_status fm_sum_int(const fm_array *array, const fm_watch *watch, fm_int128 *result)
    fm_status fm_dot(const fm_array *a, const fm_array *b, const fm_watch *watch, double *result, unsigned *paths)
    fm_dot_sum *fm_dot_new(int exact)
    void fm_dot_add(fm_dot_sum *sum, const double *a, const double *b, size_t n)
    int fm_dot_round(fm_dot_sum *sum, double *result)
    void fm_dot_free(fm_dot_sum *sum)
    fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window, int workers,
                             const fm_watch *watch)


cdef enum:
    LARGE = 1 << 17  # bytes from which on it pays to let other threads run
    BLOCK = 1024     # items of a list
    LOOK_EVERY = 30  # milliseconds between two looks for Ctrl-C

cdef int64_t EXACT = 2**53  # integers up to here are doubles
cdef bint LITTLE_ENDIAN = sys.byteorder == "little"
cdef const char *BYTES = b"B"  # the format of a buffer that names none


# ---- Buffers ----

@final
@freelist(8)
cdef class Held:
    """The buffer of an object, and once described an fm_array of it; let go when this object is."""

    cdef Py_buffer buffer
    cdef fm_array array

    def __dealloc__(self):
        PyBuffer_Release(&self.buffer)

    cdef bint is_large(self) noexcept:
        return self.buffer.len >= LARGE

    cdef int describe(self, str name) except -1:
        """TypeError if the elements are no bool, integer or float type, which struct's characters name."""
        cdef const char *format = self.format()
        cdef int kind = -1
        cdef bint swapped = format[0] in b">!" if LITTLE_ENDIAN else format[0] == b"<"
        if format[0] in b"@=<>!":
            format += 1
        if format[0] and not format[1]:
            kind = type_of(format[0], self.buffer.itemsize)
        if kind < 0 or self.buffer.ndim > FM_MAX_NDIM:
            given = self.format().decode()
            raise TypeError(f"{name}: expected elements of a bool, integer or float type, got format '{given}'")
        self.array = fm_array(
            self.buffer.buf, <fm_type>kind, swapped and self.buffer.itemsize > 1, self.buffer.ndim, self.buffer.shape,
            self.buffer.strides, self.buffer.suboffsets,
        )
        return 0

    cdef const char *format(self) noexcept:
        return BYTES if self.buffer.format == NULL else self.buffer.format


cdef Held take(obj, str name):
    """TypeError if an object has no buffer."""
    if not PyObject_CheckBuffer(obj):
        raise TypeError(
            f"{name}: expected an object with a buffer, such as an array, got {reading.type_name(obj)}"
        )
    cdef Held held = Held.__new__(Held)
    PyObject_GetBuffer(obj, &held.buffer, PyBUF_FULL_RO)
    return held


cdef Held elements(obj, str name, bint writable=False):
    cdef Held held = take(obj, name)
    if writable and held.buffer.readonly:
        raise ValueError(f"{name}: expected memory that can be written to")
    held.describe(name)
    return held


cdef Held floats(obj, str name, bint writable=False):
    cdef Held held = elements(obj, name, writable)
    if held.array.type < FM_F16:
        raise TypeError(
            f"{name}: expected elements of type float64, float32 or float16, got format '{held.format().decode()}'"
        )
    return held


cdef Held elements_or_none(obj):
    """None where `elements` raises TypeError: iterating may still lead somewhere."""
    if PyObject_CheckBuffer(obj):
        try:
            return elements(obj, "")
        except TypeError:
            pass
    return None


cdef int type_of(char code, Py_ssize_t size) noexcept:
    """-1 where the kernels have no such type."""
    if code in b"BHILQN":
        return FM_U8 if size == 1 else FM_U16 if size == 2 else FM_U32 if size == 4 else FM_U64 if size == 8 else -1
    if code in b"bhilqn":
        return FM_I8 if size == 1 else FM_I16 if size == 2 else FM_I32 if size == 4 else FM_I64 if size == 8 else -1
    if code == b"d":
        return FM_F64 if size == 8 else -1
    if code == b"f":
        return FM_F32 if size == 4 else -1
    if code == b"e":
        return FM_F16 if size == 2 else -1
    return FM_BOOL if code == b"?" and size == 1 else -1


# ---- Long work: the GIL is released, and Ctrl-C is looked for ----

cdef int64_t milliseconds() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1000 + now.tv_nsec // 1000000


cdef int look(void *context) noexcept nogil:
    """Asked by the kernels now and then; the GIL is waited for only when it is time to look again."""
    cdef int64_t *next_look = <int64_t *>context
    cdef int stopped
    if milliseconds() < next_look[0]:
        return 0
    with gil:
        stopped = PyErr_CheckSignals()
    next_look[0] = milliseconds() + LOOK_EVERY
    return stopped


cdef fm_watch watching(int64_t *next_look) noexcept:
    next_look[0] = milliseconds() + LOOK_EVERY
    return fm_watch(look, next_look)


cdef int finish(fm_status status) except -1:
    if status == FM_STOPPED:
        return -1  # with the exception of a signal's handler
    if status != FM_OK:
        reading.raise_for(status)
    return 0


# ---- The functions ----

def add(a, b, /):
    """The sum of two integers of 32 bits."""
    cdef int32_t first = 0, second = 0
    if not (as_int32(a, &first) and as_int32(b, &second)):
        first, second = reading.int32_pair(a, b)
    return fm_add_i32(first, second)


cdef inline bint as_int32(item, int32_t *value):
    """Whether an item is a plain int of 32 bits; its value."""
    cdef int overflow = 0
    if type(item) is not int:
        return False
    cdef int64_t wide = PyLong_AsLongLongAndOverflow(item, &overflow)
    value[0] = <int32_t>wide
    return wide == value[0] and not overflow


def fast_exp(x, /, *, out=None):
    """As `fastmath.fast_exp`."""
    if type(x) is float and out is None:
        return fm_exp(x)
    if not PyObject_CheckBuffer(x) or not take(x, "fast_exp").buffer.ndim:
        return fm_exp(reading.exponent(x, out))
    cdef Held source = floats(x, "fast_exp")
    if out is None:
        shape = tuple([source.array.shape[d] for d in range(source.array.ndim)])
        out = empty(shape, "efd"[source.array.type - FM_F16])
    cdef Held target = floats(out, "fast_exp: out", writable=True)
    if not same_shape(&source.array, &target.array):
        raise ValueError("fast_exp: out must have the shape of x")
    cdef int64_t next_look = 0
    cdef fm_watch watch
    cdef fm_status status
    if source.is_large():
        watch = watching(&next_look)
        with nogil:
            status = fm_exp_array(&source.array, &target.array, &watch)
    else:
        status = fm_exp_array(&source.array, &target.array, NULL)
    finish(status)
    return out


cdef bint same_shape(const fm_array *a, const fm_array *b) noexcept:
    return a.ndim == b.ndim and not memcmp(a.shape, b.shape, a.ndim * sizeof(Py_ssize_t))


def fast_sum(numbers, /):
    """As `fastmath.fast_sum`."""
    if type(numbers) is list or type(numbers) is tuple:
        total = sum_of_ints(numbers)
        return pure.fast_sum(numbers) if total is None else total
    cdef Held held = elements_or_none(numbers)
    if held is None or held.array.type >= FM_F16 or not held.array.ndim:
        return pure.fast_sum(numbers)
    return sum_of_integers(held)


cdef sum_of_ints(items):
    """The sum of a list or tuple, or None if an item is no plain int of 64 bits: others may run code."""
    cdef int64_t[BLOCK] block
    cdef Py_ssize_t n = 0
    total = 0
    try:
        for item in items:
            if type(item) is not int and type(item) is not bool:
                return None
            if n == BLOCK:
                total += sum_of_block(block, n)
                n = 0
            block[n] = item
            n += 1
    except OverflowError:
        return None
    return total + sum_of_block(block, n)


cdef sum_of_block(int64_t *block, Py_ssize_t n):
    cdef Py_ssize_t stride = sizeof(int64_t)
    cdef fm_array array = fm_array(block, FM_I64, 0, 1, &n, &stride, NULL)
    cdef fm_int128 total
    finish(fm_sum_int(&array, NULL, &total))
    return as_int(total)


cdef sum_of_integers(Held held):
    cdef fm_int128 total
    cdef int64_t next_look = 0
    cdef fm_watch watch
    cdef fm_status status
    if held.is_large():
        watch = watching(&next_look)
        with nogil:
            status = fm_sum_int(&held.array, &watch, &total)
    else:
        status = fm_sum_int(&held.array, NULL, &total)
    finish(status)
    return as_int(total)


cdef as_int(fm_int128 total):
    if total.high == <int64_t>total.low >> 63:
        return <int64_t>total.low
    return (int(total.high) << 64) + total.low


def dot_product(a, b, /):
    """As `fastmath.dot_product`."""
    if (type(a) is list or type(a) is tuple) and (type(b) is list or type(b) is tuple):
        result = dot_of_numbers(list(a), list(b)) if len(a) == len(b) else None
    else:
        result = dot_of_buffers(elements_or_none(a), elements_or_none(b))
    return pure.dot_product(a, b) if result is None else result


cdef dot_of_numbers(list a, list b):
    """Of as many items each; None if one is neither a float nor an int that a double holds."""
    cdef double result
    cdef int exact
    cdef fm_dot_sum *total
    for exact in range(2):  # the quick sum is seldom too inexact to be rounded
        total = fm_dot_new(exact)
        if total == NULL:
            raise MemoryError
        plain = add_products(total, a, b)
        done = fm_dot_round(total, &result)
        fm_dot_free(total)
        if not plain:
            return None
        if done:
            return result


cdef bint add_products(fm_dot_sum *total, list a, list b):
    """False where it stopped at an item that is no plain number."""
    cdef double[BLOCK] x
    cdef double[BLOCK] y
    cdef Py_ssize_t i, n = 0
    for i in range(len(a)):
        if not (read(a[i], &x[n]) and read(b[i], &y[n])):
            return False
        n += 1
        if n == BLOCK:
            fm_dot_add(total, x, y, n)
            n = 0
    fm_dot_add(total, x, y, n)
    return True


cdef inline bint read(item, double *value):
    """Whether an item is a plain float, or an int that a double holds exactly; its value."""
    cdef int overflow = 0
    cdef int64_t integer
    if type(item) is float:
        value[0] = PyFloat_AS_DOUBLE(item)
        return True
    if type(item) is not int:
        return False
    integer = PyLong_AsLongLongAndOverflow(item, &overflow)
    value[0] = <double>integer
    return not overflow and -EXACT <= integer <= EXACT


cdef dot_of_buffers(Held a, Held b):
    """None if they are not two, of one dimension and one length."""
    if a is None or b is None or a.array.ndim != 1 or not same_shape(&a.array, &b.array):
        return None
    cdef double result = 0
    cdef int64_t next_look = 0
    cdef fm_watch watch
    cdef fm_status status
    if a.is_large():
        watch = watching(&next_look)
        with nogil:
            status = fm_dot(&a.array, &b.array, &watch, &result, NULL)
    else:
        status = fm_dot(&a.array, &b.array, NULL, &result, NULL)
    finish(status)
    return result


def numpy_sum(array, /, *, axis=None, keepdims=False):
    """As `fastmath.numpy_sum`."""
    cdef Held held = floats(array, "numpy_sum")
    if keepdims or axis is not None:
        return sum_axes(array, axis, keepdims, sum_into)
    return sum_of(&held.array, held.is_large(), 1)


def parallel_sum(buffer, /, *, workers=None):
    """As `fastmath.parallel_sum`."""
    cdef int count = reading.worker_count(workers)
    cdef Held held = elements(buffer, "parallel_sum")
    if held.array.type != FM_U8:
        held = floats(buffer, "parallel_sum")
        return sum_of(&held.array, held.is_large(), count)
    cdef Py_ssize_t length = bytes_as_doubles(held), stride = sizeof(double)
    cdef fm_array doubles = fm_array(held.buffer.buf, FM_F64, 0, 1, &length, &stride, NULL)
    return sum_of(&doubles, held.is_large(), count)


cdef Py_ssize_t bytes_as_doubles(Held held) except -1:
    if not PyBuffer_IsContiguous(&held.buffer, b"C"):
        raise ValueError("parallel_sum: raw bytes must be contiguous")
    if held.buffer.len % sizeof(double):
        raise ValueError(f"parallel_sum: the length of raw bytes must be a multiple of 8, got {held.buffer.len}")
    return held.buffer.len // sizeof(double)


cdef double sum_of(const fm_array *array, bint large, int workers) except? -1:
    cdef double result = 0
    cdef int64_t next_look = 0
    cdef fm_watch watch
    cdef fm_status status
    if large:
        watch = watching(&next_look)
        with nogil:
            status = fm_sum(array, workers, &watch, &result, NULL)
    else:
        status = fm_sum(array, 1, NULL, &result, NULL)
    finish(status)
    return result


def sum_into(array, result):
    cdef Held source = floats(array, "numpy_sum"), target = floats(result, "result", writable=True)
    cdef int64_t next_look = 0
    cdef fm_watch watch = watching(&next_look)
    cdef fm_status status
    with nogil:
        status = fm_sum_axes(&source.array, &target.array, 1, &watch)
    finish(status)


def rank_filter(input, output, sizes, origins, footprint, rank, modes, bytes cval, workers):
    cdef Held source = elements(input, "input"), target = elements(output, "output", writable=True)
    cdef Py_ssize_t[FM_MAX_NDIM] size
    cdef Py_ssize_t[FM_MAX_NDIM] origin
    cdef fm_mode[FM_MAX_NDIM] mode
    cdef const unsigned char[::1] members = None if footprint is None else footprint.reshape(-1).view("B")
    for d, (length, shift, border) in enumerate(zip(sizes, origins, reading.mode_tuple(modes, input.ndim))):
        size[d] = length
        origin[d] = shift
        mode[d] = border
    cdef fm_window window
    window.size = size
    window.origin = origin
    window.mode = mode
    window.footprint = NULL
    if members is not None:
        window.footprint = &members[0]
    window.rank = rank
    window.fill = <const char *>cval
    cdef int threads = min(workers, reading.MOST_WORKERS)
    cdef int64_t next_look = 0
    cdef fm_watch watch = watching(&next_look)
    cdef fm_status status
    with nogil:
        status = fm_rank_filter(&source.array, &target.array, &window, threads, &watch)
    finish(status)
