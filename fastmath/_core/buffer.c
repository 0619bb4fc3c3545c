/* Python buffers as fm_arrays, and the watch that lets Ctrl-C through. */
#include "core.h"

#include <time.h>

/* The one place where struct format characters become types. */
static int type_of(char code, Py_ssize_t size, fm_type *type)
{
    static const fm_type unsigned_types[] = {[1] = FM_U8, [2] = FM_U16, [4] = FM_U32, [8] = FM_U64};
    static const fm_type signed_types[] = {[1] = FM_I8, [2] = FM_I16, [4] = FM_I32, [8] = FM_I64};
    int power = size == 1 || size == 2 || size == 4 || size == 8;
    switch (code) {
    case '?':
        *type = FM_BOOL;
        return size == 1;
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N':
        if (power)
            *type = unsigned_types[size];
        return power;
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n':
        if (power)
            *type = signed_types[size];
        return power;
    case 'e':
        *type = FM_F16;
        return size == 2;
    case 'f':
        *type = FM_F32;
        return size == 4;
    case 'd':
        *type = FM_F64;
        return size == 8;
    }
    return 0;
}

static int describe(core_array *out)
{
    const Py_buffer *buffer = &out->buffer;
    fm_array *array = &out->array;
    const char *format = buffer->format ? buffer->format : "B";
    int little = PY_LITTLE_ENDIAN;
    array->swapped = 0;
    switch (*format) {
    case '<':
        array->swapped = !little;
        format++;
        break;
    case '>': case '!':
        array->swapped = little;
        format++;
        break;
    case '@': case '=':
        format++;
        break;
    }
    if (!format[0] || format[1] || !type_of(format[0], buffer->itemsize, &array->type))
        return 0;
    if (buffer->itemsize == 1)
        array->swapped = 0;
    array->data = buffer->buf;
    array->ndim = buffer->ndim;
    array->shape = buffer->shape;
    array->strides = buffer->strides;
    if (!buffer->strides) {
        PyBuffer_FillContiguousStrides(buffer->ndim, buffer->shape, out->strides, (int)buffer->itemsize, 'C');
        array->strides = out->strides;
    }
    array->suboffsets = buffer->suboffsets;
    return 1;
}

int core_array_get(PyObject *obj, const char *name, int writable, core_array *out)
{
    if (!PyObject_CheckBuffer(obj)) {
        PyErr_Format(PyExc_TypeError, "%s: expected an object with a buffer, such as an array, got %s",
                     name, Py_TYPE(obj)->tp_name);
        return -1;
    }
    if (PyObject_GetBuffer(obj, &out->buffer, PyBUF_FULL_RO) < 0)
        return -1;
    if (writable && out->buffer.readonly) {
        PyErr_Format(PyExc_ValueError, "%s: expected memory that can be written to", name);
        PyBuffer_Release(&out->buffer);
        return -1;
    }
    if (out->buffer.ndim > FM_MAX_NDIM || !describe(out)) {
        PyErr_Format(PyExc_TypeError,
                     "%s: expected elements of a bool, integer or float type, got format '%s'", name,
                     out->buffer.format ? out->buffer.format : "B");
        PyBuffer_Release(&out->buffer);
        return -1;
    }
    return 0;
}

void core_array_release(core_array *array)
{
    if (array->buffer.obj)
        PyBuffer_Release(&array->buffer);
}

enum { LOOK_EVERY = 30 * 1000 * 1000 }; /* nanoseconds: Ctrl-C is to work within a tenth of a second */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int stop(void *context)
{
    core_watch_state *state = context;
    if (now() < state->next)
        return 0;
    PyEval_RestoreThread(state->thread);
    int interrupted = PyErr_CheckSignals() < 0;
    state->thread = PyEval_SaveThread();
    state->next = now() + LOOK_EVERY;
    return interrupted;
}

fm_watch core_watch_begin(core_watch_state *state)
{
    state->next = now() + LOOK_EVERY;
    state->thread = PyEval_SaveThread();
    return (fm_watch){stop, state};
}

int core_watch_end(core_watch_state *state, fm_status status)
{
    PyEval_RestoreThread(state->thread);
    return core_raise_for(status);
}

int core_raise_for(fm_status status)
{
    switch (status) {
    case FM_OK:
        return 0;
    case FM_NO_MEMORY:
        PyErr_NoMemory();
        return -1;
    case FM_STOPPED:
        if (!PyErr_Occurred())
            PyErr_SetNone(PyExc_KeyboardInterrupt);
        return -1;
    case FM_INVALID:
        break;
    }
    PyErr_SetString(PyExc_SystemError, "fastmath: a kernel was called with an argument out of its range");
    return -1;
}
