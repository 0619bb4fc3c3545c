/* Which engine for which window. */
#ifndef FM_SELECT_H
#define FM_SELECT_H

#include "engine.h"

/* Whether arrays and windows go together: FM_INVALID if not, and FM_NO_MEMORY where positions could not be counted. */
fm_status fm_check_windows(const fm_array *input, const fm_array *output, const fm_window *window);

/* How far along an axis a window begins before its output. */
ptrdiff_t fm_lead(const fm_window *window, int axis);

/* As fm_rank_filter; what is done to the outputs then may be NULL. */
fm_status fm_rank_filter_then(const fm_array *input, const fm_array *output, const fm_window *window,
                              const struct fm_cleaning *cleaning, int workers, const fm_watch *watch);

/* A box of the outputs of fm_rank_filter, which begins at `start`: `output` is that box alone. The rank is not the
 * lowest or highest, since these are made of all outputs at once; what fm_rank_filter checks has to be so. */
fm_status fm_rank_filter_box(const fm_array *input, const fm_array *output, const fm_window *window,
                             const ptrdiff_t *start, int workers, const fm_watch *watch);

/* Runs the engine that is the quickest for a window of `count` elements; a footprint has holes. */
fm_status fm_run_best(fm_filter *filter, const fm_engines *engines, const fm_window *window, ptrdiff_t count,
                      int workers);

#endif
