/* numpy_sum and parallel_sum: correctly rounded sums of buffers. */
#include "core.h"

/* fm_sum, with the GIL released if there is much to do. 0, or -1 with an exception set. */
static int sum_array(const fm_array *array, Py_ssize_t size, int workers, double *result, unsigned *paths)
{
    if (size < CORE_BIG)
        return fm_sum(array, 1, NULL, result, paths) == FM_OK ? 0 : (PyErr_NoMemory(), -1);
    core_watch_state state;
    fm_watch watch = core_watch_begin(&state);
    return core_watch_end(&state, fm_sum(array, workers, &watch, result, paths));
}

static Py_ssize_t size_of(const core_array *array)
{
    return array->buffer.itemsize ? array->buffer.len / array->buffer.itemsize : 0;
}

/* The part that needs NumPy is in Python: fastmath/_axes.py makes the result and calls sum_into. */
static PyObject *sum_over_axes(PyObject *array, PyObject *axis, PyObject *keepdims)
{
    PyObject *module = PyImport_ImportModule("fastmath._axes");
    PyObject *sum_axes = module ? PyObject_GetAttrString(module, "sum_axes") : NULL;
    PyObject *args[] = {array, axis, keepdims};
    PyObject *result = sum_axes ? PyObject_Vectorcall(sum_axes, args, 3, NULL) : NULL;
    Py_XDECREF(module);
    Py_XDECREF(sum_axes);
    return result;
}

PyDoc_STRVAR(numpy_sum_doc,
"numpy_sum($module, array, /, *, axis=None, keepdims=False)\n--\n\n"
"Correctly rounded sum of the elements of a floating-point array.\n\n"
"The result is the float nearest to the exact sum, ties to even: it does not depend on the order of the\n"
"elements, on their layout in memory or on the machine.\n\n"
"Parameters\n----------\n"
"array : buffer of float64, float32 or float16\n"
"    Of any strides, byte order and number of dimensions, such as a NumPy array, an array.array or a\n"
"    memoryview. It is not copied.\n"
"axis : None, int or tuple of ints, optional\n"
"    The axes to sum over; all of them by default.\n"
"keepdims : bool, optional\n"
"    Whether the axes summed over stay in the result, with length 1.\n\n"
"Returns\n-------\n"
"float or numpy.ndarray\n"
"    A float where nothing is left to index, else an array of float64.\n\n"
"Raises\n------\n"
"TypeError\n    If array is no buffer of floats; raw bytes are none.\n\n"
"Notes\n-----\n"
"A NaN gives NaN, inf - inf gives NaN, a true sum beyond the range gives an infinity, the empty sum is 0.0,\n"
"and a zero is +0.0 unless every element is -0.0. No exception, no warning.\n\n"
"Examples\n--------\n"
">>> import fastmath, numpy\n"
">>> fastmath.numpy_sum(numpy.array([1e100, 1.0, -1e100]))\n"
"1.0\n");

static PyObject *numpy_sum(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const positional[] = {"array", NULL};
    static const char *const keywords[] = {"axis", "keepdims", NULL};
    PyObject *values[] = {Py_None, Py_False};
    if (core_arguments("numpy_sum", positional, count, args, names, keywords, values) < 0)
        return NULL;
    int keep = PyObject_IsTrue(values[1]);
    core_array array = {0};
    if (keep < 0 || core_float_array_get(args[0], "numpy_sum", 0, &array) < 0)
        return NULL;
    if (keep || values[0] != Py_None) {
        core_array_release(&array);
        return sum_over_axes(args[0], values[0], keep ? Py_True : Py_False);
    }
    double result;
    int failed = sum_array(&array.array, size_of(&array), 1, &result, NULL);
    core_array_release(&array);
    return failed ? NULL : PyFloat_FromDouble(result);
}

PyDoc_STRVAR(sum_into_doc,
"sum_into($module, array, result, /)\n--\n\n"
"Write the sums of a float array over the axes where result, a float64 array, has length 1.");

