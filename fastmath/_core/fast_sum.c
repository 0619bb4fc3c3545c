/* fast_sum: exact sums of integers in lists, tuples, ranges, iterators and buffers. */
#include "core.h"
#include "items.h"

__extension__ typedef __int128 wide;

/* The total is small + big; big is NULL or an int. */
typedef struct {
    wide small;
    PyObject *big;
} total;

static int add_big(total *t, PyObject *integer)
{
    PyObject *sum = t->big ? PyNumber_Add(t->big, integer) : Py_NewRef(integer);
    if (!sum)
        return -1;
    Py_XSETREF(t->big, sum);
    return 0;
}

/* Adds any item at all. */
static int add_item(total *t, PyObject *item, Py_ssize_t position)
{
    PyObject *index = PyNumber_Index(item);
    if (!index) {
        if (PyErr_ExceptionMatches(PyExc_TypeError) && !PyIndex_Check(item))
            PyErr_Format(PyExc_TypeError, "fast_sum: expected an integer at position %zd, got %s", position,
                         Py_TYPE(item)->tp_name);
        return -1;
    }
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(index, &overflow);
    int failed = 0;
    if (overflow)
        failed = add_big(t, index);
    else
        t->small += value;
    Py_DECREF(index);
    return failed;
}

/* Adds to *sum many ints, if all are compact. Memory gives more when it is read at several places. */
enum { STREAMS = 4, STREAM = 1 << 12 };

static int add_compact_streams(int64_t *sum, PyObject *const *items)
{
    int64_t here = 0;
    for (Py_ssize_t i = 0; i < STREAM; i++)
        for (Py_ssize_t k = 0; k < STREAMS; k++) {
            PyObject *item = items[k * STREAM + i];
            __builtin_prefetch(items[k * STREAM + (i + CORE_AHEAD < STREAM ? i + CORE_AHEAD : i)]);
            if (!PyLong_CheckExact(item) || !core_is_compact(item))
                return 0;
            here += core_compact_value(item);
        }
    *sum += here;
    return 1;
}

/* Adds compact ints from p->next on, until the end, another item or CORE_LOOK_EVERY of them. What stopped it
 * is returned, held, or NULL. */
static PyObject *add_compact_run(total *t, core_place *p)
{
    PyObject *odd = NULL, **items = core_items_now(p);
    Py_ssize_t size = core_size_now(p), i = p->next;
    Py_ssize_t end = size - i > CORE_LOOK_EVERY ? i + CORE_LOOK_EVERY : size;
    int64_t sum = 0; /* of at most 2**20 values below 2**30 */
    while (end - i >= STREAMS * STREAM && add_compact_streams(&sum, items + i))
        i += STREAMS * STREAM;
    for (; i < end; i++) {
        PyObject *item = items[i];
        __builtin_prefetch(items[i + CORE_AHEAD < size ? i + CORE_AHEAD : i]);
        if (!PyLong_CheckExact(item) || !core_is_compact(item)) {
            odd = Py_NewRef(item);
            break;
        }
        sum += core_compact_value(item);
    }
    t->small += sum;
    p->next = i;
    return odd;
}

static int add_sequence(total *t, PyObject *sequence)
{
    core_place p = {sequence, 0};
    while (p.next < core_size_now(&p)) {
        PyObject *odd = add_compact_run(t, &p);
        if (!odd) {
            if (PyErr_CheckSignals() < 0)
                return -1;
            continue;
        }
        int failed = add_item(t, odd, p.next++);
        Py_DECREF(odd);
        if (failed)
            return -1;
    }
    return 0;
}

