/* The sum of products, block by block: quickly as in sum.c, or exactly by adding the products of significands in
 * bins by the sum of their exponents. */
#include "dot_sum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "environment.h"
#include "level.h"

enum {
    BINS = 2 * 4096, /* one for each sign and sum of two exponent fields */
    SETS = 2         /* as in accumulate.h */
};

/* Significands of 106 bits are added in halves. */
struct fm_product_bin {
    uint64_t low[SETS], high[SETS]; /* high counts units of 2**53 */
};

void fm_dot_begin(fm_dot_sum *d, int exact)
{
    fm_exact_clear(&d->sum);
    d->error = 0;
    d->exact = exact;
    d->e = FM_NOT_TRIED;
    d->some = 0;
    d->all_minus_zero = 1;
    d->paths = 0;
    d->bins = NULL;
}

static double largest_product(const double *a, const double *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double product = fabs(a[i] * b[i]);
        largest = product > largest ? product : largest;
    }
    return largest;
}

/* Unlike terms of a sum, products are not scaled. */
static int unit_for(double largest, int room)
{
    int e = fm_running_unit(largest, room);
    return e > FM_HIGHEST_RUNNING ? FM_NO_UNIT : e < FM_LOWEST_RUNNING ? FM_LOWEST_RUNNING : e;
}

static int guess_unit(const double *a, const double *b, size_t n)
{
    enum { SAMPLE = 32, ROOM = 4 };
    if (n <= SAMPLE)
        return unit_for(largest_product(a, b, n), 0);
    return unit_for(largest_product(a, b, SAMPLE), ROOM);
}

static int all_zero(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != 0 && b[i] != 0)
            return 0;
    return 1;
}

/* As in sum.c, but there are up to n rests of unit / 2 and n of unit / 4, each rounded, and off by
 * 5 * 2**-1074 where they underflow: less than twice a sum's bound, and that times two pays for rounding
 * the error itself. */
static int try_unit(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    int64_t units;
    double rest;
    if (d->e == FM_NO_UNIT || !fm_active->dot_f64(a, b, n, d->e, &units, &rest))
        return 0;
    d->paths |= FM_PATH_FAST;
    if (!units && rest == 0 && all_zero(a, b, n))
        return 1;
    fm_exact_add_int(&d->sum, units, d->e);
    fm_exact_add(&d->sum, rest);
    d->error += ldexp((double)(n * (n + 1)), d->e - 52) + ldexp((double)n, -1071);
    return 1;
}

static int add_quickly(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    if (d->e == FM_NOT_TRIED)
        d->e = guess_unit(a, b, n);
    if (try_unit(d, a, b, n))
        return 1;
    d->e = unit_for(largest_product(a, b, n), 0);
    if (try_unit(d, a, b, n))
        return 1;
    d->e = FM_NO_UNIT;
    return 0;
}

/* A finite double is a significand times 2**(field - 1075), and a sign. */
typedef struct {
    uint64_t significand;
    unsigned field, sign;
} parts;

static parts split(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    unsigned exponent = (unsigned)(bits >> 52 & 0x7ff), normal = exponent != 0;
    return (parts){(bits & 0xfffffffffffff) | (uint64_t)normal << 52, exponent + !normal, (unsigned)(bits >> 63)};
}

/* A half that overflows spills 2**64 units of 2**exponent. */
static void add_half(fm_dot_sum *d, uint64_t *half, uint64_t value, int negative, int exponent)
{
    if (__builtin_add_overflow(*half, value, half))
        fm_exact_add_wide(&d->sum, negative, (fm_uwide)1 << 64, exponent);
}

static void add_to_bin(fm_dot_sum *d, size_t set, double a, double b)
{
    parts x = split(a), y = split(b);
    fm_uwide product = (fm_uwide)x.significand * y.significand;
    unsigned field = x.field + y.field, negative = x.sign ^ y.sign;
    struct fm_product_bin *bin = d->bins + negative * (BINS / 2) + field;
    add_half(d, bin->low + set, (uint64_t)product & 0x1fffffffffffff, (int)negative, (int)field - 2150);
    add_half(d, bin->high + set, (uint64_t)(product >> 53), (int)negative, (int)field - 2150 + 53);
}

