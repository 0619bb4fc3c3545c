/* fast_exp: e**x for numbers and buffers. */
#include "core.h"

#include <math.h>
#include <string.h>

/* numpy.empty(shape, type): a new array through NumPy's Python interface. */
static PyObject *new_array(const fm_array *like)
{
    const char *type = like->type == FM_F64 ? "d" : like->type == FM_F32 ? "f" : "e";
    PyObject *shape = PyTuple_New(like->ndim);
    for (int d = 0; shape && d < like->ndim; d++) {
        PyObject *n = PyLong_FromSsize_t(like->shape[d]);
        if (!n)
            Py_CLEAR(shape);
        else
            PyTuple_SET_ITEM(shape, d, n);
    }
    PyObject *numpy = shape ? PyImport_ImportModule("numpy") : NULL;
    PyObject *array = numpy ? PyObject_CallMethod(numpy, "empty", "Os", shape, type) : NULL;
    Py_XDECREF(numpy);
    Py_XDECREF(shape);
    return array;
}

static int same_shape(const fm_array *a, const fm_array *b)
{
    return a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape);
}

static int exp_into(const fm_array *x, PyObject *out, Py_ssize_t size)
{
    core_array result = {0};
    if (core_float_array_get(out, "fast_exp: out", 1, &result) < 0)
        return -1;
    int failed = -1;
    if (!same_shape(x, &result.array)) {
        PyErr_SetString(PyExc_ValueError, "fast_exp: out must have the shape of x");
    } else if (size < CORE_BIG) {
        failed = fm_exp_array(x, &result.array, NULL) == FM_OK ? 0 : (PyErr_NoMemory(), -1);
    } else {
        core_watch_state state;
        fm_watch watch = core_watch_begin(&state);
        failed = core_watch_end(&state, fm_exp_array(x, &result.array, &watch));
    }
    core_array_release(&result);
    return failed;
}

static PyObject *exp_of_buffer(PyObject *obj, PyObject *out)
{
    core_array x = {0};
    if (core_float_array_get(obj, "fast_exp", 0, &x) < 0)
        return NULL;
    PyObject *result = out == Py_None ? new_array(&x.array) : Py_NewRef(out);
    if (result && exp_into(&x.array, result, x.buffer.len / x.buffer.itemsize) < 0)
        Py_CLEAR(result);
    core_array_release(&x);
    return result;
}

/* Whether obj is a buffer of at least one dimension: -1 with an exception set on failure. */
static int is_array(PyObject *obj)
{
    if (!PyObject_CheckBuffer(obj))
        return 0;
    Py_buffer buffer;
    if (PyObject_GetBuffer(obj, &buffer, PyBUF_FULL_RO) < 0)
        return -1;
    int ndim = buffer.ndim;
    PyBuffer_Release(&buffer);
    return ndim > 0;
}

/* Integers too large for a float are as good as infinities. */
static int as_double(PyObject *obj, double *x)
{
    if (!PyNumber_Check(obj) || PyComplex_Check(obj)) {
        PyErr_Format(PyExc_TypeError, "fast_exp: expected a float or a buffer of floats, got %s",
                     Py_TYPE(obj)->tp_name);
        return -1;
    }
    *x = PyFloat_AsDouble(obj);
    if (*x != -1 || !PyErr_Occurred())
        return 0;
    if (!PyLong_Check(obj) || !PyErr_ExceptionMatches(PyExc_OverflowError))
        return -1;
    PyErr_Clear();
    int overflow;
    PyLong_AsLongLongAndOverflow(obj, &overflow);
    *x = overflow < 0 ? -INFINITY : INFINITY;
    return 0;
}

PyDoc_STRVAR(fast_exp_doc,
"fast_exp($module, x, /, *, out=None)\n--\n\n"
"e**x, within 1 unit in the last place.\n\n"
"Parameters\n----------\n"
"x : float or buffer of float64, float32 or float16\n"
"    A buffer may have any strides, byte order and number of dimensions.\n"
"out : buffer of float64, float32 or float16, optional\n"
"    Where to put the results for a buffer; of its shape. It may be x itself.\n\n"
"Returns\n-------\n"
"float or numpy.ndarray\n"
"    A float for a float; for a buffer out, or else a new array of the same shape and type.\n\n"
"Raises\n------\n"
"TypeError\n    If x or out is of another type.\n"
"ValueError\n    If out has another shape.\n\n"
"Notes\n-----\n"
"Overflow gives inf and underflow 0.0 or a subnormal number, without exception or warning. The result has\n"
"the same bits on every machine.\n\n"
"Examples\n--------\n"
">>> import fastmath\n"
">>> fastmath.fast_exp(0.5)\n"
"1.6487212707001282\n");

static PyObject *fast_exp(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const positional[] = {"x", NULL};
    static const char *const keywords[] = {"out", NULL};
    PyObject *values[] = {Py_None};
    if (core_arguments("fast_exp", positional, count, args, names, keywords, values) < 0)
        return NULL;
    int array = PyFloat_Check(args[0]) ? 0 : is_array(args[0]);
    if (array < 0)
        return NULL;
    if (array)
        return exp_of_buffer(args[0], values[0]);
    double x;
    if (as_double(args[0], &x) < 0)
        return NULL;
    if (values[0] != Py_None)
        return PyErr_Format(PyExc_TypeError, "fast_exp: out goes with a buffer, not with a number");
    return PyFloat_FromDouble(fm_exp(x));
}

PyMethodDef core_exp_methods[] = {
    {"fast_exp", (PyCFunction)(void (*)(void))fast_exp, METH_FASTCALL | METH_KEYWORDS, fast_exp_doc},
    {NULL, NULL, 0, NULL},
};
