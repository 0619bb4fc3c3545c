/* Correctly rounded dot products of arrays. */
#include <math.h>

#include "dot_sum.h"
#include "environment.h"
#include "pool.h"
#include "walk.h"
#include "widen.h"

enum { PART = 4 * FM_BLOCK }; /* elements between two looks at the watch */

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

static int all_finite(const factor *f, size_t n)
{
    int finite = 1;
    for (size_t i = 0; i < n; i++)
        finite &= isfinite(f->high[i]) != 0;
    return finite;
}

/* Integers beyond 2**53 count as sums of two doubles each; beside an infinity or a NaN they need not. */
static void add_factors(fm_dot_sum *d, factor *a, factor *b, size_t n)
{
    fm_dot_look_at_zeros(d, a->high, b->high, n);
    if ((a->exact && b->exact) || !all_finite(a, n) || !all_finite(b, n)) {
        fm_dot_add_block(d, a->high, b->high, n);
        return;
    }
    split_factor(a, n);
    split_factor(b, n);
    fm_dot_add_block(d, a->high, b->high, n);
    if (!a->exact)
        fm_dot_add_block(d, a->low, b->high, n);
    if (!b->exact)
        fm_dot_add_block(d, a->high, b->low, n);
    if (!a->exact && !b->exact)
        fm_dot_add_block(d, a->low, b->low, n);
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
        fm_dot_begin(&sum, exact);
        if (j.size <= PART)
            add_part(&j, 0, 0);
        else
            status = fm_parallel((j.size + PART - 1) / PART, 1, add_part, &j, watch);
        taken |= sum.paths;
        certain = fm_dot_round(&sum, result);
        fm_dot_drop(&sum);
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
