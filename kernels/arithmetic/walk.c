/* Walking the elements of an array of any layout. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "level.h"
#include "median/keys.h"

ptrdiff_t fm_type_size(fm_type type)
{
    static const ptrdiff_t sizes[FM_TYPE_COUNT] = {
        [FM_BOOL] = 1, [FM_U8] = 1,  [FM_I8] = 1,  [FM_U16] = 2, [FM_I16] = 2, [FM_U32] = 4,
        [FM_I32] = 4,  [FM_U64] = 8, [FM_I64] = 8, [FM_F16] = 2, [FM_F32] = 4, [FM_F64] = 8,
    };
    return sizes[type];
}

ptrdiff_t fm_array_size(const fm_array *array)
{
    ptrdiff_t size = 1;
    for (int d = 0; d < array->ndim; d++)
        size *= array->shape[d];
    return size;
}

static int indirect(const fm_walk *walk, int d)
{
    return walk->suboffsets[d] >= 0;
}

/* Takes dimension d over from the array, unless it has one element and so nothing to say. */
static void take(fm_walk *walk, const fm_array *array, int d)
{
    ptrdiff_t suboffset = array->suboffsets ? array->suboffsets[d] : -1;
    if (array->shape[d] == 1 && suboffset < 0)
        return;
    walk->shape[walk->ndim] = array->shape[d];
    walk->strides[walk->ndim] = array->strides[d];
    walk->suboffsets[walk->ndim++] = suboffset;
}

/* Makes strides positive and sorts them, the largest first. */
static void reorder(fm_walk *walk)
{
    for (int d = 0; d < walk->ndim; d++) {
        ptrdiff_t n = walk->shape[d], stride = walk->strides[d];
        if (stride < 0) {
            walk->data += (n - 1) * stride;
            stride = -stride;
        }
        int at = d;
        for (; at > 0 && walk->strides[at - 1] < stride; at--) {
            walk->shape[at] = walk->shape[at - 1];
            walk->strides[at] = walk->strides[at - 1];
        }
        walk->shape[at] = n;
        walk->strides[at] = stride;
    }
}

/* Joins a dimension to the one before it where the two are one at the same stride. */
static void join(fm_walk *walk)
{
    int last = 0;
    for (int d = 1; d < walk->ndim; d++) {
        if (!indirect(walk, last) && !indirect(walk, d) &&
            walk->strides[last] == walk->shape[d] * walk->strides[d]) {
            walk->shape[last] *= walk->shape[d];
        } else {
            last++;
            walk->shape[last] = walk->shape[d];
            walk->suboffsets[last] = walk->suboffsets[d];
        }
        walk->strides[last] = walk->strides[d];
    }
    if (walk->ndim)
        walk->ndim = last + 1;
}

void fm_walk_begin(fm_walk *walk, const fm_array *array, fm_order order)
{
    walk->data = array->data;
    walk->type = array->type;
    walk->swapped = array->swapped;
    walk->ndim = 0;
    walk->left = fm_array_size(array);
    int direct = 1;
    for (int d = 0; d < array->ndim && walk->left; d++) {
        take(walk, array, d);
        direct &= !array->suboffsets || array->suboffsets[d] < 0;
    }
    if (order == FM_ANY_ORDER && direct)
        reorder(walk);
    join(walk);
    for (int d = 0; d < walk->ndim; d++)
        walk->index[d] = 0;
}

void fm_walk_seek(fm_walk *walk, ptrdiff_t element, ptrdiff_t count)
{
    for (int d = walk->ndim - 1; d >= 0; d--) {
        walk->index[d] = element % walk->shape[d];
        element /= walk->shape[d];
    }
    walk->left = count;
}

static char *address(const fm_walk *walk)
{
    char *p = walk->data;
    for (int d = 0; d < walk->ndim; d++) {
        p += walk->index[d] * walk->strides[d];
        if (indirect(walk, d)) {
            memcpy(&p, p, sizeof(char *));
            p += walk->suboffsets[d];
        }
    }
    return p;
}

static void advance(fm_walk *walk, ptrdiff_t count)
{
    walk->left -= count;
    int d = walk->ndim - 1;
    if (d < 0)
        return;
    walk->index[d] += count;
    for (; d > 0 && walk->index[d] == walk->shape[d]; d--) {
        walk->index[d] = 0;
        walk->index[d - 1]++;
    }
}

