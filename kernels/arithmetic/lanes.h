/* Loading and folding vectors, for the files that add chunks. */
#ifndef FM_LANES_H
#define FM_LANES_H

#include <stddef.h>

#include "vec.h"

/* The last count < FM_LANES elements, and zeros. */
FM_INLINE fm_vf64 fm_load_tail(const char *p, ptrdiff_t stride, size_t count)
{
    double x[FM_LANES] = {0};
    for (size_t i = 0; i < count; i++)
        memcpy(x + i, p + (ptrdiff_t)i * stride, sizeof *x);
    return fm_load_f64(x);
}

FM_INLINE uint64_t fm_add_lanes(fm_vu64 v)
{
    uint64_t sum = 0;
    for (int i = 0; i < FM_LANES; i++)
        sum += v[i];
    return sum;
}

FM_INLINE uint64_t fm_or_lanes(fm_vu64 v)
{
    uint64_t any = 0;
    for (int i = 0; i < FM_LANES; i++)
        any |= v[i];
    return any;
}

FM_INLINE int fm_any_bits(fm_vu64 v)
{
#if defined(__AVX2__) && !defined(__AVX512F__)
    return !_mm256_testz_si256((__m256i)v, (__m256i)v);
#else
    return fm_or_lanes(v) != 0;
#endif
}

FM_INLINE double fm_sum_lanes(fm_vf64 v)
{
    double sum = 0;
    for (int i = 0; i < FM_LANES; i++)
        sum += v[i];
    return sum;
}

/* Extraction against sigma = 1.5 * 2**(e + 52): sum_chunk.c says what and why. */
#define FM_SIGN_AND_EXPONENT ((uint64_t)0xfff << 52)

FM_INLINE fm_vf64 fm_sigma(int e)
{
    return fm_splat_f64(1.5 * fm_power_of_two(e + 52));
}

/* What `vectors` extractions added up to, in units of 2**e. */
FM_INLINE int64_t fm_extracted(fm_vu64 sums, size_t vectors, fm_vf64 sigma)
{
    return (int64_t)fm_add_lanes(sums - vectors * (fm_vu64)sigma);
}

#endif
