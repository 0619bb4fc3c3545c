/* Adding chunks of doubles: quickly with a bound on the error, or exactly. */
#ifndef FM_ACCUMULATE_H
#define FM_ACCUMULATE_H

#include "chunk.h"
#include "exact.h"

enum { FM_BINS = 4096 }; /* one for each sign and exponent field */

typedef struct {
    fm_exact sum;
    double error;   /* the true sum is within this of `sum` */
    int exact;      /* whether error has to stay 0 */
    int known;      /* whether e is set: the unit that the last block was summed with is 2**e */
    int e;
    int topped;     /* whether top is set: the unit of the first level of the last chunk is 2**top */
    int top;
    int levels;     /* that the last chunk took to be extracted exactly */
    unsigned paths; /* which have been taken, FM_PATH_ */
    int binned;     /* whether bins are in use */
    uint64_t bins[FM_BINS];
} fm_accumulator;

void fm_accumulate_begin(fm_accumulator *a, int exact);
/* Adds n <= FM_BLOCK doubles at that stride, of any value and alignment. */
void fm_accumulate(fm_accumulator *a, const void *x, ptrdiff_t stride, size_t n);
/* Brings everything into a->sum. */
void fm_accumulate_end(fm_accumulator *a);
void fm_accumulate_merge(fm_accumulator *a, fm_accumulator *other);

/* The lowest e for which a value as large as `largest` can be extracted, or FM_NO_UNIT. */
enum { FM_NO_UNIT = 10000 };
int fm_unit_for(double largest);
/* The same for a block of values that are at most `largest` in running.h, and `room` more. */
int fm_running_unit(double largest, int room);
/* A bound, times two, on the error of adding n rests of that unit in floating point: sum.c. */
double fm_rest_error(double n, int e);
/* The exponents of all levels of which the first is top. */
void fm_level_units(int top, int e[FM_LEVELS_MAX]);

#endif
