/* Correctly rounded sums of many results at a time: columns.h. */
#ifndef FM_SUM_COLUMNS_H
#define FM_SUM_COLUMNS_H

#include "chunk.h"
#include "walk.h"

typedef struct {
    fm_walk kept, reduced; /* over the dimensions that stay, and over those that are summed */
    ptrdiff_t results, line, width; /* how many sums; in lines of so many; and how many at a time */
    int direct;            /* whether a line's elements can be used as they lie */
} fm_column_job;

/* Describes the sums of `array` over the dimensions where `shape`, that of the results, has length 1. The last
 * dimension has the smallest strides, and no dimension is indirect. 0 if another way is better. */
int fm_columns_begin(fm_column_job *job, const fm_array *array, const ptrdiff_t *shape);
/* The sums from the one with this number on, `columns` <= job->width of a line. Returns how many are in doubt;
 * doubt[c] is not 0 for those. */
size_t fm_columns_sum(const fm_column_job *job, ptrdiff_t number, size_t columns, double *result,
                      unsigned char *doubt);

#endif
