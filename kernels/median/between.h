/* Between which keys the answers of a tile lie: a guess.
 *
 * Some elements of the tile are told apart by levels, each of which has about as many. Cells of neighbours have
 * histograms of these; the cells that a window covers tell about which level its answer has. Whoever relies on the
 * guess finds out whether it was right. Included where K, the key type, is defined.
 */
#ifndef FM_BETWEEN_H
#define FM_BETWEEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    LEVELS = 256,
    LEADING = 12,    /* bits of a key that tell its level */
    AROUND = 6,      /* levels */
    PIECES = 8,      /* cells along an axis of a window, about, */
    MOST_CELLS = 20, /* and at most of a tile */
};

typedef uint16_t fm_levels[LEVELS];

/* Keys from the first to the last. */
typedef struct {
    K first, last;
} fm_range;

static const fm_range all_keys = {
    FM_KEY < 32 ? 0 : (K)((uint64_t)1 << (FM_KEY - 1)),
    FM_KEY < 32 ? (K)-1 : (K)(((uint64_t)1 << (FM_KEY - 1)) - 1),
};

/* An axis of the tile. */
typedef struct {
    int step, samples; /* from one element that is looked at to the next; how many there are, */
    int cells;         /* which are dealt out to so many cells; */
    int covered;       /* cells of a window, */
    int windows;       /* and how many windows there are of these */
} fm_cells;

static inline fm_cells cut_cells(ptrdiff_t length, ptrdiff_t size)
{
    fm_cells c = {.step = 1};
    for (ptrdiff_t left = size / 24; left > 0; left /= 2) /* the larger a window, the more alike are answers */
        c.step++;
    c.samples = (int)((length + c.step - 1) / c.step);
    const int of_window = (int)size / c.step, piece = of_window / PIECES;
    c.cells = c.samples / (piece ? piece : 1);
    c.cells = c.cells < MOST_CELLS ? c.cells : MOST_CELLS;
    c.covered = c.cells * of_window / c.samples;
    c.covered = c.covered ? c.covered : 1;
    c.windows = c.cells - c.covered + 1;
    return c;
}

static inline int begin_of(const fm_cells *c, int cell)
{
    return cell * c->samples / c->cells;
}

/* A tile of keys, along rows, and its windows. */
typedef struct {
    const K *keys;
    ptrdiff_t width, height;
    ptrdiff_t columns, rows, rank; /* of windows */
    fm_cells across, down;
} fm_keyed;

static inline fm_keyed key_tile(const K *keys, ptrdiff_t width, ptrdiff_t height, ptrdiff_t columns, ptrdiff_t rows,
                                ptrdiff_t rank)
{
    return (fm_keyed){keys, width, height, columns, rows, rank, cut_cells(width, columns), cut_cells(height, rows)};
}

static inline size_t guess_bytes(const fm_keyed *t)
{
    return (size_t)(t->down.cells + 1) * (size_t)t->across.cells * sizeof(fm_levels);
}

/* The levels of keys, by their leading bits. */
typedef struct {
    K low, high; /* of those looked at */
    int shift;
    uint8_t level[1 << LEADING];
} fm_scale;

static inline uint64_t leading_bits(const fm_scale *s, K key)
{
    return ((uint64_t)key - (uint64_t)s->low) >> s->shift;
}

static inline void make_scale(const fm_keyed *t, fm_scale *s)
{
    const int across = t->across.step;
    K low = t->keys[0], high = low;
    for (ptrdiff_t y = 0; y < t->height; y += t->down.step)
        for (ptrdiff_t x = 0; x < t->width; x += across) {
            const K key = t->keys[y * t->width + x];
            low = key < low ? key : low;
            high = key > high ? key : high;
        }
    const uint64_t span = (uint64_t)high - (uint64_t)low;
    const int bits = span ? 64 - __builtin_clzll(span) : 0;
    s->low = low;
    s->high = high;
    s->shift = bits > LEADING ? bits - LEADING : 0;
    uint32_t count[1 << LEADING] = {0};
    for (ptrdiff_t y = 0; y < t->height; y += t->down.step)
        for (ptrdiff_t x = 0; x < t->width; x += across)
            count[leading_bits(s, t->keys[y * t->width + x])]++;
    const uint64_t all = (uint64_t)t->across.samples * (uint64_t)t->down.samples;
    uint64_t before = 0;
    for (int i = 0; i < 1 << LEADING; i++) {
        s->level[i] = (uint8_t)(before * LEVELS / (all + 1));
        before += count[i];
    }
}

