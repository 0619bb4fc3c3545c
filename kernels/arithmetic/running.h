/* Running sums that lose nothing, the quick way to add a block of doubles: sum_chunk.c and dot_block.c.
 *
 * Each lane of some vectors starts a sum s at sigma = 1.5 * 2**52 * unit, unit = 2**e. A step adds x:
 * t = fl(s + x) is the next s, h = fl(t - s) what x added, and fl(x - h) the rest. The squares of all h
 * are added up as well. If over the m steps of a lane they come to at most (2**51 * unit)**2 / 2m, then by the
 * inequality of Cauchy and Schwarz all |h| add up to less than 2**51 * unit; the half pays for rounding the squares. So,
 * step by step, h is at most s / 2, thus t - s is exact (P. H. Sterbenz, "Floating-point computation" (1974),
 * theorem 4.3.1), so s is sigma and the h so far and keeps sigma's exponent, so its encoding counts units;
 * and x - h = (s + x) - t, the error of an addition, is exact and at most unit / 2 (T. J. Dekker, "A
 * floating-point technique for extending the available precision", Numer. Math. 18 (1971), section 4).
 * All this is for FM_LOWEST_RUNNING <= e <= FM_HIGHEST_RUNNING: squares are normal and finite then.
 * Extraction against a large number is from S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point
 * summation, part I", SIAM J. Sci. Comput. 31 (2008), section 3; here the number is the sum itself.
 */
#ifndef FM_RUNNING_H
#define FM_RUNNING_H

#include "chunk.h"
#include "lanes.h"

enum { FM_STREAMS = 4 }; /* vectors of sums; each reads a part of the block of its own, as memory likes it */

typedef struct {
    fm_vf64 sum, rest, squares;
} fm_running;

FM_INLINE void fm_running_begin(fm_running x[FM_STREAMS], int e)
{
    for (int k = 0; k < FM_STREAMS; k++)
        x[k] = (fm_running){.sum = fm_sigma(e)};
}

/* The end of a step: the sum moves on to t = s + x, rounded; the step back is returned, -h. */
FM_INLINE fm_vf64 fm_running_step(fm_running *x, fm_vf64 t)
{
    fm_vf64 back = x->sum - t;
    x->squares = fm_fma_f64(back, back, x->squares);
    x->sum = t;
    return back;
}

/* 1 if all went well in at most `steps` steps: the block's sum is *units * 2**e, and *rest rounded. */
FM_INLINE int fm_running_end(const fm_running x[FM_STREAMS], int e, size_t steps, int64_t *units, double *rest)
{
    fm_vf64 most = fm_splat_f64(fm_power_of_two(2 * e + 101) / (double)steps), rests = {0};
    fm_vu64 sums = {0}, well = ~(fm_vu64){0};
    for (int k = 0; k < FM_STREAMS; k++) {
        rests += x[k].rest;
        sums += (fm_vu64)x[k].sum;
        well &= (fm_vu64)(x[k].squares <= most); /* false for a NaN */
    }
    *units = fm_extracted(sums, FM_STREAMS, fm_sigma(e));
    *rest = fm_sum_lanes(rests);
    return !fm_or_lanes(~well);
}

#endif
