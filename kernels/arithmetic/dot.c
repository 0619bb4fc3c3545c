/* Correctly rounded dot products: sum.c's two passes, over the products that dot_chunk.c extracts. */
#include <math.h>
#include <stdlib.h>

#include "accumulate.h"
#include "environment.h"
#include "level.h"
#include "pool.h"
#include "walk.h"
#include "widen.h"

enum { PART = 4 * FM_BLOCK }; /* elements between two looks at the watch */

struct fm_dot_sum {
    fm_exact sum;
    double error;       /* the true sum is within this of `sum` */
    int exact;          /* whether error has to stay 0 */
    int e;              /* the unit that the last block was summed with is 2**e; or FM_NOT_TRIED or FM_NO_UNIT */
    int levels;         /* that the last chunk took to be extracted exactly */
    int some, all_minus_zero; /* whether there have been products, and all of them -0.0 */
    unsigned paths;
};

static void begin(fm_dot_sum *d, int exact)
{
    fm_exact_clear(&d->sum);
    d->error = 0;
    d->exact = exact;
    d->e = FM_NOT_TRIED;
    d->levels = 2;
    d->some = 0;
    d->all_minus_zero = 1;
    d->paths = 0;
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

/* As in sum.c, but there are up to n rests of unit / 2 and n of unit / 4, each rounded, and off by
 * 5 * 2**-1074 where they underflow: less than twice a sum's bound, and that times two pays for rounding
 * the error itself. */
static int try_unit(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    int64_t units;
    double rest;
    if (d->e == FM_NO_UNIT || !fm_active->dot_f64(a, b, n, d->e, &units, &rest))
        return 0;
    fm_exact_add_int(&d->sum, units, d->e);
    fm_exact_add(&d->sum, rest);
    d->error += ldexp((double)(n * (n + 1)), d->e - 52) + ldexp((double)n, -1071);
    d->paths |= FM_PATH_FAST;
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

static int add_by_levels(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    int top = fm_unit_for(largest_product(a, b, n)), e[FM_LEVELS_MAX];
    if (top == FM_NO_UNIT)
        return 0;
    fm_level_units(top, e);
    int64_t units[FM_LEVELS_MAX];
    for (; !fm_active->dot_peel_f64(a, b, n, e, d->levels, units); d->levels++)
        if (d->levels == FM_LEVELS_MAX)
            return 0;
    for (int l = 0; l < d->levels; l++)
        fm_exact_add_int(&d->sum, units[l], e[l]);
    d->paths |= FM_PATH_LEVELS;
    return 1;
}

static void add_one_by_one(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fm_exact_add_product(&d->sum, a[i], b[i]);
}

static int has_special(const double *a, const double *b, size_t n)
{
    int finite = 1;
    for (size_t i = 0; i < n; i++)
        finite &= isfinite(a[i]) && isfinite(b[i]);
    return !finite;
}

static int all_minus_zero(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((a[i] != 0 && b[i] != 0) || !signbit(a[i]) == !signbit(b[i]))
            return 0;
    return 1;
}

/* n <= FM_CHUNK */
static void add_exactly(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    enum { FEW = 64 };
    if (has_special(a, b, n)) {
        add_one_by_one(d, a, b, n);
        d->paths |= FM_PATH_SPECIAL;
    } else if (n < FEW || !add_by_levels(d, a, b, n)) {
        add_one_by_one(d, a, b, n);
        d->paths |= FM_PATH_BINS;
    }
}

/* n <= FM_BLOCK */
static void add_block(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    d->some = 1;
    d->all_minus_zero = d->all_minus_zero && all_minus_zero(a, b, n);
    if (!d->exact && add_quickly(d, a, b, n))
        return;
    for (size_t i = 0; i < n; i += FM_CHUNK)
        add_exactly(d, a + i, b + i, n - i < FM_CHUNK ? n - i : FM_CHUNK);
}

int fm_dot_round(fm_dot_sum *d, double *result)
{
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
        begin(d, exact);
    return d;
}

void fm_dot_add(fm_dot_sum *d, const double *a, const double *b, size_t n)
{
    fm_environment callers = fm_environment_enter();
    for (size_t done = 0; done < n; done += FM_BLOCK)
        add_block(d, a + done, b + done, n - done < FM_BLOCK ? n - done : FM_BLOCK);
    fm_environment_leave(callers);
}

int fm_dot_digits(fm_dot_sum *d, uint32_t digits[FM_DOT_DIGITS])
{
    if (fm_exact_special(&d->sum))
        return 0;
    fm_exact_digits(&d->sum, digits);
    return 1;
}

void fm_dot_free(fm_dot_sum *d)
{
    free(d);
}

typedef struct {
    fm_walk a, b;
    ptrdiff_t size;
    fm_dot_sum *sum;
} job;

/* Whether the elements can be used as they lie. */
static int is_ready(const fm_walk *walk)
{
    return walk->type == FM_F64 && !walk->swapped && walk->ndim == 1 && walk->suboffsets[0] < 0 &&
           walk->strides[0] == sizeof(double) && (uintptr_t)walk->data % sizeof(double) == 0;
}

/* The next elements, or a copy of them in `copy`. */
static const void *next_elements(fm_walk *walk, void *copy, ptrdiff_t n)
{
    fm_run run;
    if (!is_ready(walk)) {
        fm_walk_read(walk, n, copy);
        return copy;
    }
    fm_walk_next(walk, n, &run);
    return run.data;
}

/* One factor of a chunk as doubles: high, or exactly high + low. */
typedef struct {
    double copy[FM_CHUNK], high_copy[FM_CHUNK], low[FM_CHUNK];
    const double *high;
    const void *elements;
    fm_type type;
    int exact; /* whether high alone is exact */
} factor;

static void get_factor(factor *f, fm_walk *walk, size_t n)
{
    f->type = walk->type;
    f->elements = next_elements(walk, f->copy, (ptrdiff_t)n);
    f->exact = 1;
    f->high = f->elements;
    if (walk->type != FM_F64) {
        f->exact = fm_widen(walk->type, f->elements, n, f->high_copy);
        f->high = f->high_copy;
    }
}

static void split_factor(factor *f, size_t n)
{
    if (!f->exact)
        fm_widen_in_two(f->type, f->elements, n, f->high_copy, f->low);
}

/* Integers beyond 2**53 count as sums of two doubles each; beside an infinity or a NaN they need not. */
static void add_factors(fm_dot_sum *d, factor *a, factor *b, size_t n)
{
    if ((a->exact && b->exact) || has_special(a->high, b->high, n)) {
        add_block(d, a->high, b->high, n);
        return;
    }
    split_factor(a, n);
    split_factor(b, n);
    add_block(d, a->high, b->high, n);
    if (!a->exact)
        add_block(d, a->low, b->high, n);
    if (!b->exact)
        add_block(d, a->high, b->low, n);
    if (!a->exact && !b->exact)
        add_block(d, a->low, b->low, n);
}

static void add_part(void *context, ptrdiff_t index, int lane)
{
    job *j = context;
    ptrdiff_t from = index * PART, to = j->size - from < PART ? j->size : from + PART;
    fm_walk_seek(&j->a, from, to - from);
    fm_walk_seek(&j->b, from, to - from);
    factor a, b;
    ptrdiff_t most = is_ready(&j->a) && is_ready(&j->b) ? FM_BLOCK : FM_CHUNK;
    for (ptrdiff_t i = from; i < to; i += most) {
        size_t n = (size_t)(to - i < most ? to - i : most);
        get_factor(&a, &j->a, n);
        get_factor(&b, &j->b, n);
        add_factors(j->sum, &a, &b, n);
    }
}

fm_status fm_dot(const fm_array *a, const fm_array *b, const fm_watch *watch, double *result, unsigned *paths)
{
    if (a->ndim != 1 || b->ndim != 1 || a->shape[0] != b->shape[0])
        return FM_INVALID;
    fm_dot_sum sum;
    job j = {.size = a->shape[0], .sum = &sum};
    fm_walk_begin(&j.a, a, FM_IN_ORDER);
    fm_walk_begin(&j.b, b, FM_IN_ORDER);
    unsigned taken = 0;
    *result = 0;
    int certain = j.size == 0;
    fm_environment callers = fm_environment_enter();
    fm_status status = FM_OK;
    for (int exact = 0; !certain && status == FM_OK; exact = 1) {
        begin(&sum, exact);
        if (j.size <= PART)
            add_part(&j, 0, 0);
        else
            status = fm_parallel((j.size + PART - 1) / PART, 1, add_part, &j, watch);
        taken |= sum.paths;
        certain = fm_dot_round(&sum, result);
    }
    fm_environment_leave(callers);
    if (paths)
        *paths = taken;
    return status;
}

double vec_dot(double *a, double *b, int n)
{
    ptrdiff_t shape = n > 0 ? n : 0, stride = sizeof *a;
    fm_array x = {.data = a, .type = FM_F64, .ndim = 1, .shape = &shape, .strides = &stride};
    fm_array y = x;
    y.data = b;
    double result;
    fm_dot(&x, &y, NULL, &result, NULL);
    return result;
}
