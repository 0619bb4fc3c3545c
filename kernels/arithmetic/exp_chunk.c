/* e**x for doubles side by side.
 *
 * x = k ln 2 + r with |r| <= ln 2 / 2 (W. J. Cody, W. Waite, "Software Manual for the Elementary Functions"
 * (1980): ln 2 in two parts, the first short enough for k times it to be exact), e**r = 1 + r + r**2 q(r),
 * e**x = 2**k e**r. q is the minimax polynomial of degree 9 for an error weighted by r**2 e**-r on
 * |r| <= 0.34658, found with the exchange algorithm of Remez in 200 bits, coefficients rounded to double:
 * it is off by 2**-56.3, 0.08 ulp of the result. The rounding of r is kept in `low`, that of 1 + r in
 * `lost`, so that what else is rounded before the last addition is below 0.06 ulp; that addition adds half
 * an ulp. A subnormal result is rounded a second time, in the last multiplication, after at least one bit
 * was cut off, so its error is below 0.5 + 0.64 / 2 ulp. There is no FMA here: all levels give equal bits.
 */
#include "lanes.h"
#include "level.h"

#define MAGIC 0x1.8p52 /* x + MAGIC has x rounded to an integer in its last bits */

FM_INLINE fm_vf64 polynomial(fm_vf64 r)
{
    fm_vf64 r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    fm_vf64 q01 = 0x1.000000000000ap-1 + r * 0x1.55555555554fap-3;
    fm_vf64 q23 = 0x1.555555555088cp-5 + r * 0x1.1111111127b9ep-7;
    fm_vf64 q45 = 0x1.6c16c18426765p-10 + r * 0x1.a01a012a69003p-13;
    fm_vf64 q67 = 0x1.a0199a16c666ep-16 + r * 0x1.71df253bc3e59p-19;
    fm_vf64 q89 = 0x1.28ad68bdb24d3p-22 + r * 0x1.ad7f7874d8600p-26;
    return r2 * ((q01 + r2 * q23) + (r4 * (q45 + r2 * q67) + r8 * q89));
}

/* 2**k, k given as k + MAGIC. */
FM_INLINE fm_vf64 power_of_two(fm_vf64 k)
{
    return (fm_vf64)(((fm_vu64)k + 1023) << 52);
}

FM_INLINE fm_vf64 exponential(fm_vf64 x)
{
    fm_vf64 most = fm_splat_f64(710), least = fm_splat_f64(-746); /* infinity and 0 already; NaN passes */
    x = fm_select_f64(x > most, most, x);
    x = fm_select_f64(x < least, least, x);
    fm_vf64 k = (x * 0x1.71547652b82fep+0 + MAGIC) - MAGIC;
    fm_vf64 reduced = x - k * 0x1.62e42fefa3000p-1, tail = k * 0x1.3de6af278ece6p-42;
    fm_vf64 r = reduced - tail, low = (reduced - r) - tail;
    fm_vf64 sum = 1 + r, lost = r - (sum - 1);
    fm_vf64 result = sum + (lost + (low + polynomial(r)));
    fm_vf64 half = k * 0.5 + MAGIC; /* in two steps, so that neither power leaves the range */
    fm_vf64 other = (k - (half - MAGIC)) + MAGIC;
    return result * power_of_two(half) * power_of_two(other);
}

void FM_NAME(fm_chunk_exp_f64)(const double *x, double *result, size_t n)
{
    size_t i = 0;
    for (; i + FM_LANES <= n; i += FM_LANES) {
        fm_vf64 v = exponential(fm_load_f64(x + i));
        memcpy(result + i, &v, sizeof v);
    }
    if (i < n) {
        fm_vf64 v = exponential(fm_load_tail((const char *)(x + i), sizeof *x, n - i));
        memcpy(result + i, &v, (n - i) * sizeof *x);
    }
}
