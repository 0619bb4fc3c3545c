/* Correctly rounded sums over some dimensions of an array of floats. */
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "walk.h"

enum { PART = 1 << 16 }; /* elements, about, between two looks at the watch */

typedef struct {
    const fm_array *array, *result;
    ptrdiff_t part_shape[FM_MAX_NDIM]; /* of the sub-arrays that are summed: 1 where nothing is reduced */
    ptrdiff_t results, batch;          /* how many, and how many at a time */
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

static fm_status sum_all(job *j, int workers, const fm_watch *watch)
{
    fm_array part = *j->array;
    part.shape = j->part_shape;
    ptrdiff_t size = fm_array_size(&part);
    fm_status status = FM_OK;
    if (size > PART) {
        for (ptrdiff_t i = 0; i < j->results && status == FM_OK; i++)
            status = sum_one(j, i, workers, watch);
        return status;
    }
    j->batch = PART / (size ? size : 1) + 1;
    return fm_parallel((j->results + j->batch - 1) / j->batch, workers, sum_batch, j, watch);
}

/* Indirect arrays are rare enough to be copied. */
static fm_status sum_copy(job *j, int workers, const fm_watch *watch)
{
    fm_array copy;
    ptrdiff_t strides[FM_MAX_NDIM];
    fm_array_copy(j->array, &copy, strides);
    j->array = &copy;
    fm_status status = copy.data ? sum_all(j, workers, watch) : FM_NO_MEMORY;
    free(copy.data);
    return status;
}

fm_status fm_sum_axes(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch)
{
    int is_float = array->type == FM_F64 || array->type == FM_F32 || array->type == FM_F16;
    if (!is_float || result->type != FM_F64 || result->swapped || result->suboffsets || result->ndim != array->ndim)
        return FM_INVALID;
    job j = {.array = array, .result = result, .results = fm_array_size(result)};
    int indirect = 0;
    for (int d = 0; d < array->ndim; d++) {
        if (result->shape[d] != array->shape[d] && result->shape[d] != 1)
            return FM_INVALID;
        j.part_shape[d] = result->shape[d] == 1 ? array->shape[d] : 1;
        indirect |= array->suboffsets && array->suboffsets[d] >= 0;
    }
    return (indirect ? sum_copy : sum_all)(&j, workers, watch);
}
