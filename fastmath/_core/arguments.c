/* Arguments of FASTCALL functions. */
#include "core.h"

/* The texts are those of Python functions. */
static int arity_error(const char *name, const char *const *positional, Py_ssize_t expected, Py_ssize_t count)
{
    if (count > expected)
        PyErr_Format(PyExc_TypeError, "%s() takes %zd positional argument%s but %zd were given", name, expected,
                     expected == 1 ? "" : "s", count);
    else if (expected - count == 1)
        PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: '%s'", name,
                     positional[count]);
    else
        PyErr_Format(PyExc_TypeError, "%s() missing 2 required positional arguments: '%s' and '%s'", name,
                     positional[0], positional[1]);
    return -1;
}

int core_arguments(const char *name, const char *const *positional, Py_ssize_t count, PyObject *const *args,
                   PyObject *names, const char *const *keywords, PyObject **values)
{
    Py_ssize_t expected = 0, named = names ? PyTuple_GET_SIZE(names) : 0;
    while (positional[expected])
        expected++;
    if (count != expected)
        return arity_error(name, positional, expected, count);
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *given = PyTuple_GET_ITEM(names, i);
        int k = 0;
        while (keywords[k] && PyUnicode_CompareWithASCIIString(given, keywords[k]))
            k++;
        if (!keywords[k]) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", name, given);
            return -1;
        }
        values[k] = args[count + i];
    }
    return 0;
}

int core_float_array_get(PyObject *obj, const char *name, int writable, core_array *out)
{
    if (core_array_get(obj, name, writable, out) < 0)
        return -1;
    if (out->array.type >= FM_F16)
        return 0;
    PyErr_Format(PyExc_TypeError, "%s: expected elements of type float64, float32 or float16, got format '%s'",
                 name, out->buffer.format ? out->buffer.format : "B");
    core_array_release(out);
    return -1;
}

PyObject *core_flag_names(unsigned flags, const char *const *names)
{
    PyObject *set = PySet_New(NULL);
    for (int i = 0; set && names[i]; i++) {
        PyObject *name = flags >> i & 1 ? PyUnicode_FromString(names[i]) : NULL;
        if (flags >> i & 1 && (!name || PySet_Add(set, name) < 0))
            Py_CLEAR(set);
        Py_XDECREF(name);
    }
    return set;
}
