/* Which engine for which window. */
#ifndef FM_SELECT_H
#define FM_SELECT_H

#include "engine.h"

/* Runs the engine that is the quickest for a window of `count` elements; a footprint has holes. */
fm_status fm_run_best(fm_filter *filter, const fm_engines *engines, const fm_window *window, ptrdiff_t count,
                      int workers);

#endif
