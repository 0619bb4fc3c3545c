/* Minimum and maximum of boxes of any size: a pass along the inner axis and across it, then one for each other axis.
 *
 * Vectors run along the inner axis. Along it windows are widened fourfold at a time: the extreme of 4 w neighbours is
 * that of four extremes of w. Across, rows are cut into strips as high as the window, which is then the end of one
 * strip and the beginning of the next, so running extremes from both ends of each strip do for all windows, in three
 * comparisons an element (van Herk, Pattern Recognition Letters 13, 1992; Gil and Werman, IEEE PAMI 15, 1993).
 * The first pass reads the input, the others the output in place. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define EXTREME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    BATCH = 4,                       /* rows of outputs that are made together, so that less is loaded and stored */
    ROW = 4096 / sizeof(K),          /* outputs along the inner axis, or more for long windows */
    ROWS = 64,                       /* of a part, or more for high windows */
    LONGEST = (1 << 19) / sizeof(K), /* window: of longer ones only the ends are kept */
    RING = 1 << 20,                  /* bytes for the rows of a strip, where that is possible, */
    PIECE = 2048 / sizeof(K),        /* and outputs along the inner axis, where rows are worked on in place */
    LOOK_EVERY = 1 << 18,            /* elements, for whether to stop */
};

static inline V extreme(V a, V b, int largest)
{
    return largest ? MAX(a, b) : MIN(a, b);
}

static inline K extreme_of(K a, K b, int largest)
{
    return (a < b) == largest ? b : a;
}

static ptrdiff_t padded(ptrdiff_t count)
{
    return (count + LANES - 1) / LANES * LANES + LANES;
}

/* The first of a vector's elements. */
static inline void store_some(K *to, V v, ptrdiff_t count)
{
    K all[LANES];
    STORE(all, v);
    memcpy(to, all, (size_t)count * sizeof(K));
}

/* ---- Along the inner axis ---- */

/* Where the elements lie that are joined, seen from the first. */
typedef struct {
    ptrdiff_t second, third, fourth;
} places;

static inline V join_vector(const K *row, int terms, places at, int largest)
{
    V v = extreme(LOAD(row), LOAD(row + at.second), largest);
    if (terms > 2)
        v = extreme(v, LOAD(row + at.third), largest);
    if (terms > 3)
        v = extreme(v, LOAD(row + at.fourth), largest);
    return v;
}

/* Extremes of `terms` elements each. Vectors are read whole. */
static inline void join(const K *row, int terms, places at, K *out, ptrdiff_t count, int largest)
{
    ptrdiff_t i = 0;
    for (; i <= count - LANES; i += LANES)
        STORE(out + i, join_vector(row + i, terms, at, largest));
    if (i < count)
        store_some(out + i, join_vector(row + i, terms, at, largest), count - i);
}

/* Rows that are worked on together: what is stored for one is not loaded again before it has reached the cache. */
typedef struct {
    K *from, *to;
    ptrdiff_t from_stride, to_stride;
    int count;
} row_group;

static inline void join_rows(const row_group *r, int terms, places at, ptrdiff_t count, int largest)
{
    for (int i = 0; i < r->count; i++)
        join(r->from + i * r->from_stride, terms, at, r->to + i * r->to_stride, count, largest);
}

/* Makes count windows' extremes of count + size - 1 keys, which are overwritten; size is above 1. */
static inline void narrow(const row_group *r, ptrdiff_t count, ptrdiff_t size, int largest)
{
    const row_group in_place = {r->from, r->from, r->from_stride, r->from_stride, r->count};
    ptrdiff_t width = 1, left = count + size - 1;
    for (; 4 * width < size; width *= 4) {
        left -= 3 * width;
        join_rows(&in_place, 4, (places){width, 2 * width, 3 * width}, padded(left) - LANES, largest);
    }
    if (size <= 2 * width)
        join_rows(r, 2, (places){size - width, 0, 0}, count, largest);
    else if (size <= 3 * width)
        join_rows(r, 3, (places){width, size - width, 0}, count, largest);
    else
        join_rows(r, 4, (places){width, 2 * width, size - width}, count, largest);
}