/* Finite numbers. */
static void add_to_bins(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_to_bin(d, i % SETS, a[i], b[i]);
    d->paths |= FM_PATH_BINS;
}

static void empty_bins(fm_dot_sum *d)
{
    for (int i = 0; d->bins && i < BINS; i++) {
        int negative = i >= BINS / 2, exponent = i % (BINS / 2) - 2150;
        for (int set = 0; set < SETS; set++) {
            if (d->bins[i].low[set])
                fm_exact_add_wide(&d->sum, negative, d->bins[i].low[set], exponent);
            if (d->bins[i].high[set])
                fm_exact_add_wide(&d->sum, negative, d->bins[i].high[set], exponent + 53);
        }
    }
    free(d->bins);
    d->bins = NULL;
}

static void add_one_by_one(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fm_exact_add_product(&d->sum, a[i], b[i]);
    d->paths |= FM_PATH_BINS;
}

/* Many products go to bins, if there is memory. */
static void add_exactly(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    enum { FEW = 256 };
    if (!d->bins && n >= FEW)
        d->bins = calloc(BINS, sizeof *d->bins);
    (d->bins ? add_to_bins : add_one_by_one)(d, a, b, n);
}

/* The infinities and NaNs among products of which there is one; the finite ones do not matter any more. */
static void add_specials(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]) || !isfinite(b[i]))
            fm_exact_add_product(&d->sum, a[i], b[i]);
    d->paths |= FM_PATH_SPECIAL;
}

/* Whether there is no infinity and no NaN: adding 1 to their exponent field carries into the sign's place. */
static int all_finite(const double *x, size_t n)
{
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        any |= (bits & UINT64_MAX >> 1) + ((uint64_t)1 << 52);
    }
    return !(any >> 63);
}

void fm_dot_add_block(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    if (fm_exact_special(&d->sum))
        add_specials(d, a, b, n);
    else if (d->exact || !add_quickly(d, a, b, n))
        (all_finite(a, n) && all_finite(b, n) ? add_exactly : add_specials)(d, a, b, n);
}

void fm_dot_look_at_zeros(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    d->some |= n > 0;
    for (size_t i = 0; d->all_minus_zero && i < n; i++)
        d->all_minus_zero = (a[i] == 0 || b[i] == 0) && !signbit(a[i]) != !signbit(b[i]);
}

void fm_dot_drop(fm_dot_sum *d)
{
    free(d->bins);
}

int fm_dot_round(fm_dot_sum *d, double *result)
{
    empty_bins(d);
    if (!fm_exact_round_within(&d->sum, d->error, result))
        return 0;
    if (*result == 0 && d->some && d->all_minus_zero)
        *result = -0.0;
    return 1;
}

fm_dot_sum *fm_dot_new(int exact)
{
    fm_dot_sum *d = malloc(sizeof *d);
    if (d)
        fm_dot_begin(d, exact);
    return d;
}

void fm_dot_add(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    fm_environment callers = fm_environment_enter();
    fm_dot_look_at_zeros(d, a, b, n);
    for (size_t done = 0; done < n; done += FM_BLOCK)
        fm_dot_add_block(d, a + done, b + done, n - done < FM_BLOCK ? n - done : FM_BLOCK);
    fm_environment_leave(callers);
}

int fm_dot_digits(fm_dot_sum *d, uint32_t digits[FM_DOT_DIGITS])
{
    empty_bins(d);
    if (fm_exact_special(&d->sum))
        return 0;
    fm_exact_digits(&d->sum, digits);
    return 1;
}

void fm_dot_free(fm_dot_sum *d)
{
    if (d)
        fm_dot_drop(d);
    free(d);
}
