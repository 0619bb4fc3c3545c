/* Large windows in two dimensions from which elements are missing.
 *
 * As constant_time.c, but only the elements of a tile that are there are numbered, and the rank moves with their
 * number: each window is sought from the answer of its neighbour, whatever the rank, so that this costs nothing.
 * Compiled once per instruction set and key width; counted_bytes.c takes its place for keys of 8 bits.
 */
#include "engine.h"
#include "missing.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define COUNTED(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    GROUP = 64,
    SIDE = FM_TILE_SIDE,
    COLUMN = SIDE + NUMBERS, /* from one column of groups to the next */
    PLACES = SIDE * SIDE,
    NOWHERE = INT16_MAX, /* the group of what is missing, after all others */
};

typedef struct {
    uint32_t *places, *other;
    K *keys;        /* in order */
    uint8_t *x, *y; /* of each, where it lies */
    int16_t *group; /* of each point, along columns */
    size_t bytes;
} layout;

static layout lay_out(void *scratch)
{
    layout l;
    char *p = scratch;
    l.places = fm_take(&p, PLACES * sizeof *l.places);
    l.other = fm_take(&p, PLACES * sizeof *l.other);
    l.keys = fm_take(&p, (PLACES + GROUP) * sizeof(K));
    l.x = fm_take(&p, PLACES + GROUP);
    l.y = fm_take(&p, PLACES + GROUP);
    l.group = fm_take(&p, SIDE * COLUMN * sizeof(int16_t));
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

size_t COUNTED(missing_tile_bytes)(ptrdiff_t columns)
{
    return lay_out(NULL).bytes;
}

void COUNTED(missing_begin_tile)(const void *keys, const uint8_t *flags, ptrdiff_t line, int width, int height, fm_tile *tile)
{
    layout l = lay_out(tile->room);
    size_t count = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            l.group[x * COLUMN + y] = NOWHERE;
            l.places[count] = (uint32_t)(y * line + x);
            count += !(flags[y * line + x] & 1 << FM_IS_MISSING);
        }
    sort_places(&(fm_ordering){keys, l.places, l.keys, l.other}, count, (size_t)(height * line));
    /* places are few enough for a multiplication to divide by the line's length exactly */
    const uint64_t reciprocal = ((uint64_t)1 << 32) / (uint64_t)line + 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t place = l.places[i], y = (uint32_t)(place * reciprocal >> 32), x = place - y * (uint32_t)line;
        l.x[i] = (uint8_t)x;
        l.y[i] = (uint8_t)y;
        l.group[x * COLUMN + y] = (int16_t)((int)(i / GROUP) + INT16_MIN);
    }
    /* the last group may be looked at whole: what is found in it is found before these */
    memset(l.x + count, 255, GROUP);
    memset(l.y + count, 255, GROUP);
    tile->group = 0;
    tile->before = 0;
}

/* The key of the window's element of the rank; `tile` is where the search begins and ends. */
static inline K seek(const layout *l, fm_box box, fm_tile *tile, ptrdiff_t rank)
{
    int group = tile->group;
    ptrdiff_t before = tile->before, here;
    uint64_t in = members_8(l->x + group * GROUP, l->y + group * GROUP, box);
    while (before > rank) {
        group--;
        in = members_8(l->x + group * GROUP, l->y + group * GROUP, box);
        before -= __builtin_popcountll(in);
    }
    while (before + (here = __builtin_popcountll(in)) <= rank) {
        before += here;
        group++;
        in = members_8(l->x + group * GROUP, l->y + group * GROUP, box);
    }
    tile->group = group;
    tile->before = before;
    return l->keys[group * GROUP + nth_bit(in, rank - before)];
}

/* How many more elements before `group` the first window of a row has than that of the row before. */
static int row_change(const layout *l, fm_box box, int group)
{
    const int16_t *leaving = l->group + box.top - 1, *entering = leaving + box.height;
    int change = 0;
    for (int i = 0; i < box.width; i++)
        change += (entering[i * COLUMN] < group + INT16_MIN) - (leaving[i * COLUMN] < group + INT16_MIN);
    return change;
}

void COUNTED(missing_filter_row)(fm_tile *tile, int width, int height, int top, const fm_wanted *w, ptrdiff_t count,
                                 void *chosen, void *lower)
{
    const layout l = lay_out(tile->room);
    const fm_numbers tail = tail_mask(height);
    fm_box box = {.top = (uint16_t)top, .width = (uint16_t)width, .height = (uint16_t)height};
    if (top)
        tile->before += row_change(&l, box, tile->group);
    fm_tile here = *tile;
    for (ptrdiff_t i = 0; i < count; i++) {
        int finding = w->findings[i / FM_CHUNK];
        ptrdiff_t wanted = finding ? (ptrdiff_t)w->to[i] : w->rank;
        if (wanted < FM_POISONED) {
            K key = seek(&l, box, &here, wanted);
            ((K *)chosen)[i] = key;
            if (lower)
                ((K *)lower)[i] = finding & FM_TWO ? seek(&l, box, &here, (ptrdiff_t)w->to_lower[i]) : key;
        }
        if (i == 0)
            *tile = here;
        if (i + 1 < count) {
            const int16_t *leaving = l.group + box.left * COLUMN + top;
            here.before += count_change(leaving + width * COLUMN, leaving, height, (int16_t)(here.group + INT16_MIN), tail);
            box.left++;
        }
    }
}
