/* Large windows in two dimensions from which elements are missing.
 *
 * As constant_time.c, but only elements that are there are numbered, and the rank moves with their number: each
 * window is sought from the answer of its neighbour, whatever the rank, so that this costs nothing.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "missing.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define COUNTED(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum { SIDE = FM_TILE_SIDE, SLACK = 64, NOWHERE = INT16_MAX /* above all numbers */ };

typedef struct {
    uint64_t *items, *other;
    K *keys;         /* in order */
    uint8_t *x, *y;  /* the point of each number */
    int16_t *number; /* of each point, x * SIDE + y */
    ptrdiff_t count;
    size_t bytes;
} layout;

static layout lay_out(void *scratch)
{
    enum { PLACES = SIDE * SIDE };
    layout l = {.count = 0};
    char *p = scratch;
    l.items = fm_take(&p, PLACES * sizeof(uint64_t));
    l.other = fm_take(&p, PLACES * sizeof(uint64_t));
    l.keys = fm_take(&p, (PLACES + 1) * sizeof(K));
    l.x = fm_take(&p, PLACES + SLACK);
    l.y = fm_take(&p, PLACES + SLACK);
    l.number = fm_take(&p, (PLACES + SLACK) * sizeof(int16_t));
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

size_t COUNTED(missing_tile_bytes)(void)
{
    return lay_out(NULL).bytes;
}

void COUNTED(missing_number_tile)(const void *keys, const uint8_t *flags, ptrdiff_t line, int width, int height,
                                  fm_tile *tile)
{
    layout l = lay_out(tile->room);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            ptrdiff_t place = y * line + x;
            l.number[x * SIDE + y] = NOWHERE;
            if (!(flags[place] & 1 << FM_IS_MISSING))
                l.items[l.count++] = (uint64_t)place;
        }
    if (l.count)
        sort_items(keys, l.items, l.other, (size_t)l.count);
    for (ptrdiff_t i = 0; i < l.count; i++) {
        uint32_t place = (uint32_t)l.items[i], y = place / (uint32_t)line, x = place - y * (uint32_t)line;
        l.keys[i] = ((const K *)keys)[place];
        l.x[i] = (uint8_t)x;
        l.y[i] = (uint8_t)y;
        l.number[x * SIDE + y] = (int16_t)((int)i + INT16_MIN);
    }
    memset(l.x + l.count, 0, SLACK); /* looked at, but beyond all that is sought */
    memset(l.y + l.count, 0, SLACK);
    tile->number = 0;
    tile->below = 0;
}

/* The number of the window's element of the rank, where `below` of its elements have numbers below `number`. */
static inline int seek(const layout *l, fm_box box, int number, ptrdiff_t below, ptrdiff_t rank)
{
    int group = number & ~63;
    uint64_t in = members_8(l->x + group, l->y + group, box);
    below -= __builtin_popcountll(in & (((uint64_t)1 << (number & 63)) - 1));
    while (below > rank) {
        group -= 64;
        in = members_8(l->x + group, l->y + group, box);
        below -= __builtin_popcountll(in);
    }
    for (;;) {
        int here = __builtin_popcountll(in);
        if (below + here > rank)
            return group + nth_bit(in, rank - below);
        below += here;
        group += 64;
        in = members_8(l->x + group, l->y + group, box);
    }
}

/* How many more elements are below m in the first window of a row than in that of the row before. */
static int row_change(const layout *l, fm_box box, int m)
{
    const int16_t *leaving = l->number + box.top - 1, *entering = leaving + box.height;
    int change = 0;
    for (int i = 0; i < box.width; i++)
        change += (entering[i * SIDE] < m + INT16_MIN) - (leaving[i * SIDE] < m + INT16_MIN);
    return change;
}

void COUNTED(missing_filter_row)(fm_tile *tile, int width, int height, int top, ptrdiff_t rank, const uint32_t *to,
                                 const uint32_t *to_lower, const uint8_t *findings, ptrdiff_t count, void *chosen,
                                 void *lower)
{
    const layout l = lay_out(tile->room);
    const fm_numbers tail = tail_mask(height);
    fm_box box = {.top = (uint8_t)top, .width = (uint8_t)width, .height = (uint8_t)height};
    int number = tile->number;
    ptrdiff_t below = tile->below + (top ? row_change(&l, box, number) : 0);
    for (ptrdiff_t i = 0; i < count; i++) {
        int finding = findings[i / FM_CHUNK];
        ptrdiff_t wanted = finding ? (ptrdiff_t)to[i] : rank;
        if (wanted < FM_POISONED) {
            number = seek(&l, box, number, below, wanted);
            below = wanted;
            ((K *)chosen)[i] = l.keys[number];
            if (lower)
                ((K *)lower)[i] = finding & FM_TWO ? l.keys[seek(&l, box, number, below, (ptrdiff_t)to_lower[i])]
                                                   : l.keys[number];
        }
        if (i == 0) {
            tile->number = number;
            tile->below = below;
        }
        if (i + 1 < count) {
            const int16_t *leaving = l.number + box.left * SIDE + top;
            below += count_change(leaving + width * SIDE, leaving, height, (int16_t)(number + INT16_MIN), tail);
            box.left++;
        }
    }
}
