/* rank_filter: what fastmath.ndimage calls once it has understood its arguments. */
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

/* What rank_filter was given, each part held until released. */
typedef struct {
    core_array input, output;
    Py_buffer footprint;
    ptrdiff_t size[FM_MAX_NDIM], origin[FM_MAX_NDIM];
    fm_mode mode[FM_MAX_NDIM];
    fm_window window;
    int workers;
} call;

static void release(call *c)
{
    core_array_release(&c->input);
    core_array_release(&c->output);
    if (c->footprint.obj)
        PyBuffer_Release(&c->footprint);
}

static int same_shape(const fm_array *a, const fm_array *b)
{
    return a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape);
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

/* Reads and checks everything. 0, or -1 with an exception set and what is held for release(). */
static int read_call(PyObject *const *args, call *c)
{
    if (core_array_get(args[0], "input", 0, &c->input) < 0 || core_array_get(args[1], "output", 1, &c->output) < 0)
        return -1;
    const fm_array *input = &c->input.array, *output = &c->output.array;
    if (input->type != output->type || !same_shape(input, output) || input->ndim < 1) {
        PyErr_SetString(PyExc_ValueError, "output: expected an array of the type and shape of input, not 0-d");
        return -1;
    }
    if (read_sizes(args[2], "sizes", input->ndim, c->size) < 0 ||
        read_sizes(args[3], "origins", input->ndim, c->origin) < 0 || read_footprint(args[4], c) < 0 ||
        read_modes(args[6], input->ndim, c->mode) < 0)
        return -1;
    c->window.rank = PyLong_AsSsize_t(args[5]);
    if (c->window.rank == -1 && PyErr_Occurred())
        return -1;
    if (!PyBytes_Check(args[7]) || PyBytes_GET_SIZE(args[7]) != c->input.buffer.itemsize) {
        PyErr_SetString(PyExc_ValueError, "cval: expected the bytes of one element");
        return -1;
    }
    c->window.fill = PyBytes_AS_STRING(args[7]);
    long workers = PyLong_AsLong(args[8]);
    if (workers == -1 && PyErr_Occurred())
        return -1;
    if (workers < 1) {
        PyErr_Format(PyExc_ValueError, "workers: expected at least 1, got %ld", workers);
        return -1;
    }
    c->workers = workers > 1 << 16 ? 1 << 16 : (int)workers;
    return 0;
}

static PyObject *rank_filter(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 9) {
        PyErr_Format(PyExc_TypeError, "rank_filter: expected 9 arguments, got %zd", nargs);
        return NULL;
    }
    call c;
    memset(&c, 0, sizeof c);
    if (read_call(args, &c) < 0) {
        release(&c);
        return NULL;
    }
    c.window.size = c.size;
    c.window.origin = c.origin;
    c.window.mode = c.mode;
    core_watch_state state;
    fm_watch watch = core_watch_begin(&state);
    fm_status status = fm_rank_filter(&c.input.array, &c.output.array, &c.window, c.workers, &watch);
    int failed = core_watch_end(&state, status);
    release(&c);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

PyMethodDef core_filter_methods[] = {
    {"rank_filter", (PyCFunction)(void (*)(void))rank_filter, METH_FASTCALL,
     "rank_filter($module, input, output, sizes, origins, footprint, rank, modes, cval, workers, /)\n--\n\n"
     "Write into output the element of the given rank of every window of input."},
    {NULL, NULL, 0, NULL},
};
