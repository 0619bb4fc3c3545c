/* A window as its engines want it: as runs, as lines, or as points. */
#include "window.h"

#include "array.h"

#include <stdlib.h>
#include <string.h>

ptrdiff_t fm_count_places(const fm_window *w, int ndim)
{
    ptrdiff_t places = 1;
    for (int d = 0; d < ndim; d++)
        if (__builtin_mul_overflow(places, w->size[d], &places))
            return -1;
    return places;
}

ptrdiff_t fm_count_elements(const fm_window *w, int ndim)
{
    ptrdiff_t count = 0, places = fm_count_places(w, ndim);
    if (!w->footprint || places < 0)
        return places;
    for (ptrdiff_t i = 0; i < places; i++)
        count += w->footprint[i] != 0;
    return count;
}

static fm_run *new_runs(ptrdiff_t count)
{
    return (size_t)count > SIZE_MAX / sizeof(fm_run) ? NULL : malloc((size_t)count * sizeof(fm_run));
}

static ptrdiff_t count_lines(const fm_window *w, int ndim, int inner)
{
    ptrdiff_t lines = 1;
    for (int d = 0; d < ndim; d++)
        lines *= d == inner ? 1 : w->size[d];
    return lines;
}

/* Whether the element at `at` counts. */
static int counts(const fm_window *w, int ndim, const ptrdiff_t *at)
{
    ptrdiff_t place = 0;
    for (int d = 0; d < ndim; d++)
        place = place * w->size[d] + at[d];
    return !w->footprint || w->footprint[place];
}

/* The next line of the window, the last axis moving fastest but for `first`, which moves before it. */
static void next_line(const fm_window *w, int ndim, int inner, int first, ptrdiff_t *at)
{
    if (first >= 0) {
        if (++at[first] < w->size[first])
            return;
        at[first] = 0;
    }
    for (int d = ndim - 1; d >= 0; d--)
        if (d != inner && d != first) {
            if (++at[d] < w->size[d])
                return;
            at[d] = 0;
        }
}

fm_run *fm_find_lines(const fm_window *w, int ndim, int inner, int outer, ptrdiff_t *count)
{
    *count = count_lines(w, ndim, inner);
    fm_run *lines = new_runs(*count);
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    for (ptrdiff_t i = 0; lines && i < *count; i++) {
        memcpy(lines[i].start, at, sizeof at);
        lines[i].length = w->size[inner];
        next_line(w, ndim, inner, outer, at);
    }
    return lines;
}

int fm_next_run(const ptrdiff_t *size, const unsigned char *footprint, int ndim, int inner, ptrdiff_t *at,
                ptrdiff_t *length)
{
    ptrdiff_t step = 1, line = 0; /* from an element to the next along inner; where the line begins */
    at[inner] += *length;
    for (;;) {
        if (at[inner] >= size[inner] && !fm_advance(at, size, ndim, inner))
            return 0;
        at[inner] = at[inner] >= size[inner] ? 0 : at[inner];
        if (!footprint)
            break;
        line = 0;
        for (int d = 0; d < ndim; d++) {
            line = line * size[d] + (d == inner ? 0 : at[d]);
            step = d <= inner ? 1 : step * size[d];
        }
        while (at[inner] < size[inner] && !footprint[line + at[inner] * step])
            at[inner]++;
        if (at[inner] < size[inner])
            break;
    }
    ptrdiff_t end = footprint ? at[inner] + 1 : size[inner];
    while (end < size[inner] && footprint[line + end * step])
        end++;
    *length = end - at[inner];
    return 1;
}

fm_run *fm_find_runs(const fm_window *w, int ndim, int inner, ptrdiff_t *count)
{
    *count = 0;
    ptrdiff_t at[FM_MAX_NDIM] = {0}, length = 0;
    while (fm_next_run(w->size, w->footprint, ndim, inner, at, &length))
        ++*count;
    fm_run *runs = new_runs(*count), *run = runs;
    memset(at, 0, sizeof at);
    for (length = 0; runs && fm_next_run(w->size, w->footprint, ndim, inner, at, &length); run++) {
        memcpy(run->start, at, sizeof at);
        run->length = length;
    }
    return runs;
}

fm_point *fm_find_points(const fm_window *w, int ndim, int inner, const fm_run *lines, ptrdiff_t line_count,
                         ptrdiff_t count)
{
    fm_point *points = malloc((size_t)count * sizeof *points);
    ptrdiff_t used = 0, at[FM_MAX_NDIM];
    for (ptrdiff_t column = 0; points && column < w->size[inner]; column++)
        for (ptrdiff_t i = 0; i < line_count; i++) {
            memcpy(at, lines[i].start, sizeof at);
            at[inner] = column;
            if (counts(w, ndim, at))
                points[used++] = (fm_point){(int32_t)i, (int32_t)column};
        }
    return points;
}

int64_t fm_find_weights(ptrdiff_t first, ptrdiff_t size, ptrdiff_t n, fm_mode mode, int64_t *weight)
{
    const ptrdiff_t period = mode == FM_REFLECT ? 2 * n : mode == FM_MIRROR && n > 1 ? 2 * n - 2 : n;
    ptrdiff_t from = first, to = first + size;
    memset(weight, 0, (size_t)n * sizeof *weight);
    if (mode == FM_REFLECT || mode == FM_MIRROR || mode == FM_WRAP) {
        for (ptrdiff_t i = 0; size >= period && i < period; i++)
            weight[fm_border(i, n, mode)] += size / period;
        to = first + size % period;
    } else {
        if (mode == FM_NEAREST) {
            weight[0] += from < 0 ? (to < 0 ? to : 0) - from : 0;
            weight[n - 1] += to > n ? to - (from > n ? from : n) : 0;
        }
        from = from < 0 ? 0 : from;
        to = to > n ? n : to;
    }
    for (ptrdiff_t i = from; i < to; i++)
        weight[fm_border(i, n, mode)]++;
    int64_t inside = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        inside += weight[i];
    return inside;
}
