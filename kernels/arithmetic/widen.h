/* Elements of every type as doubles. */
#ifndef FM_WIDEN_H
#define FM_WIDEN_H

#include <stddef.h>

#include "fastmath.h"

/* n native, aligned elements as the doubles nearest to them; 1 if each is exact, which only 64-bit
 * integers may not be. */
int fm_widen(fm_type type, const void *from, size_t n, double *to);
/* 64-bit integers as sums of two doubles, exactly. */
void fm_widen_in_two(fm_type type, const void *from, size_t n, double *high, double *low);
/* n doubles as float32 or float16, to nearest, ties to even. */
void fm_narrow(fm_type type, const double *from, size_t n, void *to);

#endif
