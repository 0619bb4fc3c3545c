/* Large windows in two dimensions: sliding over ordinal numbers, many at a time.
 *
 * A tile of at most 256x256 elements is sorted, which gives each element a number of 16 bits and each number
 * a point of two bytes. Where a window moves on by a column, the elements that enter and leave are compared
 * with the present answer, a vector of numbers at a time; so it is known how many elements of the new window
 * lie below it. From there the answer is sought among the numbers above or below, 64 at a time, by testing
 * whether their points lie in the window. After the histogram of Huang, Yang and Tang (1979), of which only
 * the count below the median is left; the time hardly depends on the window.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define CONSTANT_TIME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum { SIDE = 256, SLACK = 64 };

typedef struct {
    K *keys;
    uint64_t *items, *other; /* the lower halves of items are places, in the order of the keys */
    uint8_t *x, *y;    /* the point of each number */
    int16_t *number;   /* of each point, x * SIDE + y */
    size_t bytes;
} layout;

static layout lay_out(void *scratch)
{
    enum { PLACES = SIDE * SIDE };
    layout l;
    char *p = scratch;
    l.items = fm_take(&p, PLACES * sizeof(uint64_t));
    l.other = fm_take(&p, PLACES * sizeof(uint64_t));
    l.keys = fm_take(&p, PLACES * sizeof(K));
    l.x = fm_take(&p, PLACES + SLACK);
    l.y = fm_take(&p, PLACES + SLACK);
    l.number = fm_take(&p, (PLACES + SLACK) * sizeof(int16_t));
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* Tiles of equal extent, as few as fit the side. */
static void cut(const fm_filter *f, fm_block *largest)
{
    for (int d = 0; d < f->output->ndim; d++) {
        ptrdiff_t most = SIDE - f->size[d] + 1, tiles = (f->output->shape[d] + most - 1) / most;
        int in_plane = d == f->inner || d == f->outer;
        largest->extent[d] = in_plane ? (f->output->shape[d] + tiles - 1) / tiles : 1;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(NULL).bytes;
}

/* Reads the tile with its border and numbers its elements. Returns how many there are. */
static size_t number_tile(const fm_filter *f, const fm_block *block, int width, int height, layout *l)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = block->start[d] - f->lead[d];
    K *row = l->keys;
    for (int y = 0; y < height; y++, at[f->outer]++, row += width)
        fm_read_keys(&f->source, at, f->inner, width, row);
    size_t count = (size_t)(width * height);
    order_keys(l->keys, l->items, l->other, count);
    for (size_t i = 0; i < count; i++) {
        int x = (int)((uint32_t)l->items[i] % (uint32_t)width), y = (int)((uint32_t)l->items[i] / (uint32_t)width);
        l->x[i] = (uint8_t)x;
        l->y[i] = (uint8_t)y;
        l->number[x * SIDE + y] = (int16_t)((int)i + INT16_MIN);
    }
    /* so that the last 64 are no points of any window that lies in the tile */
    memset(l->x + count, width - 1 < SIDE - 1 ? SIDE - 1 : 0, SLACK);
    memset(l->y + count, height - 1 < SIDE - 1 ? SIDE - 1 : 0, SLACK);
    return count;
}

/* The number of the window's element of the given rank, where `below` elements have numbers below `number`. */
static inline int seek(const layout *l, fm_box box, int number, ptrdiff_t below, ptrdiff_t rank)
{
    int group = number & ~63;
    uint64_t in = members(l->x + group, l->y + group, box);
    below -= __builtin_popcountll(in & (((uint64_t)1 << (number & 63)) - 1));
    while (below > rank) {
        group -= 64;
        in = members(l->x + group, l->y + group, box);
        below -= __builtin_popcountll(in);
    }
    for (;;) {
        int here = __builtin_popcountll(in);
        if (below + here > rank)
            return group + nth_bit(in, rank - below);
        below += here;
        group += 64;
        in = members(l->x + group, l->y + group, box);
    }
}

/* How the count below m changes where a window whose first point is `left`, `top` moves down by one row. */
static int row_change(const layout *l, fm_box box, int m)
{
    const int16_t *leaving = l->number + box.left * SIDE + box.top, *entering = leaving + box.height;
    int change = 0;
    for (int i = 0; i < box.width; i++)
        change += (entering[i * SIDE] < m + INT16_MIN) - (leaving[i * SIDE] < m + INT16_MIN);
    return change;
}

/* Filters a row of outputs; `number` is the answer for the first. */
static void filter_row(const layout *l, fm_box box, int number, ptrdiff_t rank, ptrdiff_t count, K *out)
{
    const fm_numbers tail = tail_mask(box.height);
    out[0] = l->keys[(uint32_t)l->items[number]];
    for (ptrdiff_t i = 1; i < count; i++) {
        const int16_t *leaving = l->number + box.left * SIDE + box.top;
        int change = count_change(leaving + box.width * SIDE, leaving, box.height,
                                  (int16_t)(number + INT16_MIN), tail);
        box.left++;
        number = seek(l, box, number, rank + change, rank);
        out[i] = l->keys[(uint32_t)l->items[number]];
    }
}

/* A block is one plane of outputs that with its border is at most 256 wide and high. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    layout l = lay_out(scratch);
    fm_box box = {.width = (uint8_t)f->size[f->inner], .height = (uint8_t)f->size[f->outer]};
    ptrdiff_t columns = block->extent[f->inner], rows = block->extent[f->outer];
    number_tile(f, block, (int)columns + box.width - 1, (int)rows + box.height - 1, &l);
    K *out = (K *)l.other; /* done with */
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    int number = seek(&l, box, 0, 0, f->rank);
    for (ptrdiff_t y = 0;;) {
        filter_row(&l, box, number, f->rank, columns, out);
        fm_write_keys(f->output, at, f->inner, columns, out);
        if (++y == rows)
            return;
        at[f->outer]++;
        int change = row_change(&l, box, number);
        box.top++;
        number = seek(&l, box, number, f->rank + change, f->rank);
    }
}

extern const fm_engine CONSTANT_TIME(fm_constant_time);
const fm_engine CONSTANT_TIME(fm_constant_time) = {cut, scratch_bytes, part};
