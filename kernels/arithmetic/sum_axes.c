/* Correctly rounded sums over some dimensions of an array of floats. */
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "pool.h"
#include "sum_columns.h"
#include "walk.h"

enum { PART = 1 << 16 }; /* elements, about, between two looks at the watch */

typedef struct {
    const fm_array *array, *result;
    ptrdiff_t part_shape[FM_MAX_NDIM]; /* of the sub-arrays that are summed: 1 where nothing is reduced */
    ptrdiff_t results, batch;          /* how many, and how many at a time */
    fm_column_job columns;
} job;

/* Splits the number of a result, in C order, into offsets in the array and in the results. */
static void locate(const job *j, ptrdiff_t number, char **from, char **to)
{
    *from = j->array->data;
    *to = j->result->data;
    for (int d = j->result->ndim - 1; d >= 0; d--) {
        ptrdiff_t i = number % j->result->shape[d];
        number /= j->result->shape[d];
        *from += i * j->array->strides[d];
        *to += i * j->result->strides[d];
    }
}

static fm_status sum_one(const job *j, ptrdiff_t number, int workers, const fm_watch *watch)
{
    char *from, *to;
    locate(j, number, &from, &to);
    fm_array part = *j->array;
    part.data = from;
    part.shape = j->part_shape;
    double sum;
    fm_status status = fm_sum(&part, workers, watch, &sum, NULL);
    if (status == FM_OK)
        memcpy(to, &sum, sizeof sum);
    return status;
}

static void sum_batch(void *context, ptrdiff_t index, int lane)
{
    const job *j = context;
    ptrdiff_t end = (index + 1) * j->batch < j->results ? (index + 1) * j->batch : j->results;
    for (ptrdiff_t i = index * j->batch; i < end; i++)
        sum_one(j, i, 1, NULL);
}

/* One part is one strip of columns; strips do not cross from one line of results to the next. */
static void sum_strip(void *context, ptrdiff_t index, int lane)
{
    const job *j = context;
    const fm_column_job *c = &j->columns;
    ptrdiff_t strips = (c->line + c->width - 1) / c->width;
    ptrdiff_t begin = index % strips * c->width, left = c->line - begin, number = index / strips * c->line + begin;
    size_t columns = (size_t)(left < c->width ? left : c->width);
    fm_columns sums;
    fm_columns_sum(c, number, columns, &sums);
    fm_walk to;
    fm_walk_begin(&to, j->result, FM_IN_ORDER);
    fm_walk_seek(&to, number, (ptrdiff_t)columns);
    fm_walk_write(&to, (ptrdiff_t)columns, sums.result);
    for (size_t i = 0; i < sums.doubts; i++)
        sum_one(j, number + sums.doubtful[i], 1, NULL);
}

static fm_status sum_all(job *j, int workers, const fm_watch *watch)
{
    fm_array part = *j->array;
    part.shape = j->part_shape;
    ptrdiff_t size = fm_array_size(&part);
    fm_status status = FM_OK;
    if (fm_columns_begin(&j->columns, j->array, j->result->shape)) {
        const fm_column_job *c = &j->columns;
        ptrdiff_t strips = (c->line + c->width - 1) / c->width;
        return fm_parallel(c->results / c->line * strips, workers, sum_strip, j, watch);
    }
    if (size > PART) {
        for (ptrdiff_t i = 0; i < j->results && status == FM_OK; i++)
            status = sum_one(j, i, workers, watch);
        return status;
    }
    j->batch = PART / (size ? size : 1) + 1;
    return fm_parallel((j->results + j->batch - 1) / j->batch, workers, sum_batch, j, watch);
}

/* Puts the dimensions in the order of the array's strides, the largest first, and makes these positive: results may
 * be made in any order. */
static void sort_dimensions(fm_array *array, fm_array *result, ptrdiff_t sorted[4][FM_MAX_NDIM])
{
    for (int d = 0; d < array->ndim; d++) {
        ptrdiff_t from[] = {array->shape[d], array->strides[d], result->shape[d], result->strides[d]};
        if (from[1] < 0 && from[0] && from[2]) {
            array->data = (char *)array->data + (from[0] - 1) * from[1];
            result->data = (char *)result->data + (from[2] - 1) * from[3];
            from[1] = -from[1];
            from[3] = -from[3];
        }
        int at = d;
        for (; at > 0 && sorted[1][at - 1] < from[1]; at--)
            for (int k = 0; k < 4; k++)
                sorted[k][at] = sorted[k][at - 1];
        for (int k = 0; k < 4; k++)
            sorted[k][at] = from[k];
    }
    array->shape = sorted[0];
    array->strides = sorted[1];
    result->shape = sorted[2];
    result->strides = sorted[3];
}

static fm_status sum_direct(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
{
    ptrdiff_t sorted[4][FM_MAX_NDIM];
    fm_array from = *array, to = *result;
    from.suboffsets = NULL;
    sort_dimensions(&from, &to, sorted);
    job j = {.array = &from, .result = &to, .results = fm_array_size(&to)};
    for (int d = 0; d < from.ndim; d++)
        j.part_shape[d] = to.shape[d] == 1 ? from.shape[d] : 1;
    return sum_all(&j, workers, watch);
}

/* Indirect arrays are rare enough to be copied. */
static fm_status sum_copy(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
{
    fm_array copy;
    ptrdiff_t strides[FM_MAX_NDIM];
    fm_array_copy(array, &copy, strides);
    fm_status status = copy.data ? sum_direct(&copy, result, workers, watch) : FM_NO_MEMORY;
    free(copy.data);
    return status;
}

fm_status fm_sum_axes(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
{
    int is_float = array->type == FM_F64 || array->type == FM_F32 || array->type == FM_F16, indirect = 0;
    if (!is_float || result->type != FM_F64 || result->swapped || result->suboffsets || result->ndim != array->ndim)
        return FM_INVALID;
    for (int d = 0; d < array->ndim; d++) {
        if (result->shape[d] != array->shape[d] && result->shape[d] != 1)
            return FM_INVALID;
        indirect |= array->suboffsets && array->suboffsets[d] >= 0;
    }
    fm_environment callers = fm_environment_enter();
    fm_status status = (indirect ? sum_copy : sum_direct)(array, result, workers, watch);
    fm_environment_leave(callers);
    return status;
}
