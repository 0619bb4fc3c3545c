/* Minimum and maximum of boxes of any size: a pass across the inner axis and along it, then one for each other axis.
 *
 * Vectors run along the inner axis. Rows are met across first, in the array itself where they can be: where windows are
 * low as they are, else by strips as high as the window, which is then the end of one strip and the beginning of the next,
 * so running extremes from both ends of each strip do for all windows, in three comparisons an element (van Herk, Pattern
 * Recognition Letters 13, 1992; Gil and Werman, IEEE PAMI 15, 1993). What comes out gets the edges that its own elements
 * make, and is met along. The first pass reads the input, the others the output in place.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "extreme_across.h"

#define EXTREME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    ROW = 4096 / sizeof(K),          /* outputs along the inner axis, or more for long windows */
    ROWS = 64,                       /* of a part, or more for high windows */
    LONGEST = (1 << 17) / sizeof(K), /* window: of longer ones only the ends are kept, */
    LONGEST_LINE = (1 << 19) / sizeof(K), /* or where they are not high */
    RING = 1 << 20,                  /* bytes for the rows of a strip, where that is possible, */
    PIECE = 2048 / sizeof(K),        /* and outputs along the inner axis, where rows are worked on in place */
    FEW = 8,                         /* elements of an edge */
    LOOK_EVERY = 1 << 18,            /* elements, for whether to stop */
};

static inline K extreme_of(K a, K b, int largest)
{
    return (a < b) == largest ? b : a;
}

