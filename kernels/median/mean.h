/* The mean of two elements, from key to key. */
#ifndef FM_MEAN_H
#define FM_MEAN_H

#include "fastmath.h"

/* Writes the means of `a` and `b` over `a`, in the precision of the type; halves of integers go to even. */
void fm_mean_keys(fm_type type, void *a, const void *b, ptrdiff_t count);

#endif