/* The same for windows longer than `count`, by what they have in common and what each has before and after. */
static void narrow_long(fm_filter *f, ptrdiff_t *at, K *row, ptrdiff_t count, ptrdiff_t size, K *out, int lane)
{
    const int largest = f->rank > 0;
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
    for (ptrdiff_t i = count - 1; i-- > 0;)
        out[i] = extreme_of(out[i], out[i + 1], largest);
    for (ptrdiff_t i = 0; i < count; i++) {
        out[i] = extreme_of(out[i], common, largest);
        common = extreme_of(common, row[i], largest);
    }
}

/* ---- A part ---- */

/* Elements of a row outside the array that are copies of others: seen from where they go, the first lies `from` and
 * each further one `step` more. */
typedef struct {
    ptrdiff_t begin, count, from, step;
    int is_fill; /* or the constant outside */
} edge;

/* A part and its scratch memory: room for a row of input, two strips, running extremes, and outputs. */
typedef struct {
    fm_filter *filter;
    fm_array input, output; /* as bits where these are keys, too */
    fm_source source;
    int is_bits, is_direct; /* whether so; whether rows are written to the output itself */
    ptrdiff_t inside, count; /* elements of a row that are read before its edges are copied: from which on; how many */
    edge edges[2];
    ptrdiff_t from[FM_MAX_NDIM], to[FM_MAX_NDIM]; /* where the first row of the windows begins, and that of outputs */
    ptrdiff_t columns, stride, row_stride;
    int together;           /* rows that are made at a time */
    ptrdiff_t height;       /* rows of a strip */
    ptrdiff_t behind;       /* after the end of the axis, kept where outputs overwrite what these rows are */
    K *row, *strip, *next, *border, *running, *out;
    size_t bytes;
    ptrdiff_t seen; /* elements since it was asked whether to stop */
    int lane;
} plane;

static void lay_out(plane *p, fm_filter *f, ptrdiff_t columns, void *scratch)
{
    p->filter = f;
    p->columns = columns;
    p->stride = padded(columns);
    p->row_stride = padded(columns + (f->along > LONGEST ? 0 : f->along - 1));
    p->together = p->row_stride <= 2 * ROW ? BATCH : 1;
    const size_t row = (size_t)(p->together * p->row_stride) * sizeof(K);
    p->behind = f->in_place ? f->across - 1 - f->lead[f->outer] : 0;
    const ptrdiff_t most = (FM_MOST_SCRATCH - (ptrdiff_t)row) / (p->stride * (ptrdiff_t)sizeof(K)) - BATCH - 2;
    p->height = f->in_place || 2 * f->across <= most ? f->across : most - 1;
    char *q = scratch;
    p->row = fm_take(&q, row);
    p->strip = (K *)(void *)q;
    p->next = p->strip + p->height * p->stride;
    p->border = p->next + (p->height < f->across ? 1 : p->height) * p->stride;
    p->running = p->border + p->behind * p->stride;
    p->out = p->running + p->stride;
    p->bytes = (size_t)((char *)(p->out + BATCH * p->stride) - (char *)scratch);
}

/* Floats that are neither negative nor NaN are their own keys. Those of 16 bits are not: their keys are unsigned. */
static int are_keys(const K *bits, ptrdiff_t count)
{
    typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
    static const U infinity = FM_KEY == 32 ? 0x7f800000 : (U)0x7ff0000000000000;
    U outside = 0; /* the sign of an element, or of what it lacks to infinity */
    for (ptrdiff_t i = 0; i < count; i++)
        outside |= (U)bits[i] | (U)(infinity - (U)bits[i]);
    return outside >> (FM_KEY - 1) == 0;
}