static inline void count_levels(const fm_keyed *t, const fm_scale *s, fm_levels *cells)
{
    memset(cells, 0, (size_t)t->down.cells * (size_t)t->across.cells * sizeof *cells);
    for (int i = 0; i < t->down.cells; i++, cells += t->across.cells)
        for (int y = begin_of(&t->down, i); y < begin_of(&t->down, i + 1); y++) {
            const K *row = t->keys + y * t->down.step * t->width;
            for (int j = 0, x = 0; j < t->across.cells; j++)
                for (; x < begin_of(&t->across, j + 1); x++)
                    cells[j][s->level[leading_bits(s, row[x * t->across.step])]]++;
        }
}

static inline void add_levels(uint16_t *restrict sum, const uint16_t *restrict x)
{
    for (int i = 0; i < LEVELS; i++)
        sum[i] = (uint16_t)(sum[i] + x[i]);
}

static inline void take_levels(uint16_t *restrict sum, const uint16_t *restrict x)
{
    for (int i = 0; i < LEVELS; i++)
        sum[i] = (uint16_t)(sum[i] - x[i]);
}

static inline uint32_t count_below(const uint16_t *levels, int level)
{
    uint32_t count = 0;
    for (int i = 0; i < level; i++)
        count += levels[i];
    return count;
}

/* Widens the range of levels so that it has the one in which an element of a window is. */
static inline void take_in(const uint16_t *window, uint64_t rank, int *lowest, int *highest)
{
    uint32_t before = count_below(window, *lowest);
    while (before > rank)
        before -= window[--*lowest];
    before = count_below(window, *highest + 1);
    while (before <= rank && *highest < LEVELS - 1)
        before += window[++*highest];
}

/* The lowest and the highest level of answers. */
static inline void find_levels(const fm_keyed *t, fm_levels *cells, int *lowest, int *highest)
{
    const int across = t->across.cells, covered = t->across.covered;
    fm_levels *sums = cells + t->down.cells * across, window;
    memset(sums, 0, (size_t)across * sizeof *sums);
    *lowest = LEVELS - 1;
    *highest = 0;
    for (int y = 0; y < t->down.cells; y++) {
        const int top = y - t->down.covered + 1;
        for (int x = 0; x < across; x++)
            add_levels(sums[x], cells[y * across + x]);
        if (top < 0)
            continue;
        const int rows = begin_of(&t->down, y + 1) - begin_of(&t->down, top);
        memset(window, 0, sizeof window);
        for (int x = 0; x < across; x++) {
            const int left = x - covered + 1;
            add_levels(window, sums[x]);
            if (left < 0)
                continue;
            const int columns = begin_of(&t->across, x + 1) - begin_of(&t->across, left);
            const double share = (double)t->rank / ((double)t->rows * (double)t->columns);
            take_in(window, (uint64_t)(share * rows * columns), lowest, highest);
            take_levels(window, sums[left]);
        }
        for (int x = 0; x < across; x++)
            take_levels(sums[x], cells[top * across + x]);
    }
}

/* Between which keys the answers are, and so many levels around. Returns about which share of the elements that is. */
static inline double guess_range(const fm_keyed *t, int around, void *room, fm_range *range)
{
    fm_scale s;
    int lowest, highest, from = 0, to = 1 << LEADING;
    *range = all_keys;
    if (around >= LEVELS)
        return 1;
    make_scale(t, &s);
    count_levels(t, &s, room);
    find_levels(t, room, &lowest, &highest);
    while (from < to && s.level[from] < lowest - around)
        from++;
    while (to > from && s.level[to - 1] > highest + around)
        to--;
    if (from > 0)
        range->first = (K)((uint64_t)s.low + ((uint64_t)from << s.shift));
    if (to < 1 << LEADING)
        range->last = (K)((uint64_t)s.low + ((uint64_t)to << s.shift) - 1);
    return ((to < 1 << LEADING ? s.level[to] : LEVELS) - s.level[from]) / (double)LEVELS;
}

#endif
