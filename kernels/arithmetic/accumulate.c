/* Adding chunks of doubles: quickly with a bound on the error, or exactly. */
#include "accumulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "level.h"
#include "vec.h"

void fm_accumulate_begin(fm_accumulator *a, int exact)
{
    fm_exact_clear(&a->sum);
    a->error = 0;
    a->exact = exact;
    a->e = FM_NOT_TRIED;
    a->top = FM_NO_UNIT;
    a->levels = 2;
    a->paths = 0;
    a->bins = NULL;
}

/* The lowest n with x < 2**n, for a normal or a smaller number. */
static int exponent_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> 52) - 1022;
}

int fm_unit_for(double largest, int bits)
{
    int e = FM_LOWEST_UNIT + bits;
    if (!isfinite(largest))
        return FM_NO_UNIT;
    if (largest > 0)
        frexp(largest, &e);
    e -= bits;
    return e > FM_HIGHEST_UNIT ? FM_NO_UNIT : e < FM_LOWEST_UNIT ? FM_LOWEST_UNIT : e;
}

/* A lane makes fewer than 2**10.01 steps: FM_BLOCK / (2 * FM_STREAMS) and FM_STREAMS more. So the squares of
 * steps below 2**(e + 51 - 11) are within the bound of running.h. */
int fm_running_unit(double largest, int room)
{
    int e = exponent_of(largest) - 51 + 11, highest = 1024 - 51 + 11;
    if (e > highest)
        return FM_NO_UNIT;
    e += room;
    return e < FM_LOWEST_UNIT ? FM_LOWEST_UNIT : e > highest ? highest : e;
}

/* The factor of two leaves room for rounding sums of such errors. Where this underflows, the rests are sums
 * of subnormal numbers and exact. */
double fm_rest_error(double n, int e)
{
    return ldexp(n * n, e - 53);
}

void fm_level_units(int top, int e[FM_LEVELS_MAX])
{
    for (int l = 0; l < FM_LEVELS_MAX; l++)
        e[l] = top - l * FM_LEVEL_BITS < FM_LOWEST_UNIT ? FM_LOWEST_UNIT : top - l * FM_LEVEL_BITS;
}

/* Some room above the first few values spares most arrays a search for the largest. */
static int guess_unit(const char *x, ptrdiff_t stride, size_t n)
{
    enum { SAMPLE = 32, ROOM = 4 };
    double largest = fm_active->largest_f64(x, stride, n < SAMPLE ? n : SAMPLE);
    return fm_running_unit(largest, n <= SAMPLE ? 0 : ROOM);
}

/* units * 2**e and the rest are brought together as doubles, of which the first is exact if it has 53 bits, and the
 * second is within a bound: as rounding is monotonic, their sum is right if both ends of what lies around it round
 * to it. The factor of two in the bound and the share of low pay for rounding the ends. */
int fm_sum_quickly(const void *x, ptrdiff_t stride, size_t n, double *result)
{
    int64_t units;
    double rest;
    int e = guess_unit(x, stride, n);
    if (e < FM_LOWEST_RUNNING || e > FM_HIGHEST_RUNNING || !fm_active->sum_f64(x, stride, n, e, &units, &rest) ||
        units >= (int64_t)1 << 53 || units <= -((int64_t)1 << 53))
        return 0;
    double unit = fm_power_of_two(e), high = (double)units * unit, sum = high + rest, part = sum - high;
    double low = (high - (sum - part)) + (rest - part);
    double around = (double)(n * n) * unit * 0x1p-53 + fabs(low) * 0x1p-51;
    *result = sum;
    return sum + (low + around) == sum && sum + (low - around) == sum && sum != 0;
}

static int try_unit(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    int64_t units;
    double rest;
    if (a->e == FM_NO_UNIT)
        return 0;
    int shrunk = a->e > FM_HIGHEST_RUNNING; /* small numbers leave the range, far below the bound on the error */
    if (shrunk)
        fm_flush_subnormals(1);
    int done = fm_active->sum_f64(x, stride, n, a->e, &units, &rest);
    if (shrunk)
        fm_flush_subnormals(0);
    if (!done)
        return 0;
    fm_exact_add_int(&a->sum, units, a->e);
    fm_exact_add(&a->sum, rest);
    a->error += fm_rest_error((double)n, a->e);
    a->paths |= FM_PATH_FAST;
    return 1;
}

/* 1, or 0 where there is an infinity or a NaN. */
static int add_quickly(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    if (a->e == FM_NOT_TRIED)
        a->e = guess_unit(x, stride, n);
    if (try_unit(a, x, stride, n))
        return 1;
    a->e = fm_running_unit(fm_active->largest_f64(x, stride, n), 0);
    if (try_unit(a, x, stride, n))
        return 1;
    a->e = FM_NO_UNIT;
    return 0;
}

/* Extracts with as many levels as it takes, starting from as many as the last chunk took. */
static int peel(fm_accumulator *a, const void *x, size_t n, int top)
{
    int e[FM_LEVELS_MAX];
    int64_t units[FM_LEVELS_MAX];
    fm_level_units(top, e);
    for (; !fm_active->peel_f64(x, n, e, a->levels, units); a->levels++)
        if (a->levels == FM_LEVELS_MAX)
            return 0;
    for (int l = 0; l < a->levels; l++)
        fm_exact_add_int(&a->sum, units[l], e[l]);
    a->paths |= FM_PATH_LEVELS;
    return 1;
}

static int add_by_levels(fm_accumulator *a, const void *x, size_t n)
{
    int levels = a->levels;
    if (a->top != FM_NO_UNIT && peel(a, x, n, a->top))
        return 1;
    a->top = fm_unit_for(fm_active->largest_f64(x, sizeof(double), n), 51);
    a->levels = levels;
    return a->top != FM_NO_UNIT && peel(a, x, n, a->top);
}

