/* Sums of columns side by side, row by row: what sum_columns.c and columns_block.c share.
 *
 * Each column starts a sum s at sigma = 1.5 * 2**52 * unit, as in running.h. With k the logarithm of the number of
 * rows, rounded up, and all finite |x| below 2**(50 - k) * unit, the steps h add up to less than 2**51 * unit, so
 * all s have sigma's exponent, every h and every rest x - h is exact, and s - sigma is the sum of the h. The rests
 * are added in floating point with an error that sum.c bounds; or, with two levels, added likewise to a sum
 * with a smaller unit, and the rests of that in floating point. An infinity or a NaN makes the sum of its column
 * what it is to be.
 */
#ifndef FM_COLUMNS_H
#define FM_COLUMNS_H

#include "chunk.h"

enum {
    FM_COLUMN_LEVELS = 2,
    FM_COLUMN_ROWS = 4096, /* rows that are added before sums are emptied */
    FM_COLUMN_ROOM = FM_STRIP + FM_STRIP_ROOM
};

typedef struct fm_columns {
    int single;                      /* whether elements are floats of 32 bits, not of 64 */
    int levels, e[FM_COLUMN_LEVELS]; /* the units are 2**e */
    double sum[FM_COLUMN_LEVELS][FM_COLUMN_ROOM];
    double rest[FM_COLUMN_ROOM];  /* starts at -0.0, and stays that where all elements are */
    uint64_t any[FM_COLUMN_ROOM]; /* the bits of all rests, one or the other */
    double largest;               /* of the magnitudes of all finite elements */
} fm_columns;

#endif
