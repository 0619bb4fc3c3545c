/* Adding chunks of doubles: quickly with a bound on the error, or exactly. */
#include "accumulate.h"

#include <math.h>
#include <string.h>

#include "level.h"

enum { LOWEST_UNIT = -1074, HIGHEST_UNIT = 970 }; /* so that 1.5 * 2**(e + 52) is normal and finite */

void fm_accumulate_begin(fm_accumulator *a, int exact)
{
    fm_exact_clear(&a->sum);
    a->error = 0;
    a->exact = exact;
    a->known = a->topped = 0;
    a->levels = 2;
    a->paths = 0;
    a->binned = 0;
}

int fm_unit_for(double largest)
{
    uint64_t bits;
    memcpy(&bits, &largest, sizeof bits);
    int e = (int)(bits >> 52) - 1022 - 51; /* largest < 2**(e + 51) */
    if (e > HIGHEST_UNIT)
        return FM_NO_UNIT;
    return e < LOWEST_UNIT ? LOWEST_UNIT : e;
}

/* A lane makes fewer than 2**10.01 steps: FM_BLOCK / (2 * FM_STREAMS) and FM_STREAMS more. So the squares of
 * steps below 2**(e + 51 - 11) are within the bound of running.h. */
int fm_running_unit(double largest, int room)
{
    enum { STEPS = 11 };
    int e = fm_unit_for(largest) + STEPS;
    if (e > HIGHEST_UNIT)
        return FM_NO_UNIT;
    return e + room < HIGHEST_UNIT ? e + room : HIGHEST_UNIT;
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
        e[l] = top - l * FM_LEVEL_BITS < LOWEST_UNIT ? LOWEST_UNIT : top - l * FM_LEVEL_BITS;
}

/* Some room above the first few values spares most arrays a search for the largest. */
static int guess_unit(const char *x, ptrdiff_t stride, size_t n)
{
    enum { SAMPLE = 32, ROOM = 4 };
    if (n <= SAMPLE)
        return fm_running_unit(fm_active->largest_f64(x, stride, n), 0);
    return fm_running_unit(fm_active->largest_f64(x, stride, SAMPLE), ROOM);
}

static int add_quickly(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    if (!a->known)
        a->e = guess_unit(x, stride, n);
    a->known = 1;
    int64_t units;
    double rest;
    if (a->e == FM_NO_UNIT || !fm_active->sum_f64(x, stride, n, a->e, &units, &rest)) {
        a->e = fm_running_unit(fm_active->largest_f64(x, stride, n), 0);
        if (a->e == FM_NO_UNIT || !fm_active->sum_f64(x, stride, n, a->e, &units, &rest)) {
            a->known = 0;
            return 0;
        }
    }
    fm_exact_add_int(&a->sum, units, a->e);
    fm_exact_add(&a->sum, rest);
    a->error += fm_rest_error((double)n, a->e);
    a->paths |= FM_PATH_FAST;
    return 1;
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
    if (a->topped && peel(a, x, n, a->top))
        return 1;
    a->top = fm_unit_for(fm_active->largest_f64(x, sizeof(double), n));
    a->topped = a->top != FM_NO_UNIT;
    a->levels = levels;
    return a->topped && peel(a, x, n, a->top);
}

static uint64_t encoding(const double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

/* Adds a bin's significands, units of its exponent, to the sum. */
static void empty_bin(fm_accumulator *a, unsigned bin, uint64_t significands)
{
    int field = (int)(bin & 0x7ff);
    fm_exact_add_wide(&a->sum, bin >> 11, significands, (field ? field : 1) - 1075);
}

/* A bin that overflows spills 2**64 units. */
static void add_to_bins(fm_accumulator *a, const double *x, size_t n)
{
    if (!a->binned)
        memset(a->bins, 0, sizeof a->bins);
    a->binned = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = encoding(x + i);
        unsigned bin = (unsigned)(bits >> 52);
        uint64_t implicit = (uint64_t)((bin & 0x7ff) != 0) << 52;
        uint64_t significand = (bits & 0xfffffffffffff) | implicit;
        if (__builtin_add_overflow(a->bins[bin], significand, &a->bins[bin]))
            fm_exact_add_wide(&a->sum, bin >> 11, (fm_uwide)1 << 64, (int)(bin & 0x7ff) - 1075);
    }
}

static void add_one_by_one(fm_accumulator *a, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fm_exact_add(&a->sum, x[i]);
}

/* Numbers too far apart for levels go to bins. */
static void add_exactly(fm_accumulator *a, const double *x, size_t n)
{
    enum { FEW_FOR_LEVELS = 64, FEW_FOR_BINS = 256 };
    if (!a->binned && n >= FEW_FOR_LEVELS && add_by_levels(a, x, n))
        return;
    (n < FEW_FOR_BINS && !a->binned ? add_one_by_one : add_to_bins)(a, x, n);
    a->paths |= FM_PATH_BINS;
}

/* Whether there is an infinity or a NaN. Adding 1 to their exponent field carries into the sign's place. */
static int has_special(const double *x, size_t n)
{
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= (encoding(x + i) & UINT64_MAX >> 1) + ((uint64_t)1 << 52);
    return any >> 63 != 0;
}

static void add_specials(fm_accumulator *a, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            fm_exact_add(&a->sum, x[i]);
    a->paths |= FM_PATH_SPECIAL;
}

/* n <= FM_CHUNK. Once there is an infinity or a NaN, finite numbers do not matter any more. */
static void add_slowly(fm_accumulator *a, const char *x, ptrdiff_t stride, size_t n)
{
    double copy[FM_CHUNK];
    const double *values = (const double *)x;
    if (stride != sizeof(double) || (uintptr_t)x % sizeof(double)) {
        for (size_t i = 0; i < n; i++)
            memcpy(copy + i, x + (ptrdiff_t)i * stride, sizeof *copy);
        values = copy;
    }
    if (!a->exact && has_special(values, n))
        add_specials(a, values, n);
    else if (!fm_exact_special(&a->sum))
        add_exactly(a, values, n);
}

/* Before there can be a second, exact pass, there was a first that has found all infinities and NaNs. */
void fm_accumulate(fm_accumulator *a, const void *x, ptrdiff_t stride, size_t n)
{
    if (!a->exact && !fm_exact_special(&a->sum) && add_quickly(a, x, stride, n))
        return;
    for (size_t i = 0; i < n; i += FM_CHUNK)
        add_slowly(a, (const char *)x + (ptrdiff_t)i * stride, stride, n - i < FM_CHUNK ? n - i : FM_CHUNK);
}

void fm_accumulate_end(fm_accumulator *a)
{
    for (unsigned bin = 0; a->binned && bin < FM_BINS; bin++)
        if (a->bins[bin])
            empty_bin(a, bin, a->bins[bin]);
    a->binned = 0;
}

void fm_accumulate_merge(fm_accumulator *a, fm_accumulator *other)
{
    fm_exact_merge(&a->sum, &other->sum);
    a->error += other->error;
    a->paths |= other->paths;
}
