/* Walking the elements of an array of any layout, a run of equal strides at a time. */
#ifndef FM_WALK_H
#define FM_WALK_H

#include "fastmath.h"

typedef struct {
    char *data;
    ptrdiff_t stride, count;
} fm_run;

typedef struct {
    char *data;
    fm_type type;
    int swapped, ndim;
    ptrdiff_t left; /* elements still to come */
    ptrdiff_t shape[FM_MAX_NDIM], strides[FM_MAX_NDIM], suboffsets[FM_MAX_NDIM], index[FM_MAX_NDIM];
} fm_walk;

typedef enum {
    FM_IN_ORDER, /* C order, the last index fastest */
    FM_ANY_ORDER /* whatever order reads memory best */
} fm_order;

ptrdiff_t fm_array_size(const fm_array *array); /* number of elements */
ptrdiff_t fm_type_size(fm_type type);

void fm_walk_begin(fm_walk *walk, const fm_array *array, fm_order order);
/* Goes to the element with this number in the walk's order, and ends the walk `count` elements later. */
void fm_walk_seek(fm_walk *walk, ptrdiff_t element, ptrdiff_t count);
/* The next at most `most` elements that lie at one stride; 0 at the end. */
int fm_walk_next(fm_walk *walk, ptrdiff_t most, fm_run *run);
/* Copies the next at most `most` elements to `to`, side by side and in native byte order. Their number. */
ptrdiff_t fm_walk_read(fm_walk *walk, ptrdiff_t most, void *to);
/* Copies the elements of a run of the walk's to `to`, in the same way. */
void fm_walk_copy(const fm_walk *walk, fm_run run, void *to);
/* The reverse: writes elements over the next `count` of the array. */
void fm_walk_write(fm_walk *walk, ptrdiff_t count, const void *from);

/* The elements in C order, native byte order and memory of their own: copy->data is to be freed, and is NULL
 * if there is no memory. */
void fm_array_copy(const fm_array *array, fm_array *copy, ptrdiff_t strides[FM_MAX_NDIM]);

#endif
