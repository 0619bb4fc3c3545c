/* fast_sum: exact sums of integers in lists, tuples, ranges, iterators and buffers. */
#include "core.h"
#include "integers.h"
#include "items.h"

static int add_iterable(core_integers *t, PyObject *iterable)
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
            failed = core_integers_add(t, item, position);
        Py_DECREF(item);
        if (failed || (position % CORE_LOOK_EVERY == CORE_LOOK_EVERY - 1 && PyErr_CheckSignals() < 0))
            break;
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
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
    core_integers t = {.small = (core_wide)sum.high * ((core_wide)1 << 64) + sum.low};
    *result = core_integers_sum(&t);
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
    core_integers t = {0};
    PyObject *result = NULL;
    int failed;
    if (core_has_items(numbers)) {
        failed = core_integers_add_items(&t, numbers);
    } else {
        int done = sum_of_buffer(numbers, &result);
        if (done)
            return done < 0 ? NULL : result;
        failed = add_iterable(&t, numbers);
    }
    if (!failed)
        result = core_integers_sum(&t);
    core_integers_drop(&t);
    return result;
}

PyDoc_STRVAR(list_paths_doc,
"list_paths($module, numbers, /)\n--\n\n"
"How fast_sum reads a list or tuple: a set of 'compact', 'digits' and 'other'. For tests.");

static PyObject *list_paths(PyObject *module, PyObject *numbers)
{
    static const char *const names[] = {"compact", "digits", "other", NULL};
    if (!core_has_items(numbers))
        return PyErr_Format(PyExc_TypeError, "list_paths: expected a list or a tuple");
    core_integers t = {0};
    int failed = core_integers_add_items(&t, numbers);
    core_integers_drop(&t);
    return failed ? NULL : core_flag_names(t.paths, names);
}

PyMethodDef core_fast_sum_methods[] = {
    {"list_paths", list_paths, METH_O, list_paths_doc},
    {"fast_sum", fast_sum, METH_O, fast_sum_doc},
    {NULL, NULL, 0, NULL},
};
