/* straight.h through the C API: calls with no more than the call needs, the steps that one of them is made of, and
 * the loop over a list that tutorials show. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

#include "straight.h"

static PyObject *nothing(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Py_RETURN_NONE;
}

/* -1 with an exception set if the arguments are not two ints of 32 bits. */
static int two_ints(PyObject *const *args, Py_ssize_t count, int32_t *a, int32_t *b)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "expected two arguments");
        return -1;
    }
    long x = PyLong_AsLong(args[0]), y;
    if ((x == -1 && PyErr_Occurred()) || ((y = PyLong_AsLong(args[1])) == -1 && PyErr_Occurred()))
        return -1;
    if (x < INT32_MIN || x > INT32_MAX || y < INT32_MIN || y > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "expected ints of 32 bits");
        return -1;
    }
    *a = (int32_t)x;
    *b = (int32_t)y;
    return 0;
}

static PyObject *convert(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    int32_t a, b;
    if (two_ints(args, count, &a, &b) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    int32_t a, b;
    if (two_ints(args, count, &a, &b) < 0)
        return NULL;
    return PyLong_FromLongLong(straight_add(a, b));
}

static PyObject *add_parsed(PyObject *module, PyObject *args)
{
    int a, b;
    if (!PyArg_ParseTuple(args, "ii", &a, &b))
        return NULL;
    return PyLong_FromLongLong(straight_add(a, b));
}

static PyObject *half(PyObject *module, PyObject *x)
{
    double value = PyFloat_AsDouble(x);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyFloat_FromDouble(straight_half(value));
}

static PyObject *sum(PyObject *module, PyObject *numbers)
{
    Py_buffer buffer;
    if (PyObject_GetBuffer(numbers, &buffer, PyBUF_FORMAT | PyBUF_ND) < 0)
        return NULL;
    PyObject *result = NULL;
    if (buffer.itemsize != sizeof(int64_t) || buffer.ndim != 1 || !strchr("lq", *buffer.format))
        PyErr_SetString(PyExc_TypeError, "sum: expected an array of int64");
    else
        result = PyLong_FromLongLong(straight_sum(buffer.buf, buffer.shape[0]));
    PyBuffer_Release(&buffer);
    return result;
}

/* A list copied into an array, as C wants it. An item that is no int could run code that changes the list. */
static PyObject *sum_list(PyObject *module, PyObject *list)
{
    if (!PyList_Check(list))
        return PyErr_Format(PyExc_TypeError, "sum_list: expected a list");
    Py_ssize_t n = PyList_GET_SIZE(list);
    int64_t *numbers = PyMem_Malloc((size_t)n * sizeof *numbers);
    if (!numbers)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        int failed = !PyLong_Check(item);
        if (failed)
            PyErr_SetString(PyExc_TypeError, "sum_list: expected ints");
        else
            failed = (numbers[i] = PyLong_AsLongLong(item)) == -1 && PyErr_Occurred();
        if (failed) {
            PyMem_Free(numbers);
            return NULL;
        }
    }
    int64_t result = straight_sum(numbers, n);
    PyMem_Free(numbers);
    return PyLong_FromLongLong(result);
}

/* Adds item after item, fetched as objects of any sequence. It is the tutorial's but for the check: its sum
 * went round silently. */
static PyObject *loop_sum(PyObject *module, PyObject *numbers)
{
    long long total = 0;
    Py_ssize_t size = PySequence_Size(numbers);
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = PySequence_GetItem(numbers, i);
        if (!item)
            return NULL;
        long long value = PyLong_AsLongLong(item);
        Py_DECREF(item);
        if (value == -1 && PyErr_Occurred())
            return NULL;
        if (__builtin_add_overflow(total, value, &total)) {
            PyErr_SetString(PyExc_OverflowError, "loop_sum: the sum has more than 64 bits");
            return NULL;
        }
    }
    return size < 0 ? NULL : PyLong_FromLongLong(total);
}

static int is_image(const Py_buffer *buffer)
{
    return buffer->ndim == 2 && buffer->itemsize == sizeof(uint16_t);
}

static PyObject *median(PyObject *module, PyObject *args)
{
    PyObject *source, *target;
    Py_buffer image, result;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "OOn", &source, &target, &size) || PyObject_GetBuffer(source, &image, PyBUF_ND) < 0)
        return NULL;
    if (PyObject_GetBuffer(target, &result, PyBUF_ND | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&image);
        return NULL;
    }
    int failed = 1;
    if (!is_image(&image) || !is_image(&result) || image.len != result.len || size < 1 || size > 1000)
        PyErr_SetString(PyExc_ValueError, "median: expected two images of uint16 and a size");
    else if (straight_median(image.buf, result.buf, image.shape[0], image.shape[1], size) < 0)
        PyErr_NoMemory();
    else
        failed = 0;
    PyBuffer_Release(&result);
    PyBuffer_Release(&image);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"nothing", (PyCFunction)(void (*)(void))nothing, METH_FASTCALL, "nothing($module, /)\n--\n\nDo nothing."},
    {"ignore", (PyCFunction)(void (*)(void))nothing, METH_FASTCALL,
     "ignore($module, a, b, /)\n--\n\nDo nothing with two arguments."},
    {"convert", (PyCFunction)(void (*)(void))convert, METH_FASTCALL,
     "convert($module, a, b, /)\n--\n\nRead two ints, and do nothing with them."},
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, "add($module, a, b, /)\n--\n\nThe sum of two ints."},
    {"add_parsed", add_parsed, METH_VARARGS,
     "add_parsed($module, a, b, /)\n--\n\nThe sum of two ints, read by PyArg_ParseTuple."},
    {"half", half, METH_O, "half($module, x, /)\n--\n\nHalf of a float."},
    {"sum", sum, METH_O, "sum($module, numbers, /)\n--\n\nThe sum of an array of int64."},
    {"sum_list", sum_list, METH_O, "sum_list($module, numbers, /)\n--\n\nThe sum of a list of ints."},
    {"loop_sum", loop_sum, METH_O, "loop_sum($module, numbers, /)\n--\n\nThe sum, item by item."},
    {"median", median, METH_VARARGS, "Write the median filter of a uint16 image into another."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "fastmath.bench.straight._capi", .m_size = 0, .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__capi(void)
{
    return PyModuleDef_Init(&module);
}
