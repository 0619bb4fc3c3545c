/* Dot products of one block of at most FM_BLOCK doubles, by running.h.
 *
 * With FMA, t = a*b + s rounded once is the next sum, h = t - s exactly, and a*b - h, at most unit / 2, is
 * rounded once. Without FMA the product is first split into the sum of two doubles: T. J. Dekker, "A
 * floating-point technique for extending the available precision", Numer. Math. 18 (1971); where a product
 * underflows, that is off by at most 5 * 2**-1074 (T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot
 * product", SIAM J. Sci. Comput. 26 (2005), section 3).
 */
#include <math.h>

#include "chunk.h"
#include "lanes.h"
#include "level.h"
#include "running.h"

enum { DOUBLE = sizeof(double) };

#if !FM_HAS_FMA
/* x = high + low, each of at most 26 bits. Overflow gives a NaN, which the callers look for. */
FM_INLINE void halve(fm_vf64 x, fm_vf64 *high, fm_vf64 *low)
{
    fm_vf64 c = x * 0x1.0000002p27;
    *high = c - (c - x);
    *low = x - *high;
}
#endif

/* a*b - product, where product is a*b rounded. */
FM_INLINE fm_vf64 product_rest(fm_vf64 a, fm_vf64 b, fm_vf64 product)
{
#if FM_HAS_FMA
    return fm_fma_f64(a, b, -product);
#else
    fm_vf64 ah, al, bh, bl;
    halve(a, &ah, &al);
    halve(b, &bh, &bl);
    return al * bl - (((product - ah * bh) - al * bh) - ah * bl);
#endif
}

FM_INLINE void add(fm_running *x, fm_vf64 a, fm_vf64 b)
{
#if FM_HAS_FMA
    x->rest += fm_fma_f64(a, b, fm_running_step(x, fm_fma_f64(a, b, x->sum)));
#else
    fm_vf64 product = a * b;
    x->rest += (product + fm_running_step(x, x->sum + product)) + product_rest(a, b, product);
#endif
}

int FM_NAME(fm_block_dot_f64)(const void *a, const void *b, size_t n, int e, int64_t *units, double *rest)
{
    const char *p = a, *q = b;
    fm_running x[FM_STREAMS];
    fm_running_begin(x, e);
    size_t part = n / (FM_STREAMS * FM_LANES) * FM_LANES, i = 0;
    for (; i < part; i += FM_LANES)
        for (size_t k = 0; k < FM_STREAMS; k++)
            add(x + k, fm_load_f64(p + (k * part + i) * DOUBLE), fm_load_f64(q + (k * part + i) * DOUBLE));
    for (i = FM_STREAMS * part; i + FM_LANES <= n; i += FM_LANES)
        add(x, fm_load_f64(p + i * DOUBLE), fm_load_f64(q + i * DOUBLE));
    if (i < n)
        add(x, fm_load_tail(p + i * DOUBLE, DOUBLE, n - i), fm_load_tail(q + i * DOUBLE, DOUBLE, n - i));
    return fm_running_end(x, e, part / FM_LANES + FM_STREAMS, units, rest) && isfinite(*rest);
}