static void set_views(plane *p, int is_bits)
{
    const fm_filter *f = p->filter;
    p->is_bits = is_bits;
    p->input = is_bits ? fm_as_bits(f->source.array) : *f->source.array;
    p->output = is_bits ? fm_as_bits(f->output) : *f->output;
    p->source = (fm_source){&p->input, f->source.modes, f->source.fill};
    p->is_direct = fm_is_plain(&p->output, f->inner);
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
    const ptrdiff_t start = p->from[f->inner], end = start + p->columns + f->along - 1, n = p->input.shape[f->inner];
    p->inside = start < 0 ? -start : 0;
    p->count = (end < n ? end : n) - start - p->inside;
    if (find_edge(p, start, start + p->inside, &p->edges[0]) && find_edge(p, end < n ? end : n, end, &p->edges[1]))
        return;
    p->inside = 0;
    p->count = end - start;
    p->edges[0].count = p->edges[1].count = 0;
}

static inline void copy_edge(K *row, edge e, K fill)
{
    K *to = row + e.begin;
    const K *from = to + e.from;
    if (e.step == 0 || e.is_fill) {
        const K key = e.is_fill ? fill : *from;
        for (ptrdiff_t i = 0; i < e.count; i++)
            to[i] = key;
    } else if (e.step == 1)
        memmove(to, from, (size_t)e.count * sizeof(K));
    else
        for (ptrdiff_t i = 0; i < e.count; i++)
            to[i] = from[-i];
}

/* Reads a row of input with its edges. */
static inline void read_row(plane *p, ptrdiff_t *at, K *row)
{
    const int inner = p->filter->inner;
    at[inner] += p->inside;
    fm_read_keys(&p->source, at, inner, p->count, row + p->inside);
    if (FM_KEY >= 32 && p->is_bits && !are_keys(row + p->inside, p->count)) {
        set_views(p, 0);
        fm_read_keys(&p->source, at, inner, p->count, row + p->inside);
    }
    at[inner] -= p->inside;
    K fill;
    memcpy(&fill, &p->source.fill, sizeof fill);
    for (int i = 0; i < 2; i++)
        if (p->edges[i].count)
            copy_edge(row, p->edges[i], fill);
}

static inline int has_stopped(plane *p)
{
    if (p->seen < LOOK_EVERY)
        return 0;
    p->seen = 0;
    return fm_should_stop(p->filter, p->lane);
}

/* Makes some rows from y on, counted from the first of the first window, in strides from `to` on: for each output along
 * a row the extreme of the window there. */
static inline void make_rows(plane *p, ptrdiff_t y, int count, K *to, int largest)
{
    fm_filter *f = p->filter;
    ptrdiff_t *at = p->from;
    const ptrdiff_t first = f->outer < 0 ? 0 : at[f->outer];
    for (int i = 0; i < count; i++) {
        if (f->outer >= 0)
            at[f->outer] = first + y + i;
        if (f->in_place && at[f->outer] >= f->output->shape[f->outer])
            memcpy(to + i * p->stride, p->border + (at[f->outer] - f->output->shape[f->outer]) * p->stride,
                   (size_t)p->columns * sizeof(K));
        else if (f->along > LONGEST)
            narrow_long(f, at, p->row, p->columns, f->along, to + i * p->stride, p->lane);
        else if (f->along == 1)
            read_row(p, at, to + i * p->stride);
        else
            read_row(p, at, p->row + i * p->row_stride);
    }
    if (f->outer >= 0)
        at[f->outer] = first;
    if (f->along > 1 && f->along <= LONGEST)
        narrow(&(row_group){p->row, to, p->row_stride, p->stride, count}, p->columns, f->along, largest);
    p->seen += count * (p->columns + f->along);
}

/* As many rows as are wanted, unless the filter is to stop. */
static inline void make_all_rows(plane *p, ptrdiff_t y, ptrdiff_t count, K *to, int largest)
{
    for (ptrdiff_t i = 0; i < count && !has_stopped(p); i += p->together) {
        const ptrdiff_t left = count - i;
        make_rows(p, y + i, left < p->together ? (int)left : p->together, to + i * p->stride, largest);
    }
}

/* Where output row y is made: in the array itself if that can be. */
static inline K *output_row(plane *p, ptrdiff_t y)
{
    if (!p->is_direct)
        return p->out;
    const int outer = p->filter->outer;
    char *row = fm_address(&p->output, p->to);
    return (K *)(void *)(outer < 0 ? row : row + y * p->output.strides[outer]);
}

