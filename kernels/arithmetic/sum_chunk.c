/* Sums of one chunk of at most FM_CHUNK floats, whose results fm_exact adds up: see sum.c.
 *
 * The method is extraction against a power of two, after S. M. Rump, T. Ogita, S. Oishi, "Accurate
 * floating-point summation, part I", SIAM J. Sci. Comput. 31 (2008), section 3, with the extracted parts
 * added as integers. Let unit = 2**e and sigma = 1.5 * 2**52 * unit. If |x| < 2**51 * unit, then
 * t = sigma + x has sigma's exponent, so its encoding is sigma's plus q/unit, where q = t - sigma is x
 * rounded to a multiple of unit; q and x - q are exact (Dekker 1971), and |x - q| <= unit / 2. Encodings
 * are added modulo 2**64: the sum of 2**11 values q/unit is below 2**62, so it is not lost.
 */
#include "chunk.h"
#include "level.h"
#include "lanes.h"

FM_INLINE fm_vf64 load(const char *p, ptrdiff_t stride)
{
    if (stride == sizeof(double))
        return fm_load_f64(p);
    double x[FM_LANES];
    for (int i = 0; i < FM_LANES; i++)
        memcpy(x + i, p + i * stride, sizeof *x);
    return fm_load_f64(x);
}

typedef struct {
    fm_vf64 sigma;
    fm_vu64 units, outside;
    fm_vf64 rest;
} extraction;

FM_INLINE void extract(extraction *x, fm_vf64 v)
{
    fm_vf64 t = v + x->sigma;
    x->units += (fm_vu64)t;
    x->outside |= (fm_vu64)t ^ (fm_vu64)x->sigma;
    x->rest += v - (t - x->sigma);
}

FM_INLINE int sum_f64(const char *p, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest)
{
    enum { UNROLL = 4 };
    fm_vf64 sigma = fm_sigma(e);
    extraction x[UNROLL] = {{.sigma = sigma}, {.sigma = sigma}, {.sigma = sigma}, {.sigma = sigma}};
    size_t i = 0, vectors = (n + FM_LANES - 1) / FM_LANES;
    for (; i + UNROLL * FM_LANES <= n; i += UNROLL * FM_LANES)
        for (int k = 0; k < UNROLL; k++)
            extract(x + k, load(p + (ptrdiff_t)(i + (size_t)k * FM_LANES) * stride, stride));
    for (; i + FM_LANES <= n; i += FM_LANES)
        extract(x, load(p + (ptrdiff_t)i * stride, stride));
    if (i < n)
        extract(x, fm_load_tail(p + (ptrdiff_t)i * stride, stride, n - i));
    fm_vf64 rests = (x[0].rest + x[1].rest) + (x[2].rest + x[3].rest);
    fm_vu64 outside = x[0].outside | x[1].outside | x[2].outside | x[3].outside;
    *units = fm_extracted(x[0].units + x[1].units + x[2].units + x[3].units, vectors, sigma);
    *rest = fm_sum_lanes(rests);
    return !(fm_or_lanes(outside) & FM_SIGN_AND_EXPONENT);
}

int FM_NAME(fm_chunk_sum_f64)(const void *p, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest)
{
    if (stride == sizeof(double))
        return sum_f64(p, sizeof(double), n, e, units, rest);
    if (stride == 2 * sizeof(double))
        return sum_f64(p, 2 * sizeof(double), n, e, units, rest);
    return sum_f64(p, stride, n, e, units, rest);
}

/* Adds rows to sums of columns side by side, a few rows at a time, so that the sums are read and written
 * less often than the elements. */
FM_INLINE fm_vu64 add_rows(const char *p, ptrdiff_t stride, int rows, fm_vf64 sigma, size_t count, uint64_t *units,
                           double *rest)
{
    extraction x = {.sigma = sigma, .units = (fm_vu64)fm_load_f64(units), .rest = fm_load_f64(rest)};
    for (int r = 0; r < rows; r++, p += stride)
        extract(&x, count == FM_LANES ? fm_load_f64(p) : fm_load_tail(p, sizeof(double), count));
    memcpy(units, &x.units, sizeof x.units);
    memcpy(rest, &x.rest, sizeof x.rest);
    return x.outside;
}