static inline ptrdiff_t at_least(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static inline ptrdiff_t at_most(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Outputs of windows longer than this are made from rows one by one, before these meet. */
static inline ptrdiff_t longest(const fm_filter *f)
{
    return f->across > 1 ? LONGEST : LONGEST_LINE;
}

/* ---- A part ---- */

/* Elements of a row outside the array that are copies of others: seen from where they go, the first lies `from` and
 * each further one `step` more. */
typedef struct {
    ptrdiff_t begin, count, from, step;
    int is_fill; /* or the constant outside */
} edge;

/* A part and its scratch memory. */
typedef struct {
    fm_filter *filter;
    fm_array input, output; /* as bits where these are keys, too */
    fm_source source;
    int is_bits, is_direct; /* whether so; whether rows are written to the output itself, */
    int in_array;           /* and whether those of the input are met where they are */
    ptrdiff_t width;        /* of the window, as far as rows are met along when they have been across */
    ptrdiff_t inside, count; /* elements of a row that are met across: from which on; how many */
    edge edges[2];
    ptrdiff_t from[FM_MAX_NDIM], to[FM_MAX_NDIM]; /* where the first row of the windows begins, and that of outputs */
    ptrdiff_t first, columns, stride;
    const char *base;       /* of the rows in the array */
    ptrdiff_t height;       /* rows of a strip; as many as the window's unless there is no room for these */
    ptrdiff_t low;          /* windows of up to so many rows are met directly */
    int together;           /* rows that are made at a time */
    const K **rows;         /* of a strip, where they are, */
    K *room;                /* and those that are not in the array */
    ptrdiff_t behind;       /* after the end of the axis, kept where outputs overwrite what these rows are */
    K *strip, *border, *running[2], *fill, *met, *out;
    size_t bytes;
    ptrdiff_t seen; /* elements since it was asked whether to stop */
    int lane;
} plane;

static K *take_rows(const plane *p, char **at, ptrdiff_t count)
{
    return fm_take(at, (size_t)(count * p->stride) * sizeof(K));
}

/* Rows of a window that are met directly: fewer where rows lie so that they push each other out of the first cache. */
static ptrdiff_t low_height(const fm_filter *f)
{
    enum { AGAIN = 4096 }; /* bytes, after which places in the cache are the same */
    return f->outer >= 0 && f->source.array->strides[f->outer] % AGAIN == 0 ? LOW_IN_ONE_PLACE : LOW;
}

static void lay_out(plane *p, fm_filter *f, ptrdiff_t columns, void *scratch)
{
    p->filter = f;
    p->columns = columns;
    p->width = f->along > longest(f) ? 1 : f->along;
    p->low = low_height(f);
    p->stride = columns <= LANES && p->width == 1 ? LANES : padded(columns + p->width - 1); /* narrow: of high windows */
    p->together = p->stride <= 4 * ROW ? BATCH : 1;
    p->behind = f->in_place ? f->across - 1 - f->lead[f->outer] : 0;
    char *at = scratch;
    p->running[0] = take_rows(p, &at, 1);
    p->running[1] = take_rows(p, &at, 1);
    p->fill = take_rows(p, &at, 1);
    p->met = (K *)fm_take(&at, LANES * sizeof(K)) + LANES;
    take_rows(p, &at, p->together);
    p->out = take_rows(p, &at, p->together);
    const ptrdiff_t bytes = p->stride * (ptrdiff_t)sizeof(K) + (ptrdiff_t)sizeof(K *);
    const ptrdiff_t most = (FM_MOST_SCRATCH - (at - (char *)scratch)) / bytes - BATCH - 2;
    p->height = f->in_place || 2 * f->across <= most ? f->across : at_most(f->across, most) - 1;
    p->rows = fm_take(&at, (size_t)p->height * sizeof(K *));
    p->room = take_rows(p, &at, p->height < f->across ? 1 : p->height > p->low ? p->height : p->height + BATCH - 1);
    p->strip = p->height > p->low || p->height < f->across ? take_rows(p, &at, p->height) : NULL;
    p->border = take_rows(p, &at, p->behind);
    p->bytes = (size_t)(at - (char *)scratch);
}

/* Floats that are neither negative nor NaN are their own keys. Those of 16 bits are not: their keys are unsigned. */
static int are_keys(const K *bits, ptrdiff_t count)
{
    typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
    static const U infinity = FM_KEY == 32 ? 0x7f800000 : (U)0x7ff0000000000000;
#if FM_KEY == 32
    U most = 0;
#pragma GCC unroll 4
    for (ptrdiff_t i = 0; i < count; i++)
        most = (U)bits[i] > most ? (U)bits[i] : most;
    return most <= infinity;
#else /* not every machine has the maximum of these */
    U outside = 0; /* the sign of an element, or of what it lacks to infinity */
    for (ptrdiff_t i = 0; i < count; i++)
        outside |= (U)bits[i] | (U)(infinity - (U)bits[i]);
    return outside >> (FM_KEY - 1) == 0;
#endif
}

static void set_views(plane *p, int is_bits)
{
    const fm_filter *f = p->filter;
    p->is_bits = is_bits;
    p->input = is_bits ? fm_as_bits(f->source.array) : *f->source.array;
    p->output = is_bits ? fm_as_bits(f->output) : *f->output;
    p->source = (fm_source){&p->input, f->source.modes, f->source.fill};
    p->is_direct = p->columns >= LANES && fm_is_plain(&p->output, f->inner);
}

/* Finds how the elements of rows from `begin` up to `end`, which lie outside, are copied from those that are read. */
static int find_edge(const plane *p, ptrdiff_t begin, ptrdiff_t end, edge *e)
{
    const int inner = p->filter->inner;
    const ptrdiff_t n = p->input.shape[inner], start = p->from[inner];
    const fm_mode mode = p->source.modes[inner];
    *e = (edge){.begin = begin - start, .count = end - begin};
    if (begin >= end)
        return 1;
    const ptrdiff_t first = fm_border(begin, n, mode), last = fm_border(end - 1, n, mode);
    e->is_fill = first < 0;
    e->from = first - begin;
    e->step = mode == FM_WRAP ? 1 : mode == FM_NEAREST ? 0 : -1;
    return e->is_fill || (last - first == e->step * (end - 1 - begin) && p->inside <= first - start &&
                          first - start < p->inside + p->count && p->inside <= last - start &&
                          last - start < p->inside + p->count);
}

/* Most rows end with copies of their own elements: else fm_read_keys is asked for all of a row. */
static void find_edges(plane *p)
{
    const fm_filter *f = p->filter;
    const ptrdiff_t start = p->from[f->inner], end = start + p->columns + p->width - 1, n = p->input.shape[f->inner];
    p->inside = start < 0 ? -start : 0;
    p->count = (end < n ? end : n) - start - p->inside;
    if (f->along <= longest(f) && find_edge(p, start, start + p->inside, &p->edges[0]) &&
        find_edge(p, end < n ? end : n, end, &p->edges[1]))
        return;
    p->inside = 0;
    p->count = end - start;
    p->edges[0].count = p->edges[1].count = 0;
}

static void copy_edge(K *row, edge e, K fill)
{
    K *to = row + e.begin;
    const K *from = to + e.from;
    if (e.count < FEW) { /* not worth a call of memset */
        const ptrdiff_t step = e.is_fill ? 0 : e.step;
        from = e.is_fill ? &fill : from;
        for (ptrdiff_t i = 0; i < e.count; i++)
            to[i] = from[i * step];
    } else if (e.step == 0 || e.is_fill) {
        const K key = e.is_fill ? fill : *from;
        for (ptrdiff_t i = 0; i < e.count; i++)
            to[i] = key;
    } else if (e.step == 1)
        memmove(to, from, (size_t)e.count * sizeof(K));
    else
        for (ptrdiff_t i = 0; i < e.count; i++)
            to[i] = from[-i];
}

/* ---- Rows ---- */

/* Makes the extremes of windows along a row that are longer than `count`, by what they have in common and what each has before and after. */
static void narrow_long(fm_filter *f, ptrdiff_t *at, K *row, ptrdiff_t count, ptrdiff_t size, K *out, int lane)
{
    const int largest = f->rank > 0;
    const ptrdiff_t start = at[f->inner];
    fm_read_keys(&f->source, at, f->inner, count, out);
    K common = out[count - 1];
    at[f->inner] += count;
    for (ptrdiff_t left = size - count; left > 0 && !fm_should_stop(f, lane); left -= count) {
        ptrdiff_t read = left < count ? left : count;
        fm_read_keys(&f->source, at, f->inner, read, row);
        at[f->inner] += read;
        for (ptrdiff_t i = 0; i < read; i++)
            common = extreme_of(common, row[i], largest);
    }
    fm_read_keys(&f->source, at, f->inner, count, row);
    at[f->inner] = start;
    for (ptrdiff_t i = count - 1; i-- > 0;)
        out[i] = extreme_of(out[i], out[i + 1], largest);
    for (ptrdiff_t i = 0; i < count; i++) {
        out[i] = extreme_of(out[i], common, largest);
        common = extreme_of(common, row[i], largest);
    }
}

/* Whether rows can be met in the array, and where these begin there. */
static void find_rows(plane *p)
{
    const fm_filter *f = p->filter;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, p->from, sizeof at);
    at[f->inner] += p->inside;
    if (f->outer >= 0)
        at[f->outer] = 0;
    p->in_array = !f->in_place && f->along <= longest(f) && p->count >= LANES && at[f->inner] >= 0 &&
                  at[f->inner] + p->count <= p->input.shape[f->inner] &&
                  fm_is_plain(&p->input, f->inner);
    p->base = p->in_array ? fm_row(&p->source, at) : NULL;
    K fill;
    memcpy(&fill, &p->source.fill, sizeof fill);
    for (ptrdiff_t i = 0; i < p->stride; i++)
        p->fill[i] = fill;
}

/* Where row y of the windows is in the array, or what it is where that is constant. */
static const K *find_row(const plane *p, ptrdiff_t y)
{
    const int outer = p->filter->outer;
    if (outer < 0 || !p->base)
        return p->base ? (const K *)(const void *)p->base : p->fill;
    const ptrdiff_t n = p->input.shape[outer];
    y += p->first;
    if (y < 0 || y >= n)
        y = fm_border(y, n, p->source.modes[outer]);
    return y < 0 ? p->fill : (const K *)(const void *)(p->base + y * p->input.strides[outer]);
}

/* Reads a row from where `at` says. */
static void read_row(plane *p, ptrdiff_t *at, K *row)
{
    const int inner = p->filter->inner;
    at[inner] += p->inside;
    fm_read_keys(&p->source, at, inner, p->count, row);
    if (FM_KEY >= 32 && p->is_bits && !are_keys(row, p->count)) {
        set_views(p, 0);
        p->in_array = 0;
        fm_read_keys(&p->source, at, inner, p->count, row);
    }
    at[inner] -= p->inside;
}

/* Row y of the windows, counted from the first of the first window: where it is, or read to `room`. */
static const K *get_row(plane *p, ptrdiff_t y, K *room)
{
    fm_filter *f = p->filter;
    p->seen += p->columns + f->along;
    if (p->in_array) {
        const K *row = find_row(p, y);
        if (FM_KEY < 32 || !p->is_bits || are_keys(row, p->count))
            return row;
        set_views(p, 0);
        p->in_array = 0;
    }
    ptrdiff_t *at = p->from;
    if (f->outer >= 0)
        at[f->outer] = p->first + y;
    if (f->in_place && at[f->outer] >= f->output->shape[f->outer])
        return p->border + (at[f->outer] - f->output->shape[f->outer]) * p->stride;
    if (f->along > longest(f))
        narrow_long(f, at, p->met, p->columns, f->along, room, p->lane);
    else
        read_row(p, at, room);
    return room;
}

static inline int has_stopped(plane *p)
{
    if (p->seen < LOOK_EVERY)
        return 0;
    p->seen = 0;
    return fm_should_stop(p->filter, p->lane);
}

/* Where rows of outputs from y on are made: in the array itself if that can be. */
static void find_outputs(const plane *p, ptrdiff_t y, int count, K **out)
{
    const int outer = p->filter->outer;
    char *first = p->is_direct ? fm_address(&p->output, p->to) : NULL;
    for (int i = 0; i < count; i++)
        out[i] = !p->is_direct ? p->out + i * p->stride
                               : (K *)(void *)(outer < 0 ? first : first + (y + i) * p->output.strides[outer]);
}

static void write_row(plane *p, ptrdiff_t y, const K *row)
{
    const int outer = p->filter->outer;
    if (outer >= 0)
        p->to[outer] += y;
    fm_write_keys(&p->output, p->to, p->filter->inner, p->columns, row);
    if (outer >= 0)
        p->to[outer] -= y;
}

/* ---- Along ---- */

/* Rows that were met across, `inside` elements after their beginning, get their edges and become rows of outputs. */
static void meet_along(plane *p, int count, K *const *out)
{
    K fill;
    memcpy(&fill, &p->source.fill, sizeof fill);
    for (int i = 0; i < count; i++)
        for (int side = 0; side < 2; side++)
            if (p->edges[side].count)
                copy_edge(p->met + i * p->stride, p->edges[side], fill);
    const ptrdiff_t step = count > 1 ? out[1] - out[0] : 0;
    narrow((row_group){p->met, out[0], p->stride, step, count}, p->columns, p->width, p->filter->rank > 0);
}

/* ---- Across ---- */

/* Where rows go that are met across, to be met along or as outputs; of more than are wanted the others are of no use. */
static void find_met(const plane *p, int count, K *const *out, K **met)
{
    for (int i = 0; i < BATCH; i++)
        met[i] = i >= count ? p->running[0] : p->width == 1 ? out[i] : p->met + i * p->stride + p->inside;
}

/* Rows of outputs from y on that have been met across. */
static void finish(plane *p, ptrdiff_t y, int count, K *const *out)
{
    if (p->width > 1)
        meet_along(p, count, out);
    for (int i = 0; i < count && !p->is_direct; i++)
        write_row(p, y + i, out[i]);
}

/* A row whose extremes are known. */
static void finish_row(plane *p, ptrdiff_t y, const K *row)
{
    K *out[BATCH], *met[BATCH];
    find_outputs(p, y, 1, out);
    find_met(p, 1, out, met);
    memcpy(met[0], row, (size_t)p->count * sizeof(K));
    finish(p, y, 1, out);
}

/* Low windows. Of rows that are missing below the last ones others take the place. */
static void filter_low(plane *p, ptrdiff_t rows)
{
    const int across = (int)p->filter->across, most = across + BATCH - 1;
    const K *from[LOW + BATCH];
    K *out[BATCH], *met[BATCH];
    int known = 0, slot = 0;
    for (ptrdiff_t y = 0; y < rows && !has_stopped(p); y += p->together) {
        const int count = (int)at_most(p->together, rows - y);
        for (; known < across + count - 1; known++, slot = slot + 1 < most ? slot + 1 : 0)
            from[known] = get_row(p, y + known, p->room + slot * p->stride);
        for (int i = known; i < most; i++)
            from[i] = from[known - 1];
        find_outputs(p, y, count, out);
        find_met(p, count, out, met);
        if (across > 1)
            join_across(from, across, met, p->count, p->filter->rank > 0);
        else
            for (int i = 0; i < count; i++)
                memcpy(met[i], from[i], (size_t)p->count * sizeof(K));
        finish(p, y, count, out);
        known -= count;
        memmove(from, from + count, (size_t)known * sizeof *from);
    }
}

/* Rows of outputs from the second of a strip on, which begins at row y. */
static void run_down_strip(plane *p, ptrdiff_t y, ptrdiff_t rows)
{
    K *out[BATCH], *met[BATCH];
    const K *running = NULL;
    for (ptrdiff_t i = 1, turn = 0; i < rows && !has_stopped(p); i += p->together, turn ^= 1) {
        const int count = (int)at_most(p->together, rows - i);
        const K **entering = p->rows + (i - 1);
        for (int k = 0; k < count; k++)
            entering[k] = get_row(p, y + p->height + i - 1 + k, p->room + (i - 1 + k) * p->stride);
        find_outputs(p, y + i, count, out);
        find_met(p, count, out, met);
        const meeting m = {entering, p->strip + i * p->stride, p->stride, running ? running : entering[0],
                           p->running[turn], met};
        run_down(&m, count, p->count, p->filter->rank > 0);
        running = p->running[turn];
        finish(p, y + i, count, out);
    }
}

static void filter_strips(plane *p, ptrdiff_t rows)
{
    for (ptrdiff_t y = 0; y < rows && !has_stopped(p); y += p->height) {
        for (ptrdiff_t i = y ? p->height - 1 : 0; i < p->height && !has_stopped(p); i++)
            p->rows[i] = get_row(p, y + i, p->room + i * p->stride);
        if (atomic_load_explicit(&p->filter->stopped, memory_order_relaxed))
            return;
        run_up(p->rows, p->height, p->strip, p->stride, p->count, p->filter->rank > 0);
        finish_row(p, y, p->strip);
        run_down_strip(p, y, at_most(rows - y, p->height));
    }
}

/* The same for windows higher than there is room for: those of a strip have in common what lies between the end of the
 * strip and that of the first window. Rows are made anew for each strip. */
static void filter_high(plane *p, ptrdiff_t rows)
{
    const ptrdiff_t across = p->filter->across;
    K *out[BATCH], *met[BATCH], *unused = p->met + p->inside;
    for (ptrdiff_t y = 0; y < rows; y += p->height) {
        int turn = 0;
        for (ptrdiff_t i = 0; i < across && !has_stopped(p); i++) {
            const K *row = get_row(p, y + i, i < p->height ? p->strip + i * p->stride : p->room);
            if (i < p->height)
                p->rows[i] = row;
            else {
                const meeting m = {&row, row, 0, i > p->height ? p->running[turn ^ 1] : row, p->running[turn], &unused};
                run_down(&m, 1, p->count, p->filter->rank > 0);
                turn ^= 1;
            }
        }
        if (atomic_load_explicit(&p->filter->stopped, memory_order_relaxed))
            return;
        run_up(p->rows, p->height, p->strip, p->stride, p->count, p->filter->rank > 0);
        for (ptrdiff_t i = 0; i < p->height && y + i < rows && !has_stopped(p); i++, turn ^= 1) {
            const K *running = p->running[turn ^ 1];
            const K *row = i > 0 ? get_row(p, y + across + i - 1, p->room) : running;
            find_outputs(p, y + i, 1, out);
            find_met(p, 1, out, met);
            const meeting m = {&row, p->strip + i * p->stride, p->stride, running, p->running[turn], met};
            run_down(&m, 1, p->count, p->filter->rank > 0);
            finish(p, y + i, 1, out);
        }
    }
}

static void keep_border(plane *p)
{
    const fm_filter *f = p->filter;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, p->to, sizeof at);
    for (ptrdiff_t i = 0; i < p->behind; i++) {
        at[f->outer] = f->output->shape[f->outer] + i;
        read_row(p, at, p->border + i * p->stride);
    }
}