static inline void write_row(plane *p, ptrdiff_t y, const K *row)
{
    const int outer = p->filter->outer;
    if (outer >= 0)
        p->to[outer] += y;
    fm_write_keys(&p->output, p->to, p->filter->inner, p->columns, row);
    if (outer >= 0)
        p->to[outer] -= y;
}

/* ---- Across the inner axis ---- */

/* `rows` rows up to that before `after` become extremes of themselves and those after them up to that. */
static inline void run_up(K *after, int rows, ptrdiff_t stride, ptrdiff_t columns, int largest)
{
    for (ptrdiff_t x = 0; x < columns; x += LANES) {
        V v = LOAD(after + x);
        for (int i = 1; i <= rows; i++) {
            K *row = after + x - i * stride;
            v = extreme(v, LOAD(row), largest);
            STORE(row, v);
        }
    }
}

/* The rows of a strip become extremes from each on to the end. */
static inline void run_up_strip(const plane *p, int largest)
{
    ptrdiff_t i = p->height - 1;
    for (; i >= BATCH; i -= BATCH)
        run_up(p->strip + i * p->stride, BATCH, p->stride, p->columns, largest);
    if (i == 3)
        run_up(p->strip + i * p->stride, 3, p->stride, p->columns, largest);
    else if (i == 2)
        run_up(p->strip + i * p->stride, 2, p->stride, p->columns, largest);
    else if (i == 1)
        run_up(p->strip + i * p->stride, 1, p->stride, p->columns, largest);
}

/* Rows that are met at a time, each group as far apart as said: those that enter the running extremes, and those of
 * the strip before, with which these make outputs. */
typedef struct {
    const K *entering, *before;
    K *out;
    ptrdiff_t stride, out_stride;
} meeting;

static inline V meet(const meeting *m, int i, ptrdiff_t x, V *running, int largest)
{
    *running = extreme(*running, LOAD(m->entering + i * m->stride + x), largest);
    return extreme(*running, LOAD(m->before + i * m->stride + x), largest);
}

/* Running extremes are brought forward by rows, each of which makes a row of outputs. */
static inline void run_down(const meeting *m, int rows, const K *running, K *after, ptrdiff_t columns, int largest)
{
    ptrdiff_t x = 0;
    for (; x <= columns - LANES; x += LANES) {
        V v = LOAD(running + x);
        for (int i = 0; i < rows; i++)
            STORE(m->out + i * m->out_stride + x, meet(m, i, x, &v, largest));
        STORE(after + x, v);
    }
    if (x == columns)
        return;
    V v = LOAD(running + x);
    for (int i = 0; i < rows; i++)
        store_some(m->out + i * m->out_stride + x, meet(m, i, x, &v, largest), columns - x);
    STORE(after + x, v);
}

static inline void run_down_some(const meeting *m, ptrdiff_t rows, const K *running, K *after, ptrdiff_t columns,
                                 int largest)
{
    if (rows == 4)
        run_down(m, 4, running, after, columns, largest);
    else if (rows == 3)
        run_down(m, 3, running, after, columns, largest);
    else if (rows == 2)
        run_down(m, 2, running, after, columns, largest);
    else
        run_down(m, 1, running, after, columns, largest);
}

/* Rows of outputs from the second of a strip on, which begins at row y. */
static inline void run_down_strip(plane *p, ptrdiff_t y, ptrdiff_t rows, int largest)
{
    const K *running = p->next;
    const ptrdiff_t step = p->output.strides[p->filter->outer] / (ptrdiff_t)sizeof(K);
    for (ptrdiff_t i = 1; i < rows && !has_stopped(p); i += BATCH) {
        const ptrdiff_t count = rows - i < BATCH ? rows - i : BATCH;
        make_all_rows(p, y + p->height + i - 1, count, p->next + (i - 1) * p->stride, largest);
        const meeting m = {
            .entering = p->next + (i - 1) * p->stride,
            .before = p->strip + i * p->stride,
            .out = output_row(p, y + i),
            .stride = p->stride,
            .out_stride = p->is_direct ? step : p->stride,
        };
        run_down_some(&m, count, running, p->running, p->columns, largest);
        running = p->running;
        for (ptrdiff_t k = 0; k < count && !p->is_direct; k++)
            write_row(p, y + i + k, p->out + k * p->stride);
    }
}