static PyObject *sum_into(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    static const char *const positional[] = {"array", "result", NULL};
    core_array array = {0}, result = {0};
    if (core_arguments("sum_into", positional, count, args, NULL, NULL, NULL) < 0 ||
        core_float_array_get(args[0], "numpy_sum", 0, &array) < 0)
        return NULL;
    if (core_float_array_get(args[1], "result", 1, &result) < 0) {
        core_array_release(&array);
        return NULL;
    }
    int failed;
    if (size_of(&array) < CORE_BIG && size_of(&result) < CORE_BIG) {
        failed = core_raise_for(fm_sum_axes(&array.array, &result.array, 1, NULL));
    } else {
        core_watch_state state;
        fm_watch watch = core_watch_begin(&state);
        failed = core_watch_end(&state, fm_sum_axes(&array.array, &result.array, 1, &watch));
    }
    core_array_release(&result);
    core_array_release(&array);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

/* None is every core, 0. -1 with an exception set if it is neither None nor a positive integer. */
static int read_workers(PyObject *obj)
{
    if (obj == Py_None)
        return 0;
    PyObject *index = PyNumber_Index(obj);
    if (!index) {
        if (!PyIndex_Check(obj))
            PyErr_Format(PyExc_TypeError, "parallel_sum: workers must be an integer or None, got %s",
                         Py_TYPE(obj)->tp_name);
        return -1;
    }
    int overflow;
    long workers = PyLong_AsLongAndOverflow(index, &overflow);
    if (overflow > 0 || workers > INT16_MAX)
        workers = INT16_MAX; /* the pool has a limit of its own, below this */
    else if (overflow < 0 || (workers < 1 && !PyErr_Occurred()))
        PyErr_Format(PyExc_ValueError, "parallel_sum: workers must be at least 1, got %R", index);
    Py_DECREF(index);
    return PyErr_Occurred() ? -1 : (int)workers;
}

/* Contiguous raw bytes as an array of one dimension of native doubles. */
static int read_bytes_as_doubles(core_array *array, ptrdiff_t *shape, ptrdiff_t *stride)
{
    if (!PyBuffer_IsContiguous(&array->buffer, 'C')) {
        PyErr_SetString(PyExc_ValueError, "parallel_sum: raw bytes must be contiguous");
        return -1;
    }
    if (array->buffer.len % (Py_ssize_t)sizeof(double)) {
        PyErr_Format(PyExc_ValueError, "parallel_sum: the length of raw bytes must be a multiple of 8, got %zd",
                     array->buffer.len);
        return -1;
    }
    *shape = array->buffer.len / (Py_ssize_t)sizeof(double);
    *stride = sizeof(double);
    array->array = (fm_array){.data = array->buffer.buf, .type = FM_F64, .ndim = 1, .shape = shape, .strides = stride};
    return 0;
}

PyDoc_STRVAR(parallel_sum_doc,
"parallel_sum($module, buffer, /, *, workers=None)\n--\n\n"
"Correctly rounded sum of a floating-point buffer, by several threads.\n\n"
"The result has the same bits as numpy_sum's for every number of workers. The GIL is released meanwhile.\n\n"
"Parameters\n----------\n"
"buffer : buffer of float64, float32, float16 or raw bytes\n"
"    Raw bytes are read as native doubles.\n"
"workers : int, optional\n"
"    The number of threads; as many as there are cores by default.\n\n"
"Returns\n-------\nfloat\n\n"
"Raises\n------\n"
"TypeError\n    If buffer holds elements of another type.\n"
"ValueError\n    If the length of raw bytes is not a multiple of 8, or workers is below 1.\n\n"
"Examples\n--------\n"
">>> import fastmath\n"
">>> fastmath.parallel_sum(bytes(80), workers=2)\n"
"0.0\n");

static PyObject *parallel_sum(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const positional[] = {"buffer", NULL};
    static const char *const keywords[] = {"workers", NULL};
    PyObject *values[] = {Py_None};
    if (core_arguments("parallel_sum", positional, count, args, names, keywords, values) < 0)
        return NULL;
    int workers = read_workers(values[0]);
    core_array array = {0};
    if (workers < 0 || core_array_get(args[0], "parallel_sum", 0, &array) < 0)
        return NULL;
    ptrdiff_t shape, stride;
    double result;
    int failed = 0;
    if (array.array.type == FM_U8) {
        failed = read_bytes_as_doubles(&array, &shape, &stride);
    } else if (array.array.type < FM_F16) {
        PyErr_Format(PyExc_TypeError,
                     "parallel_sum: expected elements of type float64, float32 or float16, got format '%s'",
                     array.buffer.format);
        failed = -1;
    }
    if (!failed)
        failed = sum_array(&array.array, array.buffer.len / (Py_ssize_t)sizeof(double), workers, &result, NULL);
    core_array_release(&array);
    return failed ? NULL : PyFloat_FromDouble(result);
}

PyDoc_STRVAR(sum_paths_doc,
"sum_paths($module, array, /)\n--\n\n"
"How numpy_sum reaches its result: a set of 'fast', 'levels', 'bins' and 'special'. For tests.");

static PyObject *path_names(unsigned paths)
{
    static const char *const names[] = {"fast", "levels", "bins", "special", NULL}; /* FM_PATH_ in their order */
    return core_flag_names(paths, names);
}

static PyObject *sum_paths(PyObject *module, PyObject *obj)
{
    core_array array = {0};
    if (core_float_array_get(obj, "sum_paths", 0, &array) < 0)
        return NULL;
    double result;
    unsigned paths;
    int failed = sum_array(&array.array, size_of(&array), 1, &result, &paths);
    core_array_release(&array);
    return failed ? NULL : path_names(paths);
}

PyDoc_STRVAR(dot_paths_doc,
"dot_paths($module, a, b, /)\n--\n\nThe same for dot_product, of two buffers.");

static PyObject *dot_paths(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    static const char *const positional[] = {"a", "b", NULL};
    core_array a = {0}, b = {0};
    double result;
    unsigned paths;
    if (core_arguments("dot_paths", positional, count, args, NULL, NULL, NULL) < 0 ||
        core_array_get(args[0], "a", 0, &a) < 0)
        return NULL;
    if (core_array_get(args[1], "b", 0, &b) < 0) {
        core_array_release(&a);
        return NULL;
    }
    fm_status status = fm_dot(&a.array, &b.array, NULL, &result, &paths);
    core_array_release(&b);
    core_array_release(&a);
    if (status != FM_OK)
        return PyErr_Format(PyExc_ValueError, "dot_paths: expected one dimension and equal lengths");
    return path_names(paths);
}

PyMethodDef core_sum_methods[] = {
    {"numpy_sum", (PyCFunction)(void (*)(void))numpy_sum, METH_FASTCALL | METH_KEYWORDS, numpy_sum_doc},
    {"parallel_sum", (PyCFunction)(void (*)(void))parallel_sum, METH_FASTCALL | METH_KEYWORDS, parallel_sum_doc},
    {"sum_into", (PyCFunction)(void (*)(void))sum_into, METH_FASTCALL, sum_into_doc},
    {"sum_paths", sum_paths, METH_O, sum_paths_doc},
    {"dot_paths", (PyCFunction)(void (*)(void))dot_paths, METH_FASTCALL, dot_paths_doc},
    {NULL, NULL, 0, NULL},
};