/* ---- The engine ---- */

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    plane p = {.lane = lane};
    lay_out(&p, f, block->extent[f->inner], scratch);
    memcpy(p.from, block->start, sizeof p.from);
    memcpy(p.to, block->start, sizeof p.to);
    if (f->along > 1)
        p.from[f->inner] -= f->lead[f->inner];
    if (f->across > 1)
        p.from[f->outer] -= f->lead[f->outer];
    p.first = f->outer < 0 ? 0 : p.from[f->outer];
    K fill;
    memcpy(&fill, &f->source.fill, sizeof fill);
    set_views(&p, FM_KEY >= 32 && fm_key_types[f->output->type].kind == KEY_FLOAT && f->along <= longest(f) &&
                      are_keys(&fill, 1));
    find_edges(&p);
    p.met -= p.inside % LANES; /* so that what is met across is aligned */
    find_rows(&p);
    keep_border(&p);
    const ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    if (p.height < f->across)
        filter_high(&p, rows);
    else if (p.height > p.low)
        filter_strips(&p, rows);
    else
        filter_low(&p, rows);
}

/* Long rows, so that what lies between the windows' ends is little, of which a strip fits the second cache; and parts
 * that are high beside the window, or one where no other thread waits for work. */
static void cut(const fm_filter *f, fm_block *largest)
{
    const ptrdiff_t kept = (f->in_place ? 3 : 2) * f->across + BATCH;
    const ptrdiff_t fit = RING / (ptrdiff_t)sizeof(K) / kept / LANES * LANES;
    ptrdiff_t columns = f->along > longest(f) ? longest(f) : at_least(ROW, 2 * f->along);
    if (f->in_place)
        columns = at_least(at_most(fit, PIECE), LANES);
    else if (f->across > 1)
        columns = at_least(at_most(fit, columns), at_most(f->along, columns) / LANES * LANES + LANES);
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    largest->extent[f->inner] = fm_part_of(f->output->shape[f->inner], columns);
    if (f->outer >= 0) {
        const ptrdiff_t rows = f->output->shape[f->outer];
        const int is_whole = f->in_place || (f->workers == 1 && f->across > 1);
        largest->extent[f->outer] = is_whole ? rows : fm_part_of(rows, at_least(ROWS, 4 * f->across));
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    plane p;
    fm_filter filter = *f;
    lay_out(&p, &filter, largest->extent[f->inner], NULL);
    return p.bytes;
}

extern const fm_engine EXTREME(fm_extreme);
const fm_engine EXTREME(fm_extreme) = {cut, scratch_bytes, part};
