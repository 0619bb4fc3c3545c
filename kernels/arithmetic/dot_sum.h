/* The sum of products of doubles: see fastmath.h. Inside the library it need not be allocated. */
#ifndef FM_DOT_SUM_H
#define FM_DOT_SUM_H

#include "chunk.h"
#include "exact.h"
#include "fastmath.h"

struct fm_dot_sum {
    fm_exact sum;
    double error;   /* the true sum is within this of `sum` and what is in bins */
    int exact;      /* whether error has to stay 0 */
    int e;          /* the unit that the last block was summed with is 2**e; or FM_NOT_TRIED or FM_NO_UNIT */
    int some, all_minus_zero; /* whether there have been products, and all of them -0.0 */
    unsigned paths; /* which have been taken, FM_PATH_ */
    struct fm_product_bin *bins; /* NULL as long as they are not needed */
};

void fm_dot_begin(fm_dot_sum *sum, int exact);
/* Adds the products of n <= FM_BLOCK pairs. Whether those are -0.0 is looked at apart, as the caller may add
 * one number as two. */
void fm_dot_add_block(fm_dot_sum *sum, const double *a, const double *b, size_t n);
void fm_dot_look_at_zeros(fm_dot_sum *sum, const double *a, const double *b, size_t n);
/* Frees what fm_dot_round has not freed. */
void fm_dot_drop(fm_dot_sum *sum);

#endif
