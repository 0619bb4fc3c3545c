/* What the files of the extension share: module state, buffers as arrays, the watch for Ctrl-C. */
#ifndef FM_CORE_H
#define FM_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "fastmath.h"

/* A held buffer seen as an fm_array. Zero-initialised it is valid and empty. */
typedef struct {
    Py_buffer buffer;
    fm_array array;
    Py_ssize_t strides[FM_MAX_NDIM]; /* for exporters that leave them out, as ctypes does */
} core_array;

/* Take obj's buffer (writable if asked) and describe it in *out. `name` is how errors call the argument.
 * TypeError if obj has no buffer or holds no plain bool, integer or float elements.
 * 0, or -1 with an exception set and nothing held. */
int core_array_get(PyObject *obj, const char *name, int writable, core_array *out);
void core_array_release(core_array *array);

/* A watch that lets Ctrl-C through: use with the GIL released. The state outlives the call it serves. */
typedef struct {
    PyThreadState *thread; /* as PyEval_SaveThread gave it */
    int64_t next;          /* when to look again, in nanoseconds of the monotonic clock */
} core_watch_state;

/* Release the GIL and begin to watch; the fm_watch is for the kernel. */
fm_watch core_watch_begin(core_watch_state *state);
/* Take the GIL back, and the same as core_raise_for. */
int core_watch_end(core_watch_state *state, fm_status status);
/* Translates a kernel's status: 0, or -1 with an exception set. */
int core_raise_for(fm_status status);

/* Elements from which on it pays to release the GIL and to watch for Ctrl-C. */
enum { CORE_BIG = 1 << 14 };

/* The names of the flags that are set, the lowest first, as a set of strings; NULL with an exception set. */
PyObject *core_flag_names(unsigned flags, const char *const *names);

/* The same as core_array_get for arrays of floats only. */
int core_float_array_get(PyObject *obj, const char *name, int writable, core_array *out);

/* Checks the arguments of a FASTCALL function: as many positional ones as `positional` has names (one or two),
 * and keywords. values[i] receives the argument called keywords[i] and is else left alone. Both lists end
 * with NULL. 0, or -1 with a TypeError set. */
int core_arguments(const char *name, const char *const *positional, Py_ssize_t count, PyObject *const *args,
                   PyObject *names, const char *const *keywords, PyObject **values);

/* Methods of each family, NULL-terminated; module.c adds them all. */
extern PyMethodDef core_add_methods[];
extern PyMethodDef core_filter_methods[];
extern PyMethodDef core_sum_methods[];
extern PyMethodDef core_fast_sum_methods[];
extern PyMethodDef core_dot_product_methods[];
extern PyMethodDef core_exp_methods[];

#endif
