/* Sums of one block of at most FM_BLOCK floats, or of one chunk of at most FM_CHUNK, whose results fm_exact
 * adds up: see sum.c. Blocks are added by running.h.
 *
 * Chunks are added by extraction against a power of two, after S. M. Rump, T. Ogita, S. Oishi, "Accurate
 * floating-point summation, part I", SIAM J. Sci. Comput. 31 (2008), section 3, with the extracted parts
 * added as integers. Let unit = 2**e and sigma = 1.5 * 2**52 * unit. If |x| < 2**51 * unit, then
 * t = sigma + x has sigma's exponent, so its encoding is sigma's plus q/unit, where q = t - sigma is x
 * rounded to a multiple of unit; q and x - q are exact (Dekker 1971), and |x - q| <= unit / 2. Encodings
 * are added modulo 2**64: the sum of 2**11 values q/unit is below 2**62, so it is not lost.
 */
#include "chunk.h"
#include "level.h"
#include "lanes.h"
#include "running.h"

enum { DOUBLE = sizeof(double) };

/* Vectors of elements at a stride. Of two vectors of neighbours, only every other one is used: there have to
 * be `beyond` elements after them. */
FM_INLINE fm_vf64 load(const char *p, ptrdiff_t stride)
{
    if (stride == DOUBLE)
        return fm_load_f64(p);
    if (stride == 2 * DOUBLE)
        return fm_evens_f64(fm_load_f64(p), fm_load_f64(p + FM_VEC_BYTES));
    double x[FM_LANES];
    for (int i = 0; i < FM_LANES; i++)
        memcpy(x + i, p + i * stride, sizeof *x);
    return fm_load_f64(x);
}

FM_INLINE size_t beyond(ptrdiff_t stride)
{
    return stride == 2 * DOUBLE;
}

/* Multiplying by 1 and adding is an addition that a processor with units for each can do on the others. */
FM_INLINE void add(fm_running *x, fm_vf64 v)
{
    fm_vf64 rest = v + fm_running_step(x, x->sum + v);
    x->rest = fm_fma_f64(rest, fm_splat_f64(1), x->rest);
}

/* The sum of the elements times `factor`, a power of two. */
FM_INLINE int sum_f64(const char *p, ptrdiff_t stride, size_t n, double factor, int e, int64_t *units, double *rest)
{
    fm_running x[FM_STREAMS];
    fm_running_begin(x, e);
    size_t all = n < beyond(stride) ? 0 : n - beyond(stride);
    size_t part = all / (FM_STREAMS * FM_LANES) * FM_LANES, i = 0;
    for (; i < part; i += FM_LANES)
        for (size_t k = 0; k < FM_STREAMS; k++)
            add(x + k, load(p + (ptrdiff_t)(k * part + i) * stride, stride) * factor);
    for (i = FM_STREAMS * part; i + FM_LANES <= all; i += FM_LANES)
        add(x, load(p + (ptrdiff_t)i * stride, stride) * factor);
    if (i < n)
        add(x, fm_load_tail(p + (ptrdiff_t)i * stride, stride, n - i) * factor);
    return fm_running_end(x, e, part / FM_LANES + FM_STREAMS, units, rest);
}

/* Numbers whose squares leave the range are made smaller or larger. If then some become subnormal, rounding them
 * changes them by far less than the bound on the error in sum.c has room for. */
FM_INLINE int sum_scaled(const char *p, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest)
{
    int up = e < 0 ? 600 : -600;
    double factor = fm_power_of_two(up);
    int done = sum_f64(p, stride, n, factor, e + up, units, rest);
    *rest /= factor;
    return done;
}

int FM_NAME(fm_block_sum_f64)(const void *p, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest)
{
    int scaled = e < FM_LOWEST_RUNNING || e > FM_HIGHEST_RUNNING;
    if (scaled && stride == DOUBLE)
        return sum_scaled(p, DOUBLE, n, e, units, rest);
    if (scaled)
        return sum_scaled(p, stride, n, e, units, rest);
    if (stride == DOUBLE)
        return sum_f64(p, DOUBLE, n, 1, e, units, rest);
    if (stride == 2 * DOUBLE)
        return sum_f64(p, 2 * DOUBLE, n, 1, e, units, rest);
    return sum_f64(p, stride, n, 1, e, units, rest);
}