static uint64_t encoding(const double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

/* Adds a bin's significands, units of its exponent, to the sum. */
static void empty_bin(fm_accumulator *a, unsigned bin)
{
    int field = (int)(bin & 0x7ff);
    fm_uwide significands = 0;
    for (int set = 0; set < FM_BIN_SETS; set++)
        significands += a->bins[bin][set];
    if (significands)
        fm_exact_add_wide(&a->sum, bin >> 11, significands, (field ? field : 1) - 1075);
}

/* A bin that overflows spills 2**64 units. */
static void add_to_bin(fm_accumulator *a, int set, double x)
{
    uint64_t bits = encoding(&x);
    unsigned bin = (unsigned)(bits >> 52);
    uint64_t implicit = (uint64_t)1 << 52, significand = (bits & 0xfffffffffffff) | implicit;
    if (!(bin & 0x7ff))
        significand ^= implicit;
    if (__builtin_add_overflow(a->bins[bin][set], significand, &a->bins[bin][set]))
        fm_exact_add_wide(&a->sum, bin >> 11, (fm_uwide)1 << 64, (int)(bin & 0x7ff) - 1075);
}

static void add_to_bins(fm_accumulator *a, const double *x, size_t n)
{
    size_t i = 0;
    for (; i + FM_BIN_SETS <= n; i += FM_BIN_SETS)
        for (int set = 0; set < FM_BIN_SETS; set++)
            add_to_bin(a, set, x[i + (size_t)set]);
    for (; i < n; i++)
        add_to_bin(a, 0, x[i]);
}

static void add_one_by_one(fm_accumulator *a, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fm_exact_add(&a->sum, x[i]);
}

/* Numbers too far apart for levels go to bins, if they are many and there is memory. */
static void add_exactly(fm_accumulator *a, const double *x, size_t n)
{
    enum { FEW_FOR_LEVELS = 64, FEW_FOR_BINS = 256 };
    if (!a->bins && n >= FEW_FOR_LEVELS && add_by_levels(a, x, n))
        return;
    if (!a->bins && n >= FEW_FOR_BINS)
        a->bins = calloc(FM_BINS, sizeof *a->bins);
    (a->bins ? add_to_bins : add_one_by_one)(a, x, n);
    a->paths |= FM_PATH_BINS;
}

/* Whether there are other than finite numbers and infinities of the sign that came already. */
static int any_news(const fm_exact *sum, const char *x, size_t n)
{
    enum { AT_ONCE = 4 };
    fm_vf64 sign = fm_splat_f64(sum->plus_infinity ? -1 : 1), infinity = fm_splat_f64(__builtin_inf());
    fm_vi64 ordinary[AT_ONCE];
    size_t i = 0;
    memset(ordinary, 0xff, sizeof ordinary);
    for (; i + AT_ONCE * FM_LANES <= n; i += AT_ONCE * FM_LANES)
        for (size_t k = 0; k < AT_ONCE; k++)
            ordinary[k] &= fm_load_f64(x + (i + k * FM_LANES) * sizeof(double)) * sign < infinity;
    ordinary[0] &= ordinary[1] & ordinary[2] & ordinary[3];
    int all = 1;
    for (int l = 0; l < FM_LANES; l++)
        all &= ordinary[0][l] != 0;
    for (; i < n && all; i++) {
        double value;
        memcpy(&value, x + i * sizeof value, sizeof value);
        all = value * sign[0] < infinity[0];
    }
    return !all;
}

/* The infinities and NaNs among numbers of which there is one; the finite ones do not matter any more. Nor does
 * anything after a NaN or both infinities. */
static void add_specials(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    fm_exact *sum = &a->sum;
    a->paths |= FM_PATH_SPECIAL;
    if (stride == sizeof(double) && fm_exact_special(sum) && !any_news(sum, x, n))
        return;
    for (size_t i = 0; i < n && !sum->nan && !(sum->plus_infinity && sum->minus_infinity); i++) {
        double value;
        memcpy(&value, x + (ptrdiff_t)i * stride, sizeof value);
        int first = !isfinite(value) && !fm_exact_special(sum);
        if (!isfinite(value))
            fm_exact_add(sum, value);
        if (first && stride == sizeof(double) && !any_news(sum, x + i * sizeof value, n - i))
            return;
    }
}

/* n <= FM_CHUNK */
static void add_chunk(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    double copy[FM_CHUNK];
    const double *values = (const double *)x;
    if (stride != sizeof(double) || (uintptr_t)x % sizeof(double)) {
        for (size_t i = 0; i < n; i++)
            memcpy(copy + i, x + (ptrdiff_t)i * stride, sizeof *copy);
        values = copy;
    }
    add_exactly(a, values, n);
}

void fm_accumulate(fm_accumulator *a, const void *x, ptrdiff_t stride, size_t n)
{
    if (!a->exact) {
        if (fm_exact_special(&a->sum) || !add_quickly(a, x, stride, n))
            add_specials(a, x, stride, n);
        return;
    }
    for (size_t i = 0; i < n; i += FM_CHUNK)
        add_chunk(a, (const char *)x + (ptrdiff_t)i * stride, stride, n - i < FM_CHUNK ? n - i : FM_CHUNK);
}

void fm_accumulate_end(fm_accumulator *a)
{
    for (unsigned bin = 0; a->bins && bin < FM_BINS; bin++)
        empty_bin(a, bin);
    free(a->bins);
    a->bins = NULL;
}

void fm_accumulate_merge(fm_accumulator *a, fm_accumulator *other)
{
    fm_exact_merge(&a->sum, &other->sum);
    a->error += other->error;
    a->paths |= other->paths;
}
