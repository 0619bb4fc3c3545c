/* add: two ints of 32 bits. The shortest complete example of a function of this extension:
 *
 *     def add(a, b, /):
 *         return int32(a) + int32(b)
 */
#include "core.h"

/* Whether an item is a plain int of 32 bits, which is read without more ado; its value. */
static inline int is_int32(PyObject *item, int32_t *value)
{
    if (!PyLong_CheckExact(item))
        return 0;
    int overflow;
    long long wide = PyLong_AsLongLongAndOverflow(item, &overflow);
    *value = (int32_t)wide;
    return wide == *value && !overflow;
}

/* -1 with an exception set if item is no integer, or has more than 32 bits. */
static int as_int32(PyObject *item, int32_t *value)
{
    PyObject *integer = PyNumber_Index(item);
    if (!integer) {
        if (!PyIndex_Check(item))
            PyErr_Format(PyExc_TypeError, "add: expected integers, got %s", Py_TYPE(item)->tp_name);
        return -1;
    }
    int overflow;
    long long wide = PyLong_AsLongLongAndOverflow(integer, &overflow);
    *value = (int32_t)wide;
    int fits = !overflow && wide >= INT32_MIN && wide <= INT32_MAX;
    if (!fits)
        PyErr_Format(PyExc_OverflowError, "add: expected integers of 32 bits, got %S", integer);
    Py_DECREF(integer);
    return fits ? 0 : -1;
}

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    static const char *const positional[] = {"a", "b", NULL};
    int32_t a, b;
    if (count == 2 && is_int32(args[0], &a) && is_int32(args[1], &b))
        return PyLong_FromLongLong(fm_add_i32(a, b));
    if (core_arguments("add", positional, count, args, NULL, NULL, NULL) < 0 || as_int32(args[0], &a) < 0 ||
        as_int32(args[1], &b) < 0)
        return NULL;
    return PyLong_FromLongLong(fm_add_i32(a, b));
}

PyMethodDef core_add_methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL,
     "add($module, a, b, /)\n--\n\n"
     "The sum of two integers of 32 bits.\n\n"
     "It does next to nothing, so what it takes is what a call takes.\n\n"
     "Parameters\n----------\na, b : int\n\n"
     "Returns\n-------\nint\n\n"
     "Raises\n------\n"
     "TypeError\n    If one is no integer.\n"
     "OverflowError\n    If one has more than 32 bits.\n"},
    {NULL, NULL, 0, NULL},
};
