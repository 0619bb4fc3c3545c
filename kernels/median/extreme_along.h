/* Extremes of neighbours along rows, for extreme.c. Windows are widened up to fourfold at a time: the extreme of 4 w
 * neighbours is that of four extremes of w. */
#ifndef FM_EXTREME_ALONG_H
#define FM_EXTREME_ALONG_H

#include "vector.h"

#include <stddef.h>

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS V extreme(V a, V b, int largest)
{
    return largest ? MAX(a, b) : MIN(a, b);
}

/* Room for so many elements and those that are read and written with them as whole vectors. */
static inline ptrdiff_t padded(ptrdiff_t count)
{
    return (count + LANES - 1) / LANES * LANES + LANES;
}

/* Elements by which a row does not begin aligned. */
ALWAYS ptrdiff_t off(const K *row)
{
    return (ptrdiff_t)((uintptr_t)row / sizeof(K) % LANES);
}

/* The way along a row, vector by vector: from the second one on they are stored aligned, and the last one ends with the
 * row, unless that is shorter. */
typedef struct {
    ptrdiff_t at, start, limit, count;
} way;

ALWAYS way way_along(const K *out, ptrdiff_t count)
{
    return (way){0, count > LANES ? LANES - off(out) : LANES, 0, count};
}

ALWAYS void step(way *w)
{
    w->at += LANES;
    if (__builtin_expect(w->at <= w->limit, 1))
        return;
    if (w->limit == 0) {
        w->at = w->start;
        w->limit = w->count - LANES;
    }
    if (w->limit < w->at && w->at < w->count)
        w->at = w->limit;
}

enum { MOST_TERMS = 7 }; /* that are joined at a time */

/* Rows that are worked on together: what is stored for one is not loaded again before it has reached the cache. Before
 * the first there is room for a vector. */
typedef struct {
    K *from, *to;
    ptrdiff_t from_stride, to_stride;
    int count;
} row_group;

/* Extremes of elements that lie so many apart, the last one `last` after the first. */
ALWAYS void join(const row_group *r, int rows, int terms, ptrdiff_t apart, ptrdiff_t last, ptrdiff_t count, int largest)
{
    for (way w = way_along(r->to, count); w.at < count; step(&w))
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            const K *row = r->from + i * r->from_stride + w.at;
            V v = extreme(LOAD(row), LOAD(row + last), largest);
#pragma GCC unroll 8
            for (int k = 1; k < terms - 1; k++)
                v = extreme(v, LOAD(row + k * apart), largest);
            STORE(r->to + i * r->to_stride + w.at, v);
        }
}

ALWAYS void join_rows(row_group r, int terms, ptrdiff_t apart, ptrdiff_t last, ptrdiff_t count, int largest)
{
    if (r.count == 4)
        join(&r, 4, terms, apart, last, count, largest);
    else
        for (; r.count > 0; r.count--, r.from += r.from_stride, r.to += r.to_stride)
            join(&r, 1, terms, apart, last, count, largest);
}

/* Makes count windows' extremes of count + size - 1 keys, which are overwritten; size is above 1. */
ALWAYS void narrow_rows(row_group r, ptrdiff_t count, ptrdiff_t size, int largest)
{
    ptrdiff_t width = 1, left = count + size - 1;
    for (; size > (width == 1 ? MOST_TERMS : 4 * width); width *= 4) {
        K *to = r.from - off(r.from); /* vectors that are made in place must not overlap: so these are aligned */
        left -= 3 * width;
        join_rows((row_group){r.from, to, r.from_stride, r.from_stride, r.count}, 4, width, 3 * width, padded(left) - LANES,
                  largest);
        r.from = to;
    }
    switch ((size + width - 1) / width) {
    case 2: join_rows(r, 2, width, size - width, count, largest); break;
    case 3: join_rows(r, 3, width, size - width, count, largest); break;
    case 4: join_rows(r, 4, width, size - width, count, largest); break;
    case 5: join_rows(r, 5, width, size - width, count, largest); break;
    case 6: join_rows(r, 6, width, size - width, count, largest); break;
    default: join_rows(r, MOST_TERMS, width, size - width, count, largest); break;
    }
}

static void narrow(row_group r, ptrdiff_t count, ptrdiff_t size, int largest)
{
    if (largest)
        narrow_rows(r, count, size, 1);
    else
        narrow_rows(r, count, size, 0);
}

#endif
