/* A window as its engines want it: as runs, as lines, as points, or as weights of the array. */
#ifndef FM_WINDOW_H
#define FM_WINDOW_H

#include "fastmath.h"
#include "program.h"

/* Elements of the window that are neighbours along the inner axis. */
typedef struct {
    ptrdiff_t start[FM_MAX_NDIM]; /* in the window */
    ptrdiff_t length;
} fm_run;

/* How many elements the box holds, or -1 if they are too many for a ptrdiff_t. */
ptrdiff_t fm_count_places(const fm_window *window, int ndim);

/* How many elements count, or -1 if they are too many for a ptrdiff_t. */
ptrdiff_t fm_count_elements(const fm_window *window, int ndim);

/* Goes from a run of elements that count, which begins at `at`, to the next; 0 after the last. In the beginning `at` and
 * the length are 0. */
int fm_next_run(const ptrdiff_t *size, const unsigned char *footprint, int ndim, int inner, ptrdiff_t *at,
                ptrdiff_t *length);

/* All of them. NULL without memory. */
fm_run *fm_find_runs(const fm_window *window, int ndim, int inner, ptrdiff_t *count);

/* All lines of the window along the inner axis; those that differ only along outer (if that is not -1)
 * are together. NULL without memory. */
fm_run *fm_find_lines(const fm_window *window, int ndim, int inner, int outer, ptrdiff_t *count);

/* The elements that count, by column; `count` as fm_count_elements gives it. NULL without memory. */
fm_point *fm_find_points(const fm_window *window, int ndim, int inner, const fm_run *lines, ptrdiff_t line_count,
                         ptrdiff_t count);

/* How often the positions from `first` on, `size` of them, are each position of an axis of length n. Returns how many
 * are inside. */
int64_t fm_find_weights(ptrdiff_t first, ptrdiff_t size, ptrdiff_t n, fm_mode mode, int64_t *weight);

#endif
