/* e**x for numbers and arrays. */
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "environment.h"
#include "level.h"
#include "pool.h"
#include "walk.h"
#include "widen.h"

enum { PART = 16 * FM_CHUNK }; /* elements between two looks at the watch */

typedef struct {
    fm_walk from, to;
    ptrdiff_t size;
} job;

double fm_exp(double x)
{
    double result;
    fm_environment callers = fm_environment_enter();
    fm_active->exp_f64(&x, &result, 1);
    fm_environment_leave(callers);
    return result;
}

static int side_by_side(const fm_walk *walk)
{
    return walk->type == FM_F64 && !walk->swapped && walk->ndim == 1 && walk->suboffsets[0] < 0 &&
           walk->strides[0] == sizeof(double) && (uintptr_t)walk->data % sizeof(double) == 0;
}

static void exp_in_place(job *j, ptrdiff_t begin, ptrdiff_t count)
{
    const double *from = (const double *)j->from.data + begin;
    double *to = (double *)j->to.data + begin;
    fm_active->exp_f64(from, to, (size_t)count);
}

static void exp_by_copy(job *j, ptrdiff_t begin, ptrdiff_t count)
{
    double raw[FM_CHUNK], x[FM_CHUNK];
    fm_walk_seek(&j->from, begin, count);
    fm_walk_seek(&j->to, begin, count);
    for (ptrdiff_t n; (n = fm_walk_read(&j->from, FM_CHUNK, raw)) > 0;) {
        fm_widen(j->from.type, raw, (size_t)n, x);
        fm_active->exp_f64(x, x, (size_t)n);
        if (j->to.type != FM_F64)
            fm_narrow(j->to.type, x, (size_t)n, raw);
        fm_walk_write(&j->to, n, j->to.type == FM_F64 ? x : raw);
    }
}

static void exp_part(void *context, ptrdiff_t index, int lane)
{
    job *j = context;
    ptrdiff_t begin = index * PART, left = j->size - begin, count = left < PART ? left : PART;
    if (side_by_side(&j->from) && side_by_side(&j->to))
        exp_in_place(j, begin, count);
    else
        exp_by_copy(j, begin, count);
}

static int is_float(const fm_array *array)
{
    return array->type == FM_F16 || array->type == FM_F32 || array->type == FM_F64;
}

/* The bytes from the first to the last that an array without indirection covers. */
static void extent(const fm_array *array, uintptr_t *low, uintptr_t *high)
{
    *low = *high = (uintptr_t)array->data;
    for (int d = 0; d < array->ndim; d++) {
        ptrdiff_t span = (array->shape[d] - 1) * array->strides[d];
        *(span < 0 ? low : high) += (uintptr_t)span;
    }
    *high += (uintptr_t)fm_type_size(array->type);
}

static int same_layout(const fm_array *a, const fm_array *b)
{
    return a->data == b->data && a->type == b->type &&
           !memcmp(a->strides, b->strides, (size_t)a->ndim * sizeof *a->strides);
}

/* Whether writing a result could change an x that is yet to be read. */
static int interferes(const fm_array *x, const fm_array *result)
{
    if (x->suboffsets || result->suboffsets)
        return 1;
    if (same_layout(x, result))
        return 0;
    uintptr_t x_low, x_high, low, high;
    extent(x, &x_low, &x_high);
    extent(result, &low, &high);
    return x_low < high && low < x_high;
}

static fm_status exp_all(const fm_array *x, const fm_array *result, const fm_watch *watch)
{
    job j;
    fm_walk_begin(&j.from, x, FM_IN_ORDER);
    fm_walk_begin(&j.to, result, FM_IN_ORDER);
    j.size = j.from.left;
    if (j.size && j.size <= PART) {
        exp_part(&j, 0, 0);
        return FM_OK;
    }
    return fm_parallel((j.size + PART - 1) / PART, 1, exp_part, &j, watch);
}

static fm_status exp_of_copy(const fm_array *x, const fm_array *result, const fm_watch *watch)
{
    fm_array copy;
    ptrdiff_t strides[FM_MAX_NDIM];
    fm_array_copy(x, &copy, strides);
    fm_status status = copy.data ? exp_all(&copy, result, watch) : FM_NO_MEMORY;
    free(copy.data);
    return status;
}

fm_status fm_exp_array(const fm_array *x, const fm_array *result, const fm_watch *watch)
{
    if (!is_float(x) || !is_float(result) || x->ndim != result->ndim)
        return FM_INVALID;
    for (int d = 0; d < x->ndim; d++)
        if (x->shape[d] != result->shape[d])
            return FM_INVALID;
    fm_environment callers = fm_environment_enter();
    fm_status status = (interferes(x, result) ? exp_of_copy : exp_all)(x, result, watch);
    fm_environment_leave(callers);
    return status;
}
