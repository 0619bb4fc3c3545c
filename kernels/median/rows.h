/* Rows of a plain array, copied with the border around them.
 *
 * What is the same for every row of a block, which elements of it come from where, is found out once.
 * Included where vector.h is.
 */
#ifndef FM_ROWS_H
#define FM_ROWS_H

#include "array.h"
#include "vector.h"

/* The rows along an axis, that of outputs below each other, in one plane of the array. */
typedef struct {
    const char *first; /* where that of index 0 begins, or NULL if all lie outside and are constant */
    ptrdiff_t step, count;
    fm_mode mode;
} rows_of_plane;

/* Those at a position, of which the index along the axis, -1 for a single row, does not matter. */
static inline rows_of_plane find_rows(const fm_source *source, const ptrdiff_t *position, int inner, int outer)
{
    const fm_array *array = source->array;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, position, (size_t)array->ndim * sizeof *at);
    at[inner] = 0;
    if (outer < 0)
        return (rows_of_plane){fm_row(source, at), 0, 1, FM_NEAREST};
    at[outer] = 0;
    return (rows_of_plane){fm_row(source, at), array->strides[outer], array->shape[outer], source->modes[outer]};
}

/* Where row y begins, or NULL if it is constant. */
static inline const K *find_row(const rows_of_plane *rows, ptrdiff_t y)
{
    if (y < 0 || y >= rows->count)
        y = fm_border(y, rows->count, rows->mode);
    return rows->first && y >= 0 ? (const K *)(const void *)(rows->first + y * rows->step) : NULL;
}

enum {
    FM_ONE_BY_ONE = 64, /* elements of a row at most that are copied one by one: */
    FM_FEW = 2,         /* so few more than a vector, and all outside of the array */
};

/* How a part of a row is copied: elements inside of the array side by side, others one by one: some from elsewhere in
 * the row, the last ones constant. */
typedef struct {
    ptrdiff_t from, to, count;
    ptrdiff_t what[FM_ONE_BY_ONE], where[FM_ONE_BY_ONE];
    int single, constants; /* of the single ones */
} copying;

/* Finds how `count` elements from `begin` on are copied; 0 if too many lie outside, or all. */
static inline int find_copying(const fm_source *source, int axis, ptrdiff_t begin, ptrdiff_t count, copying *c)
{
    const ptrdiff_t n = source->array->shape[axis], inside = (begin + count < n ? begin + count : n);
    c->from = begin < 0 ? 0 : begin;
    c->to = c->from - begin;
    c->count = inside - c->from;
    c->single = c->constants = 0;
    if (c->count <= 0 || count - c->count > FM_ONE_BY_ONE - FM_FEW)
        return 0;
    for (; c->count > LANES && c->count <= LANES + FM_FEW; c->single++) {
        c->what[c->single] = c->from + --c->count;
        c->where[c->single] = c->to + c->count;
    }
    for (ptrdiff_t x = c->to ? begin : inside; x < begin + count; x = x + 1 == c->from ? inside : x + 1) {
        c->where[c->single] = x - begin;
        c->what[c->single] = fm_border(x, n, source->modes[axis]);
        c->constants += c->what[c->single++] < 0;
    }
    return 1;
}

/* The constant outside of an array. */
static inline K constant_of(const fm_source *source)
{
    K constant;
    memcpy(&constant, &source->fill, sizeof constant);
    return constant;
}

static inline void fill_row(K key, ptrdiff_t count, K *to)
{
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = key;
}

/* Copies `count` elements of a row, which is NULL if all of them are constant. */
static inline void copy_row(const K *row, const copying *c, ptrdiff_t count, K constant, K *restrict to)
{
    if (!row) {
        fill_row(constant, count, to);
        return;
    }
    if (c->count < LANES)
        memcpy(to + c->to, row + c->from, (size_t)c->count * sizeof(K));
    else
        for (ptrdiff_t x = 0; x < c->count; x += LANES) {
            const ptrdiff_t at = x + LANES <= c->count ? x : c->count - LANES;
            STORE(to + c->to + at, LOAD(row + c->from + at));
        }
    int i = 0;
    for (; i < c->single - c->constants; i++)
        to[c->where[i]] = row[c->what[i]];
    for (; i < c->single; i++)
        to[c->where[i]] = constant;
}

#endif
