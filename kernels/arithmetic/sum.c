/* Correctly rounded sums of arrays of floats.
 *
 * A first pass adds, block by block, what running.h makes of them: multiples of a unit exactly, the rests in
 * floating point. A block of n rests r, each |r| <= unit / 2, is added with an error of at most
 * (n - 1) u sum |r| / (1 - (n - 1) u) < n**2 * unit * 2**-54, u = 2**-53, in any order of additions
 * (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 4.2). All else is
 * exact. So the sum is known to within an error; if that leaves one result of rounding, it is the result.
 * Otherwise a second pass extracts until nothing is left, or puts significands in bins by their exponents.
 * Neither pass depends on where blocks begin, so layout, threads and instruction set do not matter.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "environment.h"
#include "level.h"
#include "pool.h"
#include "walk.h"

enum {
    PART = 8 * FM_BLOCK, /* elements between two looks at the watch */
    EACH = 4 * PART      /* elements that make a thread worthwhile: handing work over costs some microseconds */
};

typedef struct {
    const fm_walk *walk;
    ptrdiff_t size;
    int exact;
    fm_accumulator *lanes;
} job;

static void add_wide_floats(fm_accumulator *a, const char *x, size_t n)
{
    double wide[FM_CHUNK];
    for (size_t done = 0; done < n; done += FM_CHUNK) {
        size_t count = n - done < FM_CHUNK ? n - done : FM_CHUNK;
        for (size_t i = 0; i < count; i++) {
            float f;
            memcpy(&f, x + (done + i) * sizeof f, sizeof f);
            wide[i] = f;
        }
        fm_accumulate(a, wide, sizeof *wide, count);
    }
}

/* Doubles add floats of similar magnitudes exactly. */
static void add_f32(fm_accumulator *a, const char *x, size_t n)
{
    double sums[FM_SUMS_MAX];
    size_t count = fm_inexact_begin() ? fm_active->sum_f32(x, n, sums) : 0;
    if (!count || fm_inexact_raised())
        add_wide_floats(a, x, n);
    else
        fm_accumulate(a, sums, sizeof *sums, count);
}

/* The chunk kernel refused: there is an infinity or a NaN. Finite halves are as good as zeros then. */
static void add_special_f16(fm_accumulator *a, const char *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, x + 2 * i, sizeof h);
        if ((h & 0x7c00) == 0x7c00)
            fm_exact_add(&a->sum, h & 0x3ff ? NAN : h & 0x8000 ? -INFINITY : INFINITY);
    }
    a->paths |= FM_PATH_SPECIAL;
}

static void add_f16(fm_accumulator *a, const char *x, size_t n)
{
    for (size_t done = 0; done < n; done += FM_CHUNK, x += FM_CHUNK * sizeof(uint16_t)) {
        size_t count = n - done < FM_CHUNK ? n - done : FM_CHUNK;
        double sum;
        if (fm_active->sum_f16(x, count, &sum))
            fm_exact_add(&a->sum, sum);
        else
            add_special_f16(a, x, count);
    }
}

/* n <= FM_BLOCK */
static void add_block(fm_accumulator *a, fm_type type, const char *x, ptrdiff_t stride, size_t n)
{
    switch (type) {
    case FM_F16:
        add_f16(a, x, n);
        break;
    case FM_F32:
        add_f32(a, x, n);
        break;
    default:
        fm_accumulate(a, x, stride, n);
    }
}

/* Runs that are too short to be a chunk, or in the wrong byte order, are copied together first. */
static void add_elements(fm_accumulator *a, fm_walk *walk)
{
    enum { WORTHWHILE = 128 };
    double copy[FM_CHUNK];
    ptrdiff_t size = fm_type_size(walk->type);
    ptrdiff_t inner = walk->ndim ? walk->shape[walk->ndim - 1] : 1;
    ptrdiff_t stride = walk->ndim ? walk->strides[walk->ndim - 1] : size;
    int direct = !walk->swapped && (stride == size || walk->type == FM_F64) &&
                 (inner >= WORTHWHILE || walk->ndim == 1);
    fm_run run = {.data = (char *)copy, .stride = size};
    while (direct ? fm_walk_next(walk, FM_BLOCK, &run) : (run.count = fm_walk_read(walk, FM_CHUNK, copy)) > 0)
        add_block(a, walk->type, run.data, run.stride, (size_t)run.count);
}

static void add_part(void *context, ptrdiff_t index, int lane)
{
    const job *j = context;
    fm_walk walk = *j->walk;
    ptrdiff_t begin = index * PART, left = j->size - begin;
    fm_walk_seek(&walk, begin, left < PART ? left : PART);
    add_elements(j->lanes + lane, &walk);
}

