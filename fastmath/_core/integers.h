/* The exact sum of integers of any size. */
#ifndef FM_CORE_INTEGERS_H
#define FM_CORE_INTEGERS_H

#include "core.h"

__extension__ typedef __int128 core_wide;

/* How items of lists were read. */
enum { CORE_COMPACT = 1, CORE_DIGITS = 2, CORE_OTHER = 4 };

/* The sum is small + big. Zero-initialised it is 0. */
typedef struct {
    core_wide small;
    PyObject *big;  /* an int, or NULL */
    unsigned paths; /* CORE_COMPACT and so on */
} core_integers;

/* Adds an object; errors name its position. 0, or -1 with an exception set. */
int core_integers_add(core_integers *sum, PyObject *item, Py_ssize_t position);
/* Adds the items of a list or a tuple, which may change meanwhile. 0, or -1 with an exception set. */
int core_integers_add_items(core_integers *sum, PyObject *sequence);
/* The sum, which is 0 afterwards, or NULL with an exception set. */
PyObject *core_integers_sum(core_integers *sum);
void core_integers_drop(core_integers *sum);

/* value * 2**bits + more, for ints; NULL with an exception set. Takes NULL for an int that could not be made. */
PyObject *core_shift_and_add(PyObject *value, long bits, PyObject *more);

#endif