/* Extraction from level to level until nothing is left. */
FM_INLINE int peel_f64(const char *p, size_t n, const int *e, int levels, int64_t *units)
{
    fm_vf64 sigma[FM_LEVELS_MAX];
    fm_vu64 sums[FM_LEVELS_MAX], outside = {0}, left = {0};
    for (int l = 0; l < levels; l++) {
        sigma[l] = fm_sigma(e[l]);
        sums[l] = (fm_vu64){0};
    }
    size_t vectors = (n + FM_LANES - 1) / FM_LANES;
    for (size_t i = 0; i < n; i += FM_LANES) {
        const char *at = p + i * sizeof(double);
        fm_vf64 v = i + FM_LANES <= n ? fm_load_f64(at) : fm_load_tail(at, sizeof(double), n - i);
        for (int l = 0; l < levels; l++) {
            fm_vf64 t = v + sigma[l];
            sums[l] += (fm_vu64)t;
            if (l == 0)
                outside |= (fm_vu64)t ^ (fm_vu64)sigma[0];
            v -= t - sigma[l];
        }
        left |= (fm_vu64)v;
    }
    for (int l = 0; l < levels; l++)
        units[l] = fm_extracted(sums[l], vectors, sigma[l]);
    return !(fm_or_lanes(outside) & FM_SIGN_AND_EXPONENT) && !(fm_or_lanes(left) << 1);
}

int FM_NAME(fm_chunk_peel_f64)(const void *p, size_t n, const int *e, int levels, int64_t *units)
{
    switch (levels) {
    case 2:
        return peel_f64(p, n, e, 2, units);
    case 3:
        return peel_f64(p, n, e, 3, units);
    default:
        return peel_f64(p, n, e, 4, units);
    }
}

FM_INLINE fm_vf64 larger(fm_vf64 most, fm_vf64 v)
{
    return fm_max_f64(fm_abs_f64(v), most); /* a NaN leaves it as it is */
}

double FM_NAME(fm_block_largest_f64)(const void *p, ptrdiff_t stride, size_t n)
{
    fm_vf64 most[FM_STREAMS] = {{0}};
    size_t i = 0, all = n < beyond(stride) ? 0 : n - beyond(stride);
    for (; i + FM_STREAMS * FM_LANES <= all; i += FM_STREAMS * FM_LANES)
        for (size_t k = 0; k < FM_STREAMS; k++)
            most[k] = larger(most[k], load((const char *)p + (ptrdiff_t)(i + k * FM_LANES) * stride, stride));
    for (; i < n; i += FM_LANES) {
        size_t left = n - i < FM_LANES ? n - i : FM_LANES;
        most[0] = larger(most[0], fm_load_tail((const char *)p + (ptrdiff_t)i * stride, stride, left));
    }
    most[0] = larger(larger(most[0], most[1]), larger(most[2], most[3]));
    double largest = 0;
    for (int l = 0; l < FM_LANES; l++)
        largest = most[0][l] > largest ? most[0][l] : largest;
    return largest;
}

size_t FM_NAME(fm_block_sum_f32)(const void *floats, size_t n, double sums[FM_SUMS_MAX])
{
    enum { FLOAT = sizeof(float) };
    const char *p = floats;
    fm_vf64 sum[FM_STREAMS] = {{0}};
    size_t part = n / (FM_STREAMS * FM_LANES) * FM_LANES, i = 0;
    for (; i < part; i += FM_LANES)
        for (size_t k = 0; k < FM_STREAMS; k++)
            sum[k] += fm_load_f32(p + (k * part + i) * FLOAT);
    for (i = FM_STREAMS * part; i + FM_LANES <= n; i += FM_LANES)
        sum[0] += fm_load_f32(p + i * FLOAT);
    char last[FM_LANES * FLOAT] = {0};
    memcpy(last, p + i * FLOAT, (n - i) * FLOAT);
    sum[0] += fm_load_f32(last);
    memcpy(sums, sum, sizeof sum);
    return FM_STREAMS * FM_LANES;
}

/* Halves are multiples of 2**-24 below 2**16: doubles add 2**11 of them exactly. Subnormal halves are
 * widened by a subtraction, so that no operand is a subnormal float. */
int FM_NAME(fm_chunk_sum_f16)(const void *p, size_t n, double *sum)
{
    const fm_unaligned_u16 *halves = p;
    float wide[FM_CHUNK];
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t h = halves[i], magnitude = (h & 0x7fff) << 13;
        most = most > magnitude ? most : magnitude;
        union { uint32_t bits; float value; } normal, subnormal;
        normal.bits = magnitude + (112u << 23);
        subnormal.bits = magnitude + (113u << 23);
        subnormal.value -= 0x1p-14f;
        uint32_t choice = 0 - (uint32_t)(magnitude < 1u << 23); /* a branch would keep compilers from vectors */
        normal.bits ^= (normal.bits ^ subnormal.bits) & choice;
        normal.bits |= (h & 0x8000) << 16;
        wide[i] = normal.value;
    }
    if (most >= 31u << 23)
        return 0;
    double sums[FM_SUMS_MAX];
    size_t count = FM_NAME(fm_block_sum_f32)(wide, n, sums);
    *sum = 0;
    for (size_t i = 0; i < count; i++)
        *sum += sums[i];
    return 1;
}