/* One pass over all the elements; the sum ends up in lanes[0]. */
static fm_status pass(job *j, ptrdiff_t parts, int workers, const fm_watch *watch)
{
    for (int lane = 0; lane < workers; lane++)
        fm_accumulate_begin(j->lanes + lane, j->exact);
    fm_status status = FM_OK;
    if (parts == 1)
        add_part(j, 0, 0);
    else
        status = fm_parallel(parts, workers, add_part, j, watch);
    for (int lane = 0; lane < workers; lane++)
        fm_accumulate_end(j->lanes + lane);
    for (int lane = 1; lane < workers; lane++)
        fm_accumulate_merge(j->lanes, j->lanes + lane);
    return status;
}

#define ALL(name, type, value)                                              \
    static int name(const void *elements, ptrdiff_t count)                  \
    {                                                                       \
        const type *x = elements;                                           \
        type other = 0;                                                     \
        for (ptrdiff_t i = 0; i < count; i++)                               \
            other = (type)(other | (x[i] ^ (value)));                       \
        return !other;                                                      \
    }
ALL(all_16, uint16_t, 0x8000)
ALL(all_32, uint32_t, 0x80000000)
ALL(all_64, uint64_t, 0x8000000000000000)
#undef ALL

/* Whether every element is -0.0; most arrays answer no at once. */
static int all_minus_zero(const fm_walk *begin)
{
    fm_walk walk = *begin;
    uint64_t elements[512];
    ptrdiff_t size = fm_type_size(walk.type), count;
    int (*all)(const void *, ptrdiff_t) = size == 8 ? all_64 : size == 4 ? all_32 : all_16;
    while ((count = fm_walk_read(&walk, sizeof elements / sizeof *elements, elements)) > 0)
        if (!all(elements, count))
            return 0;
    return 1;
}

static fm_status sum_in_lanes(job *j, int workers, const fm_watch *watch, double *result, unsigned *paths)
{
    ptrdiff_t parts = (j->size + PART - 1) / PART;
    int certain = 0;
    *paths = 0;
    for (j->exact = 0; !certain; j->exact = 1) {
        fm_status status = pass(j, parts, workers, watch);
        if (status != FM_OK)
            return status;
        *paths |= j->lanes->paths;
        certain = fm_exact_round_within(&j->lanes->sum, j->lanes->error, result);
    }
    if (*result == 0 && all_minus_zero(j->walk))
        *result = -0.0;
    return FM_OK;
}

/* The sum of one run of elements, if it is told by what is quickest and is not zero: then 1. */
static int sum_run(const fm_walk *walk, double *result)
{
    int contiguous = walk->ndim == 1 && walk->strides[0] == fm_type_size(walk->type);
    size_t n = (size_t)walk->left;
    double sums[FM_SUMS_MAX];
    if (walk->ndim != 1 || walk->suboffsets[0] >= 0 || walk->swapped || n > FM_BLOCK)
        return 0;
    if (walk->type == FM_F64)
        return fm_sum_quickly(walk->data, walk->strides[0], n, result);
    if (walk->type == FM_F16)
        return contiguous && n <= FM_CHUNK && fm_active->sum_f16(walk->data, n, result) && *result != 0;
    if (!contiguous || !fm_inexact_begin())
        return 0;
    size_t count = fm_active->sum_f32(walk->data, n, sums);
    *result = 0;
    for (size_t i = 0; i < count; i++)
        *result += sums[i];
    return !fm_inexact_raised() && *result != 0;
}

fm_status fm_sum(const fm_array *array, int workers, const fm_watch *watch, double *result, unsigned *paths)
{
    if (array->type != FM_F64 && array->type != FM_F32 && array->type != FM_F16)
        return FM_INVALID;
    unsigned unused;
    fm_walk walk;
    fm_walk_begin(&walk, array, FM_ANY_ORDER);
    job j = {.walk = &walk, .size = walk.left};
    if (!paths)
        paths = &unused;
    *paths = 0;
    *result = 0;
    if (!j.size)
        return FM_OK;
    workers = j.size < 2 * EACH ? 1 : fm_workers(workers, j.size / EACH);
    fm_environment callers = fm_environment_enter();
    if (sum_run(&walk, result)) {
        fm_environment_leave(callers);
        *paths = FM_PATH_FAST;
        return FM_OK;
    }
    fm_accumulator one;
    j.lanes = workers == 1 ? &one : malloc((size_t)workers * sizeof one);
    fm_status status = j.lanes ? sum_in_lanes(&j, workers, watch, result, paths) : FM_NO_MEMORY;
    fm_environment_leave(callers);
    if (j.lanes != &one)
        free(j.lanes);
    return status;
}
