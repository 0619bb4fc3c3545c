/* Sums of columns side by side, row by row: what sum_columns.c and columns_block.c share.
 *
 * Each column has two sums, s and one for its rests, which start at sigma = 1.5 * 2**52 * unit, as in running.h.
 * As long as s has sigma's exponent, every step h is exact, a difference of multiples of unit below 2**53 * unit, and
 * so is the rest x - h, the error of an addition (D. E. Knuth, "The Art of Computer Programming", volume 2,
 * section 4.2.2); s - sigma is the sum of the h. With k the logarithm of the number of rows, rounded up, and all
 * |x| below 2**(50 - k) * unit, the h add up to less than 2**51 * unit, and s keeps its exponent. The rests, of at
 * most unit / 2, are added likewise to the other sum, whose unit is 2**(50 - k) times smaller, or 2**-1074, so that
 * nothing is left. If something is, the error is at most half a smaller unit for each row. Or the rests are added in
 * floating point, which is quicker, with an error that sum.c bounds: good for many rows, where few sums lie so
 * near to the middle between two doubles, or on it, that they are in doubt.
 */
#ifndef FM_COLUMNS_H
#define FM_COLUMNS_H

#include <math.h>

#include "chunk.h"
#include "fastmath.h"

enum {
    FM_COLUMN_ROWS = 4096,  /* rows that are added before sums are emptied */
    FM_COLUMN_WHOLE = 32,   /* rows that do not lie along columns may be summed in one go */
    FM_COLUMN_ROOM = FM_STRIP + FM_STRIP_ROOM
};

typedef enum {
    FM_SIDE_BY_SIDE, /* the elements of a row are neighbours */
    FM_ALONG,        /* those of a column lie closer than those of a row */
    FM_APART
} fm_placement;

typedef enum {
    FM_WHOLE, /* sums all rows */
    FM_ADD,   /* adds rows to sums that the caller began, at one sigma for all or at others, then with two levels */
    FM_ADD_TO_ONE,
    FM_LOOK   /* finds `largest` and `special`, which start at 0 and -0.0 */
} fm_column_task;

/* Why a sum is no result yet. */
typedef enum {
    FM_OPEN,    /* it may round to either of two numbers */
    FM_OUTSIDE, /* it left sigma's exponent */
    FM_ZERO     /* it is a zero with negative zeros in it, and maybe nothing else */
} fm_doubt;

typedef struct fm_columns {
    fm_type type;
    int swapped;
    fm_placement placement;
    ptrdiff_t lane[FM_COLUMN_ROOM]; /* where columns lie, beyond the first; of those side by side, the last few.
                                       Beyond the last one, it comes again */
    int levels;                     /* how many sums are in units; of 1, the other is of rests in floating point */
    int k;                          /* the logarithm of the rows: see above */
    fm_column_task task;
    double sum[2][FM_COLUMN_ROOM], sigma[2][FM_COLUMN_ROOM];
    uint64_t any[FM_COLUMN_ROOM];     /* the bits of all that is left, one or the other */
    uint64_t outside[FM_COLUMN_ROOM]; /* the bits in which the first sum ever was other than sigma, likewise */
    double largest[FM_COLUMN_ROOM];   /* of the finite magnitudes */
    double special[FM_COLUMN_ROOM];   /* the sum with 0 and -0.0 for finite elements */
    double result[FM_COLUMN_ROOM];
    size_t doubts;
    uint16_t doubtful[FM_COLUMN_ROOM]; /* columns */
    unsigned char why[FM_COLUMN_ROOM];
} fm_columns;

/* What sums start at to which 2**k numbers as large, or larger by 2**room, can be added. */
static inline void fm_column_sigma(double largest, int k, int room, double sigma[2])
{
    int e = 0, highest = 1023;
    if (largest > 0)
        frexp(largest, &e);
    e = largest > 0 ? e + 2 + k + room : -1022;
    e = e < -1022 ? -1022 : e > highest ? highest : e;
    sigma[0] = ldexp(1.5, e);
    sigma[1] = ldexp(1.5, e + k - 50 < -1022 ? -1022 : e + k - 50);
}

#endif
