/* Rows of an array of any layout, read as keys with a border around it, and written back. */
#include "array.h"

#include <string.h>

/* i modulo n for i of at least 0, which is seldom far outside: a division takes longer than all else here. */
static inline ptrdiff_t wrapped(ptrdiff_t i, ptrdiff_t n)
{
    return i < n ? i : i % n;
}

static inline ptrdiff_t outside(ptrdiff_t i, ptrdiff_t n, fm_mode mode)
{
    switch (mode) {
    case FM_NEAREST:
        return i < 0 ? 0 : n - 1;
    case FM_WRAP:
        return i < 0 ? n - 1 - wrapped(-1 - i, n) : wrapped(i - n, n);
    case FM_REFLECT: /* d c b a | a b c d | d c b a */
        i = wrapped(i < 0 ? -1 - i : i, 2 * n);
        return i < n ? i : 2 * n - 1 - i;
    case FM_MIRROR: /* d c b | a b c d | c b a */
        if (n == 1)
            return 0;
        i = wrapped(i < 0 ? -i : i, 2 * n - 2);
        return i < n ? i : 2 * n - 2 - i;
    default:
        return -1;
    }
}

static inline ptrdiff_t border(ptrdiff_t i, ptrdiff_t n, fm_mode mode)
{
    return i >= 0 && i < n ? i : outside(i, n, mode);
}

ptrdiff_t fm_border(ptrdiff_t i, ptrdiff_t n, fm_mode mode)
{
    return border(i, n, mode);
}

int64_t fm_key_of(const void *element, fm_type type)
{
    int64_t key = 0;
    const fm_key_type k = fm_key_types[type];
    fm_active->read_keys(element, k.size, 1, k, 0, &key);
    return key;
}

char *fm_address(const fm_array *array, const ptrdiff_t *at)
{
    char *p = array->data;
    for (int d = 0; d < array->ndim; d++) {
        p += at[d] * array->strides[d];
        if (array->suboffsets && array->suboffsets[d] >= 0) {
            char *target;
            memcpy(&target, p, sizeof target);
            p = target + array->suboffsets[d];
        }
    }
    return p;
}

/* Whether the elements along an axis lie a stride apart, with no pointer to follow in between. */
static int is_direct(const fm_array *array, int axis)
{
    if (array->suboffsets)
        for (int d = axis; d < array->ndim; d++)
            if (array->suboffsets[d] >= 0)
                return 0;
    return 1;
}

/* Reads count keys that all lie inside; `at` is left as it was found. */
static void read_inside(const fm_array *array, ptrdiff_t *at, int axis, ptrdiff_t count, char *keys)
{
    const fm_key_type k = fm_key_types[array->type];
    if (is_direct(array, axis)) {
        fm_active->read_keys(fm_address(array, at), array->strides[axis], count, k, array->swapped, keys);
        return;
    }
    ptrdiff_t start = at[axis];
    for (ptrdiff_t i = 0; i < count; i++) {
        at[axis] = start + i;
        fm_active->read_keys(fm_address(array, at), k.size, 1, k, array->swapped, keys + i * k.size);
    }
    at[axis] = start;
}

int fm_is_plain(const fm_array *array, int axis)
{
    const fm_key_type k = fm_key_types[array->type];
    uintptr_t all = (uintptr_t)array->data;
    for (int d = 0; d < array->ndim; d++)
        all |= (uintptr_t)array->strides[d];
    return k.kind == KEY_SAME && !array->swapped && !array->suboffsets && array->strides[axis] == k.size &&
           all % k.size == 0;
}

const void *fm_row(const fm_source *source, const ptrdiff_t *at)
{
    ptrdiff_t inside[FM_MAX_NDIM];
    for (int d = 0; d < source->array->ndim; d++) {
        inside[d] = border(at[d], source->array->shape[d], source->modes[d]);
        if (inside[d] < 0)
            return NULL;
    }
    return fm_address(source->array, inside);
}

/* Writes keys that are read a step apart: 1, 0 or -1. */
#define COPY(U)                                                       \
    do {                                                              \
        U key;                                                        \
        memcpy(&key, from, sizeof key);                               \
        if (step == 0)                                                \
            for (ptrdiff_t i = 0; i < count; i++)                     \
                memcpy(to + i * size, &key, sizeof(U));               \
        else                                                          \
            for (ptrdiff_t i = 0; i < count; i++)                     \
                memcpy(to + i * size, from - i * size, sizeof(U));    \
    } while (0)

