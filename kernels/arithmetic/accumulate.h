/* Adding chunks of doubles: quickly with a bound on the error, or exactly. */
#ifndef FM_ACCUMULATE_H
#define FM_ACCUMULATE_H

#include "chunk.h"
#include "exact.h"

enum {
    FM_BINS = 4096,  /* one for each sign and exponent field */
    FM_BIN_SETS = 4  /* used in turns: a processor waits before it adds to what it has just added to */
};

typedef struct {
    fm_exact sum;
    double error;   /* the true sum is within this of `sum` */
    int exact;      /* whether error has to stay 0 */
    int e;          /* the unit that the last block was summed with is 2**e; or see below */
    int top;        /* the same for the first level of the last chunk */
    int levels;     /* that the last chunk took to be extracted exactly */
    unsigned paths; /* which have been taken, FM_PATH_ */
    uint64_t (*bins)[FM_BIN_SETS]; /* FM_BINS of them, or NULL as long as they are not needed */
} fm_accumulator;

void fm_accumulate_begin(fm_accumulator *a, int exact);
/* Adds n <= FM_BLOCK doubles at that stride, of any value and alignment. */
void fm_accumulate(fm_accumulator *a, const void *x, ptrdiff_t stride, size_t n);
/* The sum of n <= FM_BLOCK doubles at that stride, rounded: 1, or 0 if the quick way does not tell it or it is 0. */
int fm_sum_quickly(const void *x, ptrdiff_t stride, size_t n, double *result);
/* Brings everything into a->sum, and frees what is held. */
void fm_accumulate_end(fm_accumulator *a);
void fm_accumulate_merge(fm_accumulator *a, fm_accumulator *other);

/* The lowest e for which values as large as `largest` are below 2**(e + bits), or FM_NO_UNIT. To be extracted they
 * have to be for 51 bits. */
int fm_unit_for(double largest, int bits);
/* The lowest e for which a block of values as large as `largest`, and `room` bits more, can be added by running.h;
 * FM_NO_UNIT for infinity only. */
enum { FM_NO_UNIT = 10000, FM_NOT_TRIED };
int fm_running_unit(double largest, int room);
/* A bound, times two, on the error of adding n rests of that unit in floating point: sum.c. */
double fm_rest_error(double n, int e);
/* The exponents of all levels of which the first is top. */
void fm_level_units(int top, int e[FM_LEVELS_MAX]);

#endif
