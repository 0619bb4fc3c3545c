/* The exact sum of products of any numbers, ints of any size among them. */
#ifndef FM_CORE_PRODUCTS_H
#define FM_CORE_PRODUCTS_H

#include "core.h"

/* Pairs of doubles are collected, a block at a time; products of an int that does not fit in 64 bits go to
 * `big`, in units of 2**-2148. */
enum { CORE_PAIRS = 1024 };

typedef struct {
    fm_dot_sum *sum;
    PyObject *big; /* an int, or NULL */
    Py_ssize_t count;
    int asked; /* whether an object had to be asked for its value, or is a large int */
    double a[CORE_PAIRS], b[CORE_PAIRS];
} core_products;

/* NULL with an exception set if there is no memory. */
core_products *core_products_new(void);
/* Adds the pairs that were collected. */
void core_products_flush(core_products *p);
/* Adds the product of two objects; errors name their position. 0, or -1 with an exception set. */
int core_products_add(core_products *p, PyObject *a, PyObject *b, Py_ssize_t position);
/* The sum, rounded, or NULL with an exception set. */
PyObject *core_products_sum(core_products *p);
void core_products_free(core_products *p);

#endif