static inline void filter_strips(plane *p, ptrdiff_t rows, int largest)
{
    for (ptrdiff_t y = 0; y < rows; y += p->height) {
        const ptrdiff_t made = y ? p->height - 1 : 0;
        make_all_rows(p, y + made, p->height - made, p->strip + made * p->stride, largest);
        if (atomic_load_explicit(&p->filter->stopped, memory_order_relaxed))
            return;
        run_up_strip(p, largest);
        write_row(p, y, p->strip);
        run_down_strip(p, y, rows - y < p->height ? rows - y : p->height, largest);
        K *swap = p->strip;
        p->strip = p->next;
        p->next = swap;
    }
}

/* The next row enters the running extremes. */
static void enter(plane *p, int largest)
{
    for (ptrdiff_t x = 0; x < p->columns; x += LANES)
        STORE(p->running + x, extreme(LOAD(p->running + x), LOAD(p->next + x), largest));
}

/* The same for windows higher than there is room for: those of a strip have in common what lies between the end of the
 * strip and that of the first window. Rows are made anew for each strip. */
static void filter_high(plane *p, ptrdiff_t rows, int largest)
{
    const ptrdiff_t across = p->filter->across;
    meeting m = {.entering = p->next, .out = p->out};
    for (ptrdiff_t y = 0; y < rows; y += p->height) {
        for (ptrdiff_t i = 0; i < across && !has_stopped(p); i++) {
            K *row = i < p->height ? p->strip + i * p->stride : i == p->height ? p->running : p->next;
            make_rows(p, y + i, 1, row, largest);
            if (row == p->next)
                enter(p, largest);
        }
        run_up_strip(p, largest);
        for (ptrdiff_t i = 0; i < p->height && y + i < rows && !has_stopped(p); i++) {
            if (i > 0)
                make_rows(p, y + across + i - 1, 1, p->next, largest);
            m.entering = i > 0 ? p->next : p->running;
            m.before = p->strip + i * p->stride;
            run_down(&m, 1, p->running, p->running, p->columns, largest);
            write_row(p, y + i, p->out);
        }
    }
}

static inline void filter_plane(plane *p, ptrdiff_t rows, int largest)
{
    if (p->height < p->filter->across)
        filter_high(p, rows, largest);
    else if (p->height > 1)
        filter_strips(p, rows, largest);
    else
        for (ptrdiff_t y = 0; y < rows && !has_stopped(p); y++) {
            K *out = output_row(p, y);
            make_rows(p, y, 1, out, largest);
            if (out != output_row(p, y)) { /* a row of negative floats */
                out = output_row(p, y);
                make_rows(p, y, 1, out, largest);
            }
            if (!p->is_direct)
                write_row(p, y, out);
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
    K fill;
    memcpy(&fill, &f->source.fill, sizeof fill);
    set_views(&p, FM_KEY >= 32 && fm_key_types[f->output->type].kind == KEY_FLOAT && f->along <= LONGEST &&
                      are_keys(&fill, 1));
    find_edges(&p);
    keep_border(&p);
    const ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    if (f->rank > 0)
        filter_plane(&p, rows, 1);
    else
        filter_plane(&p, rows, 0);
}

static ptrdiff_t at_least(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t at_most(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Long rows, so that what lies between the windows' ends is little, of which a strip fits the second cache; and parts
 * that are high beside the window, or one where no other thread waits for work. */
static void cut(const fm_filter *f, fm_block *largest)
{
    const ptrdiff_t kept = (f->in_place ? 3 : 2) * f->across + BATCH;
    const ptrdiff_t fit = RING / (ptrdiff_t)sizeof(K) / kept / LANES * LANES;
    ptrdiff_t columns = f->along > LONGEST ? LONGEST : at_least(ROW, 2 * f->along);
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
