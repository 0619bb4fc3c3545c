/* add through the C API, to be linked in many places. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "straight.h"

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "add: expected two arguments");
        return NULL;
    }
    long a = PyLong_AsLong(args[0]), b;
    if ((a == -1 && PyErr_Occurred()) || ((b = PyLong_AsLong(args[1])) == -1 && PyErr_Occurred()))
        return NULL;
    if (a < INT32_MIN || a > INT32_MAX || b < INT32_MIN || b > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "add: expected ints of 32 bits");
        return NULL;
    }
    return PyLong_FromLongLong(straight_add((int32_t)a, (int32_t)b));
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, "add($module, a, b, /)\n--\n\nThe sum of two ints."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "capi_add", .m_size = 0, .m_methods = methods, .m_slots = slots,
};

PyMODINIT_FUNC PyInit_capi_add(void)
{
    return PyModuleDef_Init(&module);
}
