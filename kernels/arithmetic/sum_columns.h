/* Correctly rounded sums of many results at a time: columns.h. */
#ifndef FM_SUM_COLUMNS_H
#define FM_SUM_COLUMNS_H

#include "columns.h"
#include "walk.h"

typedef struct {
    fm_walk kept, reduced; /* over the dimensions that stay, and over those that are summed */
    fm_placement placement;
    ptrdiff_t results, line, width; /* how many sums; in lines of so many; and how many at a time */
} fm_column_job;

/* Describes the sums of `array` over the dimensions where `shape`, that of the results, has length 1. The last
 * dimension has the smallest strides, none of them negative, and no dimension is indirect. 0 if another way is
 * better. */
int fm_columns_begin(fm_column_job *job, const fm_array *array, const ptrdiff_t *shape);
/* The sums from the one with this number on, `columns` <= job->width of a line, in s->result; those of s->doubtful
 * are open. */
void fm_columns_sum(const fm_column_job *job, ptrdiff_t number, size_t columns, fm_columns *s);

#endif
