/* What becomes of medians where outliers are to be replaced by them: the elements that are none are put back. */
#ifndef FM_MEDIAN_OUTLIERS_H
#define FM_MEDIAN_OUTLIERS_H

#include "array.h"

typedef struct fm_cleaning {
    fm_outliers outliers;
    const fm_array *input, *output;
    const fm_array *mask, *replaced; /* bools; either may be NULL */
} fm_cleaning;

/* Cleans a line of outputs, which are medians yet. `deviations` are keys, or NULL where the threshold is not in these. */
void fm_clean_line(const fm_cleaning *cleaning, const ptrdiff_t *at, int axis, ptrdiff_t count,
                   const void *deviations);

/* The same for a box of outputs, in lines along an axis. */
void fm_clean_box(const fm_cleaning *cleaning, const ptrdiff_t *start, const ptrdiff_t *extent, int axis);

/* The type of the deviations of elements; FM_TYPE_COUNT if there is none (missing.c). */
fm_type fm_deviation_type(fm_type type);

/* Cleans all outputs, where elements may be missing or the threshold is in deviations (missing.c). */
fm_status fm_clean_missing(const fm_array *input, const fm_cleaning *cleaning, const fm_window *window,
                           const fm_missing *missing, int workers, const fm_watch *watch);

#endif
