/* rank_filter, rank_filter_missing, mad_filter and remove_outliers: what fastmath.ndimage calls once it has understood
 * its arguments. */
#include "core.h"

#include <string.h>

/* A tuple of ndim integers into `out`. 0, or -1 with an exception set. */
static int read_sizes(PyObject *tuple, const char *name, int ndim, ptrdiff_t *out)
{
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != ndim) {
        PyErr_Format(PyExc_ValueError, "%s: expected a tuple of %d integers, got %R", name, ndim, tuple);
        return -1;
    }
    for (int d = 0; d < ndim; d++) {
        out[d] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, d));
        if (out[d] == -1 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

/* One mode for all axes, or a tuple of one for each. */
static int read_modes(PyObject *modes, int ndim, fm_mode *out)
{
    ptrdiff_t values[FM_MAX_NDIM];
    if (PyLong_Check(modes)) {
        long mode = PyLong_AsLong(modes);
        if (mode == -1 && PyErr_Occurred())
            return -1;
        for (int d = 0; d < ndim; d++)
            values[d] = mode;
    } else if (read_sizes(modes, "modes", ndim, values) < 0)
        return -1;
    for (int d = 0; d < ndim; d++) {
        if (values[d] < 0 || values[d] >= FM_MODE_COUNT) {
            PyErr_Format(PyExc_ValueError, "modes: expected integers from 0 to %d, got %R", FM_MODE_COUNT - 1,
                         modes);
            return -1;
        }
        out[d] = (fm_mode)values[d];
    }
    return 0;
}

/* What was given, each part held until released. */
typedef struct {
    core_array input, output, mask, other;
    Py_buffer footprint;
    ptrdiff_t size[FM_MAX_NDIM], origin[FM_MAX_NDIM];
    fm_mode mode[FM_MAX_NDIM];
    fm_window window;
    fm_missing missing;
    fm_outliers outliers;
    int workers;
} call;

static void release(call *c)
{
    core_array_release(&c->input);
    core_array_release(&c->output);
    core_array_release(&c->mask);
    core_array_release(&c->other);
    if (c->footprint.obj)
        PyBuffer_Release(&c->footprint);
}

/* 0 if an output has the shape of the result, else -1 with an exception set. */
static int check_shape(const call *c, const fm_array *output)
{
    const fm_array *input = &c->input.array;
    int fits = input->ndim == output->ndim && input->ndim > 0;
    for (int d = 0; fits && d < input->ndim; d++) {
        ptrdiff_t windows = input->shape[d];
        if (c->mode[d] == FM_VALID)
            windows = c->size[d] < 1 || c->size[d] > windows ? 0 : windows - c->size[d] + 1;
        fits = output->shape[d] == windows;
    }
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "output: expected an array of the type and shape of input, not 0-d");
    return fits ? 0 : -1;
}

static int check_type(const call *c, const fm_array *output)
{
    if (c->input.array.type == output->type)
        return 0;
    PyErr_SetString(PyExc_ValueError, "output: expected an array of the type and shape of input, not 0-d");
    return -1;
}

static int read_footprint(PyObject *obj, call *c)
{
    if (obj == Py_None)
        return 0;
    if (PyObject_GetBuffer(obj, &c->footprint, PyBUF_ND) < 0)
        return -1;
    int fits = c->footprint.ndim == c->input.array.ndim && c->footprint.itemsize == 1;
    for (int d = 0; fits && d < c->footprint.ndim; d++)
        fits = c->footprint.shape[d] == c->size[d];
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "footprint: expected a bool array of the shape that sizes gives");
        return -1;
    }
    c->window.footprint = c->footprint.buf;
    return 0;
}

/* The bytes of one element of the input's type. */
static const void *read_element(PyObject *obj, const char *name, const call *c)
{
    if (PyBytes_Check(obj) && PyBytes_GET_SIZE(obj) == c->input.buffer.itemsize)
        return PyBytes_AS_STRING(obj);
    PyErr_Format(PyExc_ValueError, "%s: expected the bytes of one element", name);
    return NULL;
}

/* Reads and checks input, output, sizes, origins, footprint, modes, cval and workers. 0, or -1 with an exception
 * set and what is held for release(). */
static int read_call(PyObject *const *args, call *c)
{
    if (core_array_get(args[0], "input", 0, &c->input) < 0 || core_array_get(args[1], "output", 1, &c->output) < 0)
        return -1;
    const fm_array *input = &c->input.array;
    if (read_sizes(args[2], "sizes", input->ndim, c->size) < 0 ||
        read_sizes(args[3], "origins", input->ndim, c->origin) < 0 || read_footprint(args[4], c) < 0 ||
        read_modes(args[5], input->ndim, c->mode) < 0)
        return -1;
    if (check_shape(c, &c->output.array) < 0)
        return -1;
    c->window.fill = read_element(args[6], "cval", c);
    if (!c->window.fill)
        return -1;
    long workers = PyLong_AsLong(args[7]);
    if (workers == -1 && PyErr_Occurred())
        return -1;
    if (workers < 1) {
        PyErr_Format(PyExc_ValueError, "workers: expected at least 1, got %ld", workers);
        return -1;
    }
    c->workers = workers > 1 << 16 ? 1 << 16 : (int)workers;
    c->window.size = c->size;
    c->window.origin = c->origin;
    c->window.mode = c->mode;
    return 0;
}

