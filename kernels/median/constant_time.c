/* Large windows in two dimensions: sliding over ordinal numbers, many at a time.
 *
 * The elements of a tile are sorted, and those whose numbers in the order differ by less than 64 make a group.
 * A group keeps the points where its elements lie; a point keeps the group. Where a window moves on by a
 * column, the groups of the points that enter and leave are compared with the group of the present answer, a
 * vector at a time; so it is known how many elements of the new window lie in groups before it. From there the
 * answer is sought among the groups before or after, by testing which of the 64 points lie in the window.
 * After the histogram of Huang, Yang and Tang (1979), of which only the count below the median is left; the
 * time hardly depends on the window. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define CONSTANT_TIME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    GROUP = 64,
    NARROW = 256, /* side of tiles whose points take two bytes */
    WIDE = 256,   /* of the outputs of others */
};

/* A tile and its scratch memory. Places are numbered along rows. */
typedef struct {
    int width, height, is_narrow;
    ptrdiff_t column; /* from one column of groups to the next */
    K *keys;
    uint64_t *items, *other; /* the lower halves of items are places, in the order of the keys; */
    K *sorted;               /* then the keys themselves take this memory */
    int16_t *group;          /* of each point, along columns; in the memory of `other`, as are */
    void *x, *y;             /* the points of each number */
    size_t bytes;
} tile;

static tile lay_out(ptrdiff_t width, ptrdiff_t height, void *scratch)
{
    tile t = {.width = (int)width, .height = (int)height, .is_narrow = width <= NARROW && height <= NARROW};
    t.column = height + NUMBERS;
    size_t places = (size_t)(width * height), coordinate = t.is_narrow ? 1 : 2;
    size_t after = (size_t)(width * t.column) * sizeof(int16_t) + 2 * (places + GROUP) * coordinate + 3 * 64;
    char *p = scratch;
    t.keys = fm_take(&p, places * sizeof(K));
    t.items = fm_take(&p, places * sizeof(uint64_t));
    t.sorted = (K *)(void *)t.items;
    t.other = (uint64_t *)(void *)p;
    t.group = fm_take(&p, (size_t)(width * t.column) * sizeof(int16_t));
    t.x = fm_take(&p, (places + GROUP) * coordinate);
    t.y = fm_take(&p, (places + GROUP) * coordinate);
    t.bytes = (size_t)((char *)t.other - (char *)scratch) + (after > places * 8 ? after : places * 8);
    return t;
}

/* The tile is read with its border and numbered. */
static void number_tile(const fm_filter *f, const fm_block *block, tile *t)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = block->start[d] - f->lead[d];
    for (int y = 0; y < t->height; y++, at[f->outer]++)
        fm_read_keys(&f->source, at, f->inner, t->width, t->keys + (ptrdiff_t)y * t->width);
    const size_t count = (size_t)t->width * (size_t)t->height;
    for (size_t i = 0; i < count; i++)
        t->items[i] = i;
    sort_items(t->keys, t->items, t->other, count);
    /* places are few enough for a multiplication to divide by the width exactly */
    const uint64_t reciprocal = ((uint64_t)1 << 32) / (uint64_t)t->width + 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t place = (uint32_t)t->items[i], y = (uint32_t)(place * reciprocal >> 32), x = place - y * (uint32_t)t->width;
        if (t->is_narrow) {
            ((uint8_t *)t->x)[i] = (uint8_t)x;
            ((uint8_t *)t->y)[i] = (uint8_t)y;
        } else {
            ((uint16_t *)t->x)[i] = (uint16_t)x;
            ((uint16_t *)t->y)[i] = (uint16_t)y;
        }
        memcpy(t->sorted + i, t->keys + place, sizeof(K));
        t->group[(ptrdiff_t)x * t->column + y] = (int16_t)((int)(i / GROUP) + INT16_MIN);
    }
    /* the last group may be looked at whole: what is found in it is found before these */
    size_t size = t->is_narrow ? 1 : 2;
    memset((char *)t->x + count * size, 255, GROUP * size);
    memset((char *)t->y + count * size, 255, GROUP * size);
}

/* Where in the order the window's element of the wanted rank is. */
typedef struct {
    int group;
    ptrdiff_t before; /* of the window's elements, how many are in groups before this */
} position;

static inline uint64_t members_of(const tile *t, int group, fm_box box, int is_narrow)
{
    ptrdiff_t i = (ptrdiff_t)group * GROUP;
    return is_narrow ? members_8((const uint8_t *)t->x + i, (const uint8_t *)t->y + i, box)
                     : members_16((const uint16_t *)t->x + i, (const uint16_t *)t->y + i, box);
}