int FM_NAME(fm_chunk_sum_columns_f64)(const void *p, ptrdiff_t stride, size_t rows, size_t columns, int e,
                                      uint64_t *units, double *rest)
{
    enum { ROWS = 8 };
    fm_vf64 sigma = fm_sigma(e);
    fm_vu64 outside = {0};
    for (size_t r = 0; r < rows; r += ROWS)
        for (size_t c = 0; c < columns; c += FM_LANES) {
            const char *at = (const char *)p + (ptrdiff_t)r * stride + c * sizeof(double);
            int height = rows - r < ROWS ? (int)(rows - r) : ROWS;
            if (height == ROWS && columns - c >= FM_LANES)
                outside |= add_rows(at, stride, ROWS, sigma, FM_LANES, units + c, rest + c);
            else
                outside |= add_rows(at, stride, height, sigma, columns - c < FM_LANES ? columns - c : FM_LANES,
                                    units + c, rest + c);
        }
    for (size_t c = 0; c < columns; c++)
        units[c] -= rows * ((fm_vu64)sigma)[0];
    return !(fm_or_lanes(outside) & FM_SIGN_AND_EXPONENT);
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

double FM_NAME(fm_chunk_largest_f64)(const void *p, ptrdiff_t stride, size_t n)
{
    fm_vf64 most = {0};
    for (size_t i = 0; i < n; i += FM_LANES) {
        const char *at = (const char *)p + (ptrdiff_t)i * stride;
        fm_vf64 v = fm_abs_f64(i + FM_LANES <= n ? load(at, stride) : fm_load_tail(at, stride, n - i));
        most = fm_select_f64(v > most, v, most);
    }
    double largest = 0;
    for (int i = 0; i < FM_LANES; i++)
        largest = most[i] > largest ? most[i] : largest;
    return largest;
}

typedef float half_vector __attribute__((vector_size(FM_VEC_BYTES / 2)));

/* Doubles add floats exactly where no partial sum can outgrow the smallest bit by 2**53. */
FM_INLINE double add_floats(const char *p, size_t n)
{
    enum { UNROLL = 4 };
    fm_vf64 sum[UNROLL] = {{0}};
    size_t i = 0;
    for (; i + UNROLL * FM_LANES <= n; i += UNROLL * FM_LANES)
        for (int k = 0; k < UNROLL; k++) {
            half_vector v;
            memcpy(&v, p + (i + (size_t)k * FM_LANES) * sizeof(float), sizeof v);
            sum[k] += __builtin_convertvector(v, fm_vf64);
        }
    fm_vf64 sums = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    double total = fm_sum_lanes(sums);
    for (; i < n; i++) {
        float x;
        memcpy(&x, p + i * sizeof x, sizeof x);
        total += x;
    }
    return total;
}

/* With exponent fields from low to high, every float is a multiple of 2**(low - 150) and a sum of 2**11
 * of them is below 2**(high - 115): 53 bits hold it if high - low <= 18. */
int FM_NAME(fm_chunk_sum_f32)(const void *p, size_t n, double *sum)
{
    const fm_unaligned_u32 *bits = p;
    uint32_t most = 0, least = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        uint32_t b = bits[i] & (UINT32_MAX >> 1), b1 = b - 1; /* a zero becomes the largest */
        most = most > b ? most : b;
        least = least < b1 ? least : b1;
    }
    int high = (int)(most >> 23), low = (int)((least + 1) >> 23);
    if (high == 255 || high - (low ? low : 1) > 18)
        return 0;
    *sum = add_floats(p, n);
    return 1;
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
        normal.bits = magnitude < 1u << 23 ? subnormal.bits : normal.bits;
        normal.bits |= (h & 0x8000) << 16;
        wide[i] = normal.value;
    }
    if (most >= 31u << 23)
        return 0;
    *sum = add_floats((const char *)wide, n);
    return 1;
}