static int read_rank(PyObject *const *args, call *c)
{
    c->window.rank = PyLong_AsSsize_t(args[0]);
    return c->window.rank == -1 && PyErr_Occurred() ? -1 : check_type(c, &c->output.array);
}

static int read_mask(PyObject *obj, call *c)
{
    if (obj == Py_None)
        return 0;
    if (core_array_get(obj, "mask", 0, &c->mask) < 0)
        return -1;
    const fm_array *input = &c->input.array, *mask = &c->mask.array;
    if (mask->type != FM_BOOL || mask->ndim != input->ndim ||
        memcmp(mask->shape, input->shape, (size_t)input->ndim * sizeof *mask->shape)) {
        PyErr_SetString(PyExc_ValueError, "mask: expected an array of bools of the shape of input");
        return -1;
    }
    c->missing.mask = mask;
    return 0;
}

/* Reads mask, nan_policy and empty. */
static int read_missing(PyObject *const *args, call *c)
{
    if (read_mask(args[0], c) < 0)
        return -1;
    long policy = PyLong_AsLong(args[1]);
    if (policy == -1 && PyErr_Occurred())
        return -1;
    if (policy < FM_NAN_LAST || policy > FM_NAN_PROPAGATE) {
        PyErr_Format(PyExc_ValueError, "nan_policy: expected an integer from 0 to 2, got %ld", policy);
        return -1;
    }
    c->missing.nan_policy = (fm_nan_policy)policy;
    c->missing.empty = read_element(args[2], "empty", c);
    return c->missing.empty ? 0 : -1;
}

/* Reads mask, nan_policy, empty, percent, offset and mean. */
static int read_missing_and_rank(PyObject *const *args, call *c)
{
    if (check_type(c, &c->output.array) < 0 || read_missing(args, c) < 0)
        return -1;
    c->missing.percent = PyFloat_AsDouble(args[3]);
    if (c->missing.percent == -1 && PyErr_Occurred())
        return -1;
    c->missing.offset = PyLong_AsSsize_t(args[4]);
    if (c->missing.offset == -1 && PyErr_Occurred())
        return -1;
    c->missing.mean = PyObject_IsTrue(args[5]);
    return c->missing.mean < 0 ? -1 : 0;
}

/* Reads mask, nan_policy, empty and median. */
static int read_missing_and_median(PyObject *const *args, call *c)
{
    if (read_missing(args, c) < 0)
        return -1;
    if (args[3] == Py_None)
        return 0;
    if (core_array_get(args[3], "median", 1, &c->other) < 0 || check_type(c, &c->other.array) < 0)
        return -1;
    return check_shape(c, &c->other.array);
}

static int read_replaced(PyObject *obj, call *c)
{
    if (obj == Py_None)
        return 0;
    if (core_array_get(obj, "replaced", 1, &c->other) < 0)
        return -1;
    if (c->other.array.type == FM_BOOL)
        return check_shape(c, &c->other.array);
    PyErr_SetString(PyExc_ValueError, "replaced: expected an array of bools");
    return -1;
}

/* Reads mask, nan_policy, empty, side, deviations, threshold, whole and replaced. */
static int read_missing_and_outliers(PyObject *const *args, call *c)
{
    if (check_type(c, &c->output.array) < 0 || read_missing(args, c) < 0)
        return -1;
    long side = PyLong_AsLong(args[3]);
    if (side == -1 && PyErr_Occurred())
        return -1;
    if (side < 0 || side >= FM_SIDE_COUNT) {
        PyErr_Format(PyExc_ValueError, "side: expected an integer from 0 to %d, got %ld", FM_SIDE_COUNT - 1, side);
        return -1;
    }
    c->outliers.side = (fm_side)side;
    c->outliers.deviations = PyObject_IsTrue(args[4]);
    if (c->outliers.deviations < 0)
        return -1;
    c->outliers.threshold = PyFloat_AsDouble(args[5]);
    if (c->outliers.threshold == -1 && PyErr_Occurred())
        return -1;
    c->outliers.whole = PyLong_AsUnsignedLongLong(args[6]);
    if (c->outliers.whole == (uint64_t)-1 && PyErr_Occurred())
        return -1;
    return read_replaced(args[7], c);
}

enum { COMMON_ARGUMENTS = 8 };