/* The key of the window's element of the given rank. */
static inline K seek(const tile *t, fm_box box, position *p, ptrdiff_t rank, int is_narrow)
{
    uint64_t in = members_of(t, p->group, box, is_narrow);
    while (p->before > rank) {
        in = members_of(t, --p->group, box, is_narrow);
        p->before -= __builtin_popcountll(in);
    }
    ptrdiff_t here;
    while (p->before + (here = __builtin_popcountll(in)) <= rank) {
        p->before += here;
        in = members_of(t, ++p->group, box, is_narrow);
    }
    return t->sorted[p->group * GROUP + nth_bit(in, rank - p->before)];
}

/* How many more elements before `group` a window has once it has moved down by a row. */
static int row_change(const tile *t, fm_box box, int group)
{
    const int16_t *leaving = t->group + box.left * t->column + box.top, *entering = leaving + box.height;
    int change = 0;
    for (int i = 0; i < box.width; i++)
        change += (entering[i * t->column] < group + INT16_MIN) - (leaving[i * t->column] < group + INT16_MIN);
    return change;
}

/* Filters a row of outputs from the second on; `p` is that of the first. */
static inline void filter_row(const tile *t, fm_box box, position p, ptrdiff_t rank, ptrdiff_t count, K *out,
                              int is_narrow)
{
    const fm_numbers tail = tail_mask(box.height);
    for (ptrdiff_t i = 1; i < count; i++) {
        const int16_t *leaving = t->group + box.left * t->column + box.top;
        p.before += count_change(leaving + box.width * t->column, leaving, box.height,
                                 (int16_t)(p.group + INT16_MIN), tail);
        box.left++;
        out[i] = seek(t, box, &p, rank, is_narrow);
    }
}

static void filter_tile(fm_filter *f, const fm_block *block, const tile *t, fm_box box, int lane, int is_narrow)
{
    const ptrdiff_t columns = block->extent[f->inner], rows = block->extent[f->outer];
    K *out = (K *)(void *)((char *)t->keys + t->bytes);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    position p = {0, 0};
    for (ptrdiff_t y = 0; !fm_should_stop(f, lane); box.top++) {
        out[0] = seek(t, box, &p, f->rank, is_narrow);
        filter_row(t, box, p, f->rank, columns, out, is_narrow);
        fm_write_keys(f->output, at, f->inner, columns, out);
        if (++y == rows)
            return;
        at[f->outer]++;
        p.before += row_change(t, box, p.group);
    }
}

/* A block is one plane of outputs. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t width = f->size[f->inner], height = f->size[f->outer];
    tile t = lay_out(block->extent[f->inner] + width - 1, block->extent[f->outer] + height - 1, scratch);
    number_tile(f, block, &t);
    fm_box box = {.width = (uint16_t)width, .height = (uint16_t)height};
    if (t.is_narrow)
        filter_tile(f, block, &t, box, lane, 1);
    else
        filter_tile(f, block, &t, box, lane, 0);
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    ptrdiff_t width = largest->extent[f->inner] + f->size[f->inner] - 1;
    ptrdiff_t height = largest->extent[f->outer] + f->size[f->outer] - 1;
    return lay_out(width, height, NULL).bytes + (size_t)width * sizeof(K);
}

/* Blocks of equal extent, as few as have at most so many outputs along an axis. */
static void divide(const fm_filter *f, int axis, ptrdiff_t most, fm_block *largest)
{
    ptrdiff_t length = f->output->shape[axis], blocks = (length + most - 1) / most;
    largest->extent[axis] = (length + blocks - 1) / blocks;
}

/* Tiles of a side that a byte holds, unless the window leaves little of these; then larger ones, as far as memory
 * allows. */
static void cut(const fm_filter *f, fm_block *largest)
{
    const ptrdiff_t width = f->size[f->inner], height = f->size[f->outer];
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    if (width <= NARROW / 2 && height <= NARROW / 2) {
        divide(f, f->inner, NARROW - width + 1, largest);
        divide(f, f->outer, NARROW - height + 1, largest);
        return;
    }
    ptrdiff_t rows = WIDE, columns = WIDE;
    do {
        divide(f, f->inner, columns, largest);
        divide(f, f->outer, rows, largest);
        ptrdiff_t *longer = columns > rows ? &columns : &rows;
        *longer -= *longer / 4;
    } while (scratch_bytes(f, largest) > FM_MOST_SCRATCH && rows > 1);
}

extern const fm_engine CONSTANT_TIME(fm_constant_time);
const fm_engine CONSTANT_TIME(fm_constant_time) = {cut, scratch_bytes, part};