static void copy_keys(char *restrict to, ptrdiff_t count, const char *restrict from, ptrdiff_t step, int size)
{
    if (step == 1) {
        memcpy(to, from, (size_t)(count * size));
        return;
    }
    switch (size) {
    case 1: COPY(uint8_t); break;
    case 2: COPY(uint16_t); break;
    case 4: COPY(uint32_t); break;
    case 8: COPY(uint64_t); break;
    }
}

static void fill(char *keys, ptrdiff_t count, int size, int64_t key)
{
    copy_keys(keys, count, (const char *)&key, 0, size);
}

/* Where the next position outside is read, seen from where this one is, as long as no end of the axis intervenes. */
static ptrdiff_t direction(fm_mode mode)
{
    return mode == FM_WRAP ? 1 : mode == FM_NEAREST ? 0 : -1;
}

/* Fills in the keys outside the axis' range, from position `i` up to `end`, all on one side. Those inside, from
 * `from` up to `to`, are already in place, and most of the others are copies of them. `keys` holds those from
 * `start`. */
static void read_outside(const fm_source *source, ptrdiff_t *at, int axis, ptrdiff_t i, ptrdiff_t end,
                         ptrdiff_t from, ptrdiff_t to, char *keys, ptrdiff_t start)
{
    const int size = fm_key_types[source->array->type].size;
    const ptrdiff_t n = source->array->shape[axis];
    const fm_mode mode = source->modes[axis];
    const ptrdiff_t first = outside(i, n, mode), last = outside(end - 1, n, mode), step = direction(mode);
    if (first < 0) {
        fill(keys + (i - start) * size, end - i, size, source->fill);
        return;
    }
    if (last - first == step * (end - 1 - i) && first >= from && first < to && last >= from && last < to) {
        copy_keys(keys + (i - start) * size, end - i, keys + (first - start) * size, step, size);
        return;
    }
    for (; i < end; i++) {
        char *key = keys + (i - start) * size;
        at[axis] = outside(i, n, mode);
        if (at[axis] >= from && at[axis] < to)
            fm_copy_key(key, keys + (at[axis] - start) * size, size);
        else
            read_inside(source->array, at, axis, 1, key);
    }
}

void fm_read_keys(const fm_source *source, const ptrdiff_t *at, int axis, ptrdiff_t count, void *keys)
{
    const fm_array *array = source->array;
    int size = fm_key_types[array->type].size;
    ptrdiff_t inside[FM_MAX_NDIM];
    for (int d = 0; d < array->ndim; d++) {
        inside[d] = d == axis ? 0 : border(at[d], array->shape[d], source->modes[d]);
        if (inside[d] < 0) {
            fill(keys, count, size, source->fill);
            return;
        }
    }
    ptrdiff_t n = array->shape[axis], start = at[axis], end = start + count;
    ptrdiff_t from = start < 0 ? 0 : start, to = end > n ? n : end;
    if (from >= to) {
        read_outside(source, inside, axis, start, end, 0, 0, keys, start);
        return;
    }
    inside[axis] = from;
    read_inside(array, inside, axis, to - from, (char *)keys + (from - start) * size);
    if (start < from)
        read_outside(source, inside, axis, start, from, from, to, keys, start);
    if (to < end)
        read_outside(source, inside, axis, to, end, from, to, keys, start);
}

void fm_write_keys(const fm_array *array, const ptrdiff_t *at, int axis, ptrdiff_t count, const void *keys)
{
    const fm_key_type k = fm_key_types[array->type];
    if (is_direct(array, axis)) {
        fm_active->write_keys(fm_address(array, at), array->strides[axis], count, k, array->swapped, keys);
        return;
    }
    ptrdiff_t here[FM_MAX_NDIM];
    memcpy(here, at, (size_t)array->ndim * sizeof *here);
    for (ptrdiff_t i = 0; i < count; i++, here[axis]++)
        fm_active->write_keys(fm_address(array, here), k.size, 1, k, array->swapped,
                              (const char *)keys + i * k.size);
}