static int add_iterable(total *t, PyObject *iterable)
{
    PyObject *iterator = PyObject_GetIter(iterable);
    if (!iterator)
        return -1;
    PyObject *item;
    for (Py_ssize_t position = 0; (item = PyIter_Next(iterator)); position++) {
        int failed = 0;
        if (PyLong_CheckExact(item) && core_is_compact(item))
            t->small += core_compact_value(item);
        else
            failed = add_item(t, item, position);
        Py_DECREF(item);
        if (failed || (position % CORE_LOOK_EVERY == CORE_LOOK_EVERY - 1 && PyErr_CheckSignals() < 0))
            break;
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *from_wide(wide value)
{
    if (value == (int64_t)value)
        return PyLong_FromLongLong((int64_t)value);
    PyObject *high = PyLong_FromLongLong((int64_t)(value >> 64));
    PyObject *low = PyLong_FromUnsignedLongLong((uint64_t)value), *bits = PyLong_FromLong(64);
    PyObject *shifted = high && bits ? PyNumber_Lshift(high, bits) : NULL;
    PyObject *sum = shifted && low ? PyNumber_Or(shifted, low) : NULL;
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(bits);
    Py_XDECREF(shifted);
    return sum;
}

static PyObject *get_total(total *t)
{
    PyObject *small = from_wide(t->small);
    if (!small || !t->big)
        return small;
    PyObject *sum = PyNumber_Add(t->big, small);
    Py_DECREF(small);
    return sum;
}

/* An item of a range, which may be too long for len(). */
static PyObject *range_item(PyObject *range, long i)
{
    PyObject *index = PyLong_FromLong(i);
    PyObject *item = index ? PyObject_GetItem(range, index) : NULL;
    Py_XDECREF(index);
    return item;
}

/* n (first + last) / 2, where n = (last - first) / step + 1 */
static PyObject *sum_of_range(PyObject *range)
{
    PyObject *first = range_item(range, 0);
    if (!first && PyErr_ExceptionMatches(PyExc_IndexError)) {
        PyErr_Clear();
        return PyLong_FromLong(0);
    }
    PyObject *last = first ? range_item(range, -1) : NULL;
    PyObject *step = last ? PyObject_GetAttrString(range, "step") : NULL, *one = PyLong_FromLong(1);
    PyObject *span = step && one ? PyNumber_Subtract(last, first) : NULL;
    PyObject *steps = span ? PyNumber_FloorDivide(span, step) : NULL;
    PyObject *n = steps ? PyNumber_Add(steps, one) : NULL;
    PyObject *ends = n ? PyNumber_Add(first, last) : NULL;
    PyObject *twice = ends ? PyNumber_Multiply(n, ends) : NULL;
    PyObject *result = twice ? PyNumber_Rshift(twice, one) : NULL;
    PyObject *held[] = {first, last, step, one, span, steps, n, ends, twice};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_XDECREF(held[i]);
    return result;
}

/* 1 and *result if obj is a buffer of integers, 0 if it is not, -1 with an exception set. */
static int sum_of_buffer(PyObject *obj, PyObject **result)
{
    core_array array = {0};
    if (!PyObject_CheckBuffer(obj))
        return 0;
    if (core_array_get(obj, "fast_sum", 0, &array) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError))
            return -1;
        PyErr_Clear(); /* such as an array of Python objects */
        return 0;
    }
    if (array.array.type > FM_I64 || array.array.ndim == 0) {
        core_array_release(&array);
        return 0;
    }
    fm_int128 sum = {0};
    core_watch_state state;
    int failed = 0;
    if (array.buffer.len < CORE_BIG * 8) {
        fm_sum_int(&array.array, NULL, &sum);
    } else {
        fm_watch watch = core_watch_begin(&state);
        failed = core_watch_end(&state, fm_sum_int(&array.array, &watch, &sum));
    }
    core_array_release(&array);
    if (failed)
        return -1;
    *result = from_wide((wide)sum.high * ((wide)1 << 64) + sum.low);
    return *result ? 1 : -1;
}

PyDoc_STRVAR(fast_sum_doc,
"fast_sum($module, numbers, /)\n--\n\n"
"Exact sum of integers of any size.\n\n"
"Parameters\n----------\n"
"numbers : iterable of int or buffer of integers\n"
"    A list or tuple of ints, a range, a buffer of integers of any width and layout (array.array, NumPy,\n"
"    memoryview) are read without an iterator. bool and objects with __index__ count.\n\n"
"Returns\n-------\nint\n\n"
"Raises\n------\n"
"TypeError\n    If an item is no integer; the message names its position.\n\n"
"Examples\n--------\n"
">>> import fastmath\n"
">>> fastmath.fast_sum([1, 2, 2**100])\n"
"1267650600228229401496703205379\n");

static PyObject *fast_sum(PyObject *module, PyObject *numbers)
{
    if (PyRange_Check(numbers))
        return sum_of_range(numbers);
    total t = {0, NULL};
    PyObject *result = NULL;
    int failed;
    if (core_has_items(numbers)) {
        failed = add_sequence(&t, numbers);
    } else {
        int done = sum_of_buffer(numbers, &result);
        if (done)
            return done < 0 ? NULL : result;
        failed = add_iterable(&t, numbers);
    }
    if (!failed)
        result = get_total(&t);
    Py_XDECREF(t.big);
    return result;
}

PyMethodDef core_fast_sum_methods[] = {
    {"fast_sum", fast_sum, METH_O, fast_sum_doc},
    {NULL, NULL, 0, NULL},
};