int fm_walk_next(fm_walk *walk, ptrdiff_t most, fm_run *run)
{
    if (most > walk->left)
        most = walk->left;
    if (most <= 0)
        return 0;
    int last = walk->ndim - 1;
    *run = (fm_run){.data = address(walk), .stride = fm_type_size(walk->type), .count = 1};
    if (last >= 0 && !indirect(walk, last)) {
        ptrdiff_t here = walk->shape[last] - walk->index[last];
        run->stride = walk->strides[last];
        run->count = here < most ? here : most;
    }
    advance(walk, run->count);
    return 1;
}

#define COPY(name, type, swap)                                                                           \
    static void name(char *to, ptrdiff_t to_stride, const char *from, ptrdiff_t stride, ptrdiff_t count) \
    {                                                                                                    \
        for (ptrdiff_t i = 0; i < count; i++) {                                                          \
            type x;                                                                                      \
            memcpy(&x, from + i * stride, sizeof x);                                                     \
            x = (type)swap(x);                                                                           \
            memcpy(to + i * to_stride, &x, sizeof x);                                                    \
        }                                                                                                \
    }
COPY(copy_1, uint8_t, )
COPY(copy_2, uint16_t, )
COPY(copy_4, uint32_t, )
COPY(copy_8, uint64_t, )
COPY(swap_2, uint16_t, __builtin_bswap16)
COPY(swap_4, uint32_t, __builtin_bswap32)
COPY(swap_8, uint64_t, __builtin_bswap64)
#undef COPY

static void copy(const fm_walk *walk, char *to, ptrdiff_t to_stride, const char *from, ptrdiff_t stride,
                 ptrdiff_t count)
{
    ptrdiff_t size = fm_type_size(walk->type);
    if (!walk->swapped && stride == size && to_stride == size) {
        memcpy(to, from, (size_t)(count * size));
        return;
    }
    if (walk->swapped && to_stride == size) { /* at vector speed */
        static const fm_type same[] = {[2] = FM_U16, [4] = FM_I32, [8] = FM_I64};
        fm_active->read_keys(from, stride, count, fm_key_types[same[size]], 1, to);
        return;
    }
    switch (size) {
    case 1:
        copy_1(to, to_stride, from, stride, count);
        break;
    case 2:
        (walk->swapped ? swap_2 : copy_2)(to, to_stride, from, stride, count);
        break;
    case 4:
        (walk->swapped ? swap_4 : copy_4)(to, to_stride, from, stride, count);
        break;
    default:
        (walk->swapped ? swap_8 : copy_8)(to, to_stride, from, stride, count);
    }
}

void fm_walk_copy(const fm_walk *walk, fm_run run, void *to)
{
    copy(walk, to, fm_type_size(walk->type), run.data, run.stride, run.count);
}

ptrdiff_t fm_walk_read(fm_walk *walk, ptrdiff_t most, void *to)
{
    ptrdiff_t size = fm_type_size(walk->type), done = 0;
    fm_run run;
    while (fm_walk_next(walk, most - done, &run)) {
        fm_walk_copy(walk, run, (char *)to + done * size);
        done += run.count;
    }
    return done;
}

void fm_walk_write(fm_walk *walk, ptrdiff_t count, const void *from)
{
    ptrdiff_t size = fm_type_size(walk->type), done = 0;
    fm_run run;
    while (fm_walk_next(walk, count - done, &run)) {
        copy(walk, run.data, run.stride, (const char *)from + done * size, size, run.count);
        done += run.count;
    }
}

void fm_array_copy(const fm_array *array, fm_array *copy, ptrdiff_t strides[FM_MAX_NDIM])
{
    *copy = (fm_array){.type = array->type, .ndim = array->ndim, .shape = array->shape, .strides = strides};
    ptrdiff_t size = fm_type_size(array->type);
    for (int d = array->ndim - 1; d >= 0; d--) {
        strides[d] = size;
        size *= array->shape[d];
    }
    copy->data = malloc(size ? (size_t)size : 1);
    fm_walk walk;
    fm_walk_begin(&walk, array, FM_IN_ORDER);
    if (copy->data)
        fm_walk_read(&walk, walk.left, copy->data);
}
