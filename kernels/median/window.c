/* A window as its engines want it: as runs, as lines, or as points. */
#include "window.h"

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

fm_run *fm_find_runs(const fm_window *w, int ndim, int inner, ptrdiff_t *count)
{
    ptrdiff_t lines = count_lines(w, ndim, inner), used = 0, room = lines;
    if (w->footprint)
        room *= (w->size[inner] + 1) / 2;
    fm_run *runs = new_runs(room);
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    for (ptrdiff_t i = 0; runs && i < lines; i++) {
        ptrdiff_t length = 0;
        for (at[inner] = 0; at[inner] <= w->size[inner]; at[inner]++) {
            int more = at[inner] < w->size[inner] && counts(w, ndim, at);
            if (!more && length) {
                memcpy(runs[used].start, at, sizeof at);
                runs[used].start[inner] -= length;
                runs[used++].length = length;
            }
            length = more ? length + 1 : 0;
        }
        at[inner] = 0;
        next_line(w, ndim, inner, -1, at);
    }
    *count = used;
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
