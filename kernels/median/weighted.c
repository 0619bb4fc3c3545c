/* Boxes larger than the array: sliding over ordinal numbers of its own elements, each counted as often as a window
 * has it.
 *
 * Beyond the border a window holds the array's elements again, or one that stands for the outside. How often it
 * holds one is a product over the axes, so what is kept grows with the array, not with the window. As in ordinal.c
 * the place of the wanted rank in the order is remembered, with counts in place of bits. A step along the inner
 * axis changes two elements of each of the array's lines. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "ordering.h"

#define WEIGHTED(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    BLOCKS = 8,       /* each sorts the array; for this many threads */
    LOOK_EVERY = 256, /* steps, for whether to stop */
};

/* Scratch memory of a part. Places of elements go along the inner axis last; that of the outside comes after. */
typedef struct {
    ptrdiff_t columns, lines;
    size_t places;
    K *keys, *sorted, *out;
    uint32_t *order, *other; /* places in the order of their keys; memory for as many */
    uint32_t *number;        /* of each element, a column's together, then of the outside */
    int64_t *count;          /* of each number, in the window */
    int64_t *line;           /* how often each line is in the windows of a row of outputs */
    int64_t *weight;         /* of each position along an axis */
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, void *scratch)
{
    const fm_array *a = f->source.array;
    layout l = {.columns = a->shape[f->inner], .lines = 1};
    ptrdiff_t longest = 0;
    for (int d = 0; d < a->ndim; d++) {
        l.lines *= d == f->inner ? 1 : a->shape[d];
        longest = a->shape[d] > longest ? a->shape[d] : longest;
    }
    l.places = (size_t)(l.columns * l.lines) + 1;
    char *p = scratch;
    l.keys = fm_take(&p, l.places * sizeof(K));
    l.sorted = fm_take(&p, l.places * sizeof(K));
    l.number = fm_take(&p, l.places * sizeof(uint32_t));
    l.order = fm_take(&p, l.places * sizeof(int64_t));
    l.other = l.order + l.places;
    l.count = (int64_t *)(void *)l.order; /* which is done with then */
    l.out = fm_take(&p, (size_t)l.columns * sizeof(K));
    l.line = fm_take(&p, (size_t)l.lines * sizeof(int64_t));
    l.weight = fm_take(&p, (size_t)longest * sizeof(int64_t));
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* Numbers the elements and the outside. */
static void number_all(const fm_filter *f, layout *l)
{
    const fm_array *a = f->source.array;
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    K *keys = l->keys;
    do {
        fm_read_keys(&f->source, at, f->inner, l->columns, keys);
        keys += l->columns;
    } while (fm_advance(at, a->shape, a->ndim, f->inner));
    memcpy(keys, &f->source.fill, sizeof(K));
    sort_all(&(fm_ordering){l->keys, l->order, l->sorted, l->other}, l->places);
    for (size_t i = 0; i < l->places; i++) {
        size_t place = l->order[i], columns = (size_t)l->columns;
        size_t to = place == l->places - 1 ? place : place % columns * (size_t)l->lines + place / columns;
        l->number[to] = (uint32_t)i;
    }
}

/* Finds how often each line is in the windows of the row of outputs at `at`. Returns how many lines' elements, in
 * all, these windows have in a column. */
static int64_t weigh_lines(const fm_filter *f, const layout *l, const ptrdiff_t *at)
{
    const fm_array *a = f->source.array;
    int64_t all = 1;
    ptrdiff_t inner_lines = l->lines; /* that differ along the axes from d on */
    for (ptrdiff_t i = 0; i < l->lines; i++)
        l->line[i] = 1;
    for (int d = 0; d < a->ndim; d++) {
        if (d == f->inner)
            continue;
        all *= fm_find_weights(at[d] - f->lead[d], f->size[d], a->shape[d], f->source.modes[d], l->weight);
        inner_lines /= a->shape[d];
        for (ptrdiff_t i = 0; i < l->lines; i++)
            l->line[i] *= l->weight[i / inner_lines % a->shape[d]];
    }
    return all;
}

/* A window: its counts, and the number that is being looked at with the count of those below it. */
typedef struct {
    int64_t *count;
    ptrdiff_t number;
    int64_t before;
} window;

static inline void change(window *w, uint32_t number, int64_t by)
{
    w->count[number] += by;
    w->before += (ptrdiff_t)number < w->number ? by : 0;
}

/* The elements of a position along the inner axis, which may be outside, enter (sign 1) or leave (-1). */
static void change_column(const layout *l, window *w, ptrdiff_t column, int64_t all, int sign)
{
    if (column < 0) {
        change(w, l->number[l->places - 1], sign * all);
        return;
    }
    const uint32_t *number = l->number + column * l->lines;
    for (ptrdiff_t i = 0; i < l->lines; i++)
        change(w, number[i], sign * l->line[i]);
}

static void fill_window(const fm_filter *f, const layout *l, window *w, ptrdiff_t first, int64_t all, int64_t elements)
{
    memset(w->count, 0, l->places * sizeof *w->count);
    w->number = w->before = 0;
    const int64_t columns = fm_find_weights(first, f->size[f->inner], l->columns, f->source.modes[f->inner], l->weight);
    for (ptrdiff_t x = 0; x < l->columns; x++) {
        const uint32_t *number = l->number + x * l->lines;
        for (ptrdiff_t i = 0; l->weight[x] && i < l->lines; i++)
            w->count[number[i]] += l->weight[x] * l->line[i];
    }
    w->count[l->number[l->places - 1]] += elements - columns * all;
}

static inline K seek(const layout *l, window *w, int64_t rank)
{
    while (w->before > rank)
        w->before -= w->count[--w->number];
    while (w->before + w->count[w->number] <= rank)
        w->before += w->count[w->number++];
    return l->sorted[w->number];
}

static void filter_row(fm_filter *f, const layout *l, const ptrdiff_t *at, int64_t elements, int lane)
{
    const fm_mode mode = f->source.modes[f->inner];
    const int64_t all = weigh_lines(f, l, at), outside = elements / f->size[f->inner];
    ptrdiff_t first = at[f->inner] - f->lead[f->inner];
    window w = {.count = l->count};
    fill_window(f, l, &w, first, all, elements);
    for (ptrdiff_t x = 0;; first++) {
        l->out[x] = seek(l, &w, f->rank);
        if (++x == l->columns || (x % LOOK_EVERY == 0 && fm_should_stop(f, lane)))
            return;
        ptrdiff_t leaving = fm_border(first, l->columns, mode);
        ptrdiff_t entering = fm_border(first + f->size[f->inner], l->columns, mode);
        if (leaving == entering)
            continue;
        /* an element whose column is inside may still be outside along other axes */
        const int64_t more = outside - all;
        change_column(l, &w, leaving, leaving < 0 ? outside : all, -1);
        change_column(l, &w, entering, entering < 0 ? outside : all, 1);
        if (leaving >= 0)
            change(&w, l->number[l->places - 1], -more);
        if (entering >= 0)
            change(&w, l->number[l->places - 1], more);
    }
}

/* Whole rows, in a few blocks along the longest other axis. */
static void cut(const fm_filter *f, fm_block *largest)
{
    const ptrdiff_t *shape = f->output->shape;
    int longest = -1;
    for (int d = 0; d < f->output->ndim; d++) {
        largest->extent[d] = shape[d];
        if (d != f->inner && (longest < 0 || shape[d] > shape[longest]))
            longest = d;
    }
    if (longest >= 0)
        largest->extent[longest] = (shape[longest] + BLOCKS - 1) / BLOCKS;
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    layout l = lay_out(f, NULL);
    return l.places > INT32_MAX ? 0 : l.bytes;
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const int ndim = f->output->ndim;
    layout l = lay_out(f, scratch);
    number_all(f, &l);
    int64_t elements = 1;
    for (int d = 0; d < ndim; d++)
        elements *= f->size[d];
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    do {
        if (fm_should_stop(f, lane))
            return;
        for (int d = 0; d < ndim; d++)
            to[d] = block->start[d] + at[d];
        filter_row(f, &l, to, elements, lane);
        fm_write_keys(f->output, to, f->inner, l.columns, l.out);
    } while (fm_advance(at, block->extent, ndim, f->inner));
}

extern const fm_engine WEIGHTED(fm_weighted);
const fm_engine WEIGHTED(fm_weighted) = {cut, scratch_bytes, part};
