/* Rows of an array of any layout, read as keys with a border around it, and written back. */
#ifndef FM_MEDIAN_ARRAY_H
#define FM_MEDIAN_ARRAY_H

#include "keys.h"
#include "level.h"

#include <string.h>

/* An array to read from, and what lies around it. */
typedef struct {
    const fm_array *array;
    const fm_mode *modes; /* one per axis */
    int64_t fill;         /* the key of what a constant border holds, in its first bytes */
} fm_source;

/* Where index i of an axis of length n is to be read: inside, or -1 for what is constant. */
ptrdiff_t fm_border(ptrdiff_t i, ptrdiff_t n, fm_mode mode);

/* How many windows of a size there are along an axis of length n. */
static inline ptrdiff_t fm_windows(ptrdiff_t n, ptrdiff_t size, fm_mode mode)
{
    return mode != FM_VALID ? n : n < size ? 0 : n - size + 1;
}

/* The next position in a box of the given extent, the axis `still` left out; 0 after the last. */
static inline int fm_advance(ptrdiff_t *at, const ptrdiff_t *extent, int ndim, int still)
{
    for (int d = ndim - 1; d >= 0; d--) {
        if (d == still)
            continue;
        if (++at[d] < extent[d])
            return 1;
        at[d] = 0;
    }
    return 0;
}

/* The extent of about equal parts of an axis, none above `most`. */
static inline ptrdiff_t fm_part_of(ptrdiff_t length, ptrdiff_t most)
{
    ptrdiff_t parts = (length + most - 1) / most;
    return (length + parts - 1) / parts;
}

/* The array with its elements taken for keys. */
static inline fm_array fm_as_bits(const fm_array *array)
{
    fm_array bits = *array;
    bits.type = fm_key_elements[fm_key_width(array->type)];
    return bits;
}

/* One key; a copy of a constant size is an instruction or two. */
static inline void fm_copy_key(char *to, const void *from, int size)
{
    switch (size) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    }
}

/* The key of one element in native byte order. */
int64_t fm_key_of(const void *element, fm_type type);

char *fm_address(const fm_array *array, const ptrdiff_t *at);

/* Whether the elements along the axis are their own keys, side by side and aligned. */
int fm_is_plain(const fm_array *array, int axis);

/* Where a plain array is to be read for position `at`, or NULL for the constant outside. */
const void *fm_row(const fm_source *source, const ptrdiff_t *at);

/* Reads count keys along `axis` from position `at`, which may lie outside the array. */
void fm_read_keys(const fm_source *source, const ptrdiff_t *at, int axis, ptrdiff_t count, void *keys);

/* Writes count keys along `axis` from position `at`, all of it inside. */
void fm_write_keys(const fm_array *array, const ptrdiff_t *at, int axis, ptrdiff_t count, const void *keys);

#endif
