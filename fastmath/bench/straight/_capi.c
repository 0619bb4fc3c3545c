/* straight.h through the C API, and the loop over a list that tutorials show. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "straight.h"

static PyObject *nothing(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Py_RETURN_NONE;
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
