/* Exact sums of arrays of integers. */
#include "intsum.h"

#include "level.h"
#include "pool.h"
#include "walk.h"

enum { PART = 1 << 18 }; /* elements between two looks at the watch */

typedef struct {
    fm_walk walk;
    ptrdiff_t size;
    fm_wide sum;
} job;

static void add_part(void *context, ptrdiff_t index, int lane)
{
    job *j = context;
    fm_walk *walk = &j->walk;
    fm_int128 (*add)(const void *x, size_t n) = fm_active->sum_int[walk->type];
    uint64_t copy[1 << 11];
    ptrdiff_t size = fm_type_size(walk->type), room = (ptrdiff_t)sizeof copy / size;
    int direct = walk->ndim == 1 && walk->strides[0] == size && !walk->swapped;
    ptrdiff_t begin = index * PART, left = j->size - begin;
    fm_walk_seek(walk, begin, left < PART ? left : PART);
    fm_run run = {.data = (char *)copy};
    while (direct ? fm_walk_next(walk, FM_INT_CHUNK, &run) : (run.count = fm_walk_read(walk, room, copy)) > 0)
        j->sum += fm_int128_value(add(run.data, (size_t)run.count));
}

fm_status fm_sum_int(const fm_array *array, const fm_watch *watch, fm_int128 *result)
{
    if (array->type > FM_I64)
        return FM_INVALID;
    job j = {.sum = 0};
    fm_walk_begin(&j.walk, array, FM_ANY_ORDER);
    j.size = j.walk.left;
    fm_status status = fm_parallel((j.size + PART - 1) / PART, 1, add_part, &j, watch);
    *result = fm_int128_from(j.sum);
    return status;
}