/* Whether so few elements are looked at that to release the GIL and to watch for Ctrl-C takes longer, or nearly. */
static int is_little(const call *c)
{
    ptrdiff_t looks = 1;
    for (int d = 0; d < c->input.array.ndim; d++)
        if (__builtin_mul_overflow(looks, c->input.array.shape[d], &looks) ||
            __builtin_mul_overflow(looks, c->size[d], &looks) || looks > CORE_BIG)
            return 0;
    return c->workers == 1;
}

static int run_watched(call *c, fm_status (*kernel)(call *, const fm_watch *))
{
    core_watch_state state;
    fm_watch watch = core_watch_begin(&state);
    return core_watch_end(&state, kernel(c, &watch));
}

/* Calls a kernel with the common arguments and those that `read` reads after them. */
static PyObject *filter(PyObject *const *args, int (*read)(PyObject *const *, call *),
                        fm_status (*kernel)(call *, const fm_watch *))
{
    call c;
    memset(&c, 0, sizeof c);
    if (read_call(args, &c) < 0 || read(args + COMMON_ARGUMENTS, &c) < 0) {
        release(&c);
        return NULL;
    }
    int failed = is_little(&c) ? core_raise_for(kernel(&c, NULL)) : run_watched(&c, kernel);
    release(&c);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static int has_arguments(const char *name, Py_ssize_t count, Py_ssize_t expected)
{
    if (count != expected)
        PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", name, expected, count);
    return count == expected;
}

static fm_status run_rank_filter(call *c, const fm_watch *watch)
{
    return fm_rank_filter(&c->input.array, &c->output.array, &c->window, c->workers, watch);
}

static PyObject *rank_filter(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!has_arguments("rank_filter", nargs, COMMON_ARGUMENTS + 1))
        return NULL;
    PyObject *const in_order[] = {args[0], args[1], args[2], args[3], args[4], args[6], args[7], args[8], args[5]};
    return filter(in_order, read_rank, run_rank_filter);
}

static fm_status run_rank_filter_missing(call *c, const fm_watch *watch)
{
    return fm_rank_filter_missing(&c->input.array, &c->output.array, &c->window, &c->missing, c->workers, watch);
}

static PyObject *rank_filter_missing(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!has_arguments("rank_filter_missing", nargs, COMMON_ARGUMENTS + 6))
        return NULL;
    return filter(args, read_missing_and_rank, run_rank_filter_missing);
}

static fm_status run_mad_filter(call *c, const fm_watch *watch)
{
    const fm_array *median = c->other.buffer.obj ? &c->other.array : NULL;
    return fm_mad_filter(&c->input.array, &c->output.array, median, &c->window, &c->missing, c->workers, watch);
}

static PyObject *mad_filter(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!has_arguments("mad_filter", nargs, COMMON_ARGUMENTS + 4))
        return NULL;
    return filter(args, read_missing_and_median, run_mad_filter);
}

static fm_status run_remove_outliers(call *c, const fm_watch *watch)
{
    const fm_array *replaced = c->other.buffer.obj ? &c->other.array : NULL;
    return fm_remove_outliers(&c->input.array, &c->output.array, replaced, &c->window, &c->missing, &c->outliers,
                              c->workers, watch);
}

static PyObject *remove_outliers(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (!has_arguments("remove_outliers", nargs, COMMON_ARGUMENTS + 8))
        return NULL;
    return filter(args, read_missing_and_outliers, run_remove_outliers);
}

PyMethodDef core_filter_methods[] = {
    {"rank_filter", (PyCFunction)(void (*)(void))rank_filter, METH_FASTCALL,
     "rank_filter($module, input, output, sizes, origins, footprint, rank, modes, cval, workers, /)\n--\n\n"
     "Write into output the element of the given rank of every window of input."},
    {"rank_filter_missing", (PyCFunction)(void (*)(void))rank_filter_missing, METH_FASTCALL,
     "rank_filter_missing($module, input, output, sizes, origins, footprint, modes, cval, workers, mask, "
     "nan_policy, empty, percent, offset, mean, /)\n--\n\n"
     "Write into output, of the elements of every window of input that are not missing, the one of the wanted rank."},
    {"mad_filter", (PyCFunction)(void (*)(void))mad_filter, METH_FASTCALL,
     "mad_filter($module, input, output, sizes, origins, footprint, modes, cval, workers, mask, nan_policy, empty, "
     "median, /)\n--\n\n"
     "Write into output the median absolute deviation of every window of input, and its median into median."},
    {"remove_outliers", (PyCFunction)(void (*)(void))remove_outliers, METH_FASTCALL,
     "remove_outliers($module, input, output, sizes, origins, footprint, modes, cval, workers, mask, nan_policy, empty, "
     "side, deviations, threshold, whole, replaced, /)\n--\n\n"
     "Write into output every element of input, or the median of its window if they differ by more than the threshold, "
     "and into replaced where they do."},
    {NULL, NULL, 0, NULL},
};
