/* Correctly rounded sums over some dimensions of an array of floats. */
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "environment.h"
#include "level.h"
#include "pool.h"
#include "walk.h"

enum { PART = 1 << 16, STRIP_PART = 1 << 23 }; /* elements, about, between two looks at the watch */

typedef struct {
    const fm_array *array, *result;
    ptrdiff_t part_shape[FM_MAX_NDIM]; /* of the sub-arrays that are summed: 1 where nothing is reduced */
    ptrdiff_t results, batch;          /* how many, and how many at a time */
    int down, across;                  /* the axis to sum along and one that is not reduced: see columns */
    ptrdiff_t strip;                   /* columns summed side by side */
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

/* Columns: where one axis is reduced and the elements of another lie side by side, strips of that other are
 * summed a few rows at a time. All columns of a strip share a unit. */
typedef struct {
    const char *data;
    ptrdiff_t stride;
    size_t rows, columns;
    int e;
    fm_wide units[FM_STRIP];
    double rest[FM_STRIP + FM_STRIP_ROOM];
} strip;

static int add_strip(strip *s)
{
    memset(s->units, 0, sizeof s->units);
    memset(s->rest, 0, sizeof s->rest);
    for (size_t r = 0; r < s->rows; r += FM_CHUNK) {
        uint64_t units[FM_STRIP + FM_STRIP_ROOM] = {0};
        size_t rows = s->rows - r < FM_CHUNK ? s->rows - r : FM_CHUNK;
        const char *at = s->data + (ptrdiff_t)r * s->stride;
        if (!fm_active->sum_columns_f64(at, s->stride, rows, s->columns, s->e, units, s->rest))
            return 0;
        for (size_t c = 0; c < s->columns; c++)
            s->units[c] += (int64_t)units[c];
    }
    return 1;
}

static int unit_for_rows(const strip *s, size_t rows, double room)
{
    double largest = 0;
    for (size_t r = 0; r < rows; r++) {
        double here = fm_active->largest_f64(s->data + (ptrdiff_t)r * s->stride, sizeof(double), s->columns);
        largest = here > largest ? here : largest;
    }
    return fm_unit_for(largest * room);
}

/* Whether all elements could be extracted with one unit; first tried is one that fits the first rows. */
static int extract_strip(strip *s)
{
    enum { SAMPLE = 4 };
    s->e = unit_for_rows(s, s->rows < SAMPLE ? s->rows : SAMPLE, 16);
    if (s->e != FM_NO_UNIT && add_strip(s))
        return 1;
    s->e = unit_for_rows(s, s->rows, 1);
    return s->e != FM_NO_UNIT && add_strip(s);
}

static int round_column(const strip *s, size_t c, double *sum)
{
    fm_exact exact;
    fm_wide units = s->units[c];
    fm_exact_clear(&exact);
    fm_exact_add_wide(&exact, units < 0, (fm_uwide)(units < 0 ? -units : units), s->e);
    fm_exact_add(&exact, s->rest[c]);
    return fm_exact_round_within(&exact, fm_rest_error((double)s->rows, s->e), sum) && *sum != 0;
}

/* The columns from the given result on. Those that need more care are summed one by one. */
static void sum_strip(const job *j, ptrdiff_t number, size_t columns)
{
    char *from, *to;
    locate(j, number, &from, &to);
    strip s = {.data = from, .stride = j->array->strides[j->down], .rows = (size_t)j->array->shape[j->down],
               .columns = columns};
    int extracted = extract_strip(&s);
    for (size_t c = 0; c < columns; c++) {
        double sum;
        if (extracted && round_column(&s, c, &sum))
            memcpy(to + (ptrdiff_t)c * j->result->strides[j->across], &sum, sizeof sum);
        else
            sum_one(j, number + (ptrdiff_t)c, 1, NULL);
    }
}

/* One part is one strip; strips do not cross from one line of results to the next. */
static void sum_strip_part(void *context, ptrdiff_t index, int lane)
{
    const job *j = context;
    ptrdiff_t width = j->array->shape[j->across], strips = (width + j->strip - 1) / j->strip;
    ptrdiff_t begin = index % strips * j->strip, left = width - begin;
    sum_strip(j, index / strips * width + begin, (size_t)(left < j->strip ? left : j->strip));
}

/* Sets down and across if the array has such axes. */
static int has_columns(job *j)
{
    enum { FEWEST = 8 };
    const fm_array *a = j->array;
    int reduced = 0;
    j->across = -1;
    for (int d = 0; d < a->ndim; d++) {
        if (j->part_shape[d] != 1) {
            j->down = d;
            reduced++;
        } else if (a->shape[d] != 1) {
            j->across = d; /* the last of them: results are numbered in C order */
        }
    }
    if (a->type != FM_F64 || a->swapped || reduced != 1 || j->across < 0 ||
        a->strides[j->across] != sizeof(double) || a->shape[j->across] < FEWEST)
        return 0;
    j->strip = STRIP_PART / a->shape[j->down];
    j->strip = j->strip > FM_STRIP ? FM_STRIP : j->strip;
    return j->strip >= FEWEST;
}

static fm_status sum_all(job *j, int workers, const fm_watch *watch)
{
    fm_array part = *j->array;
    part.shape = j->part_shape;
    ptrdiff_t size = fm_array_size(&part);
    fm_status status = FM_OK;
    if (size && has_columns(j)) {
        ptrdiff_t width = j->array->shape[j->across], strips = (width + j->strip - 1) / j->strip;
        return fm_parallel(j->results / width * strips, workers, sum_strip_part, j, watch);
    }
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
    fm_environment callers = fm_environment_enter();
    fm_status status = (indirect ? sum_copy : sum_all)(&j, workers, watch);
    fm_environment_leave(callers);
    return status;
}
