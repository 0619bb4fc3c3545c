/* The median of 3x3, which is asked for most often: no network could be as quick.
 *
 * Lanes are neighbouring x. The three elements of each row are sorted: the median of nine is the middle one of
 * the largest of the smallest, the middle of the middle and the smallest of the largest (Smith, Implementing
 * median filters in XC4000E FPGAs, 1996). Four rows are made at a time, of which two and two share what their
 * windows have in common: 19 comparisons an output, all in registers. Where elements sort like their keys they
 * are read and written in place; only the columns at the border go by scratch memory.
 * Compiled once per instruction set and key width.
 */
#include "bits.h"
#include "engine.h"
#include "stream.h"
#include "vector.h"

#define THREE(name) FM_NAME(FM_JOIN(name, FM_KEYS))

enum {
    BAND = 4,                            /* rows of outputs made at a time: more find no room in registers */
    ROWS = 64,                           /* rows of outputs of a strip */
    WIDTH = 2048 / (int)sizeof(K),       /* of a strip that is read into scratch memory */
    LONGEST = 16384,                     /* of one that is not, */
    LOOKED_AT = 4096 / (int)sizeof(K),   /* and of one that is looked at before, which the second cache holds */
    ROOM = WIDTH + 2 * LANES,            /* elements of a row of scratch memory */
};

/* The parts of scratch memory. */
typedef struct {
    K *rows;    /* ROWS + 2 of them */
    K *outputs; /* ROWS of them */
    K *fill;    /* a row outside of the array */
    size_t bytes;
} layout;

static layout lay_out(void *scratch)
{
    layout l;
    K *p = scratch;
    l.rows = p;
    p += (ROWS + 2) * ROOM;
    l.outputs = p;
    p += ROWS * ROOM;
    l.fill = p;
    p += LONGEST + 2 * LANES;
    l.bytes = (size_t)((char *)p - (char *)scratch);
    return l;
}

static size_t three_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(NULL).bytes;
}

static void three_cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, ROWS, LONGEST, largest);
}

typedef struct {
    V low, middle, high;
} triple;

static inline V median_of(V a, V b, V c)
{
    return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

static inline triple sorted(const K *p)
{
    V a = LOAD(p), b = LOAD(p + 1), c = LOAD(p + 2);
    V low = MIN(a, b), high = MAX(a, b), middle = MIN(high, c);
    return (triple){MIN(low, middle), MAX(low, middle), MAX(high, c)};
}

/* What windows that have two rows in common make of these. */
typedef struct {
    V largest_low, lower_middle, upper_middle, smallest_high;
} shared;

static inline shared shared_of(triple a, triple b)
{
    return (shared){MAX(a.low, b.low), MIN(a.middle, b.middle), MAX(a.middle, b.middle), MIN(a.high, b.high)};
}

static inline V median_with(shared s, triple other)
{
    return median_of(MAX(s.largest_low, other.low), MAX(s.lower_middle, MIN(s.upper_middle, other.middle)),
                     MIN(s.smallest_high, other.high));
}

/* Makes LANES columns of `count` outputs, which is constant where this is called; rows[i] + x is where the
 * windows of row i begin. */
static inline void make_column(const K *const *rows, ptrdiff_t x, int count, char *out, ptrdiff_t stride)
{
    triple a = sorted(rows[0] + x), b = sorted(rows[1] + x);
#pragma GCC unroll 2
    for (int y = 0; y + 1 < count; y += 2) {
        triple c = sorted(rows[y + 2] + x), d = sorted(rows[y + 3] + x);
        shared s = shared_of(b, c);
        STORE((K *)(void *)(out + y * stride), median_with(s, a));
        STORE((K *)(void *)(out + (y + 1) * stride), median_with(s, d));
        a = c;
        b = d;
    }
    if (count % 2)
        STORE((K *)(void *)(out + (count - 1) * stride), median_with(shared_of(b, sorted(rows[count + 1] + x)), a));
}

/* Makes `count` rows, at most BAND; where there are LANES columns, no others are written. */
static void make_band(const K *const *rows, ptrdiff_t width, int count, char *out, ptrdiff_t stride)
{
#define BAND_OF(count)                                                              \
    case count:                                                                     \
        for (ptrdiff_t x = 0; x < width; x += LANES) {                              \
            ptrdiff_t at = x + LANES <= width || width < LANES ? x : width - LANES; \
            make_column(rows, at, count, out + at * (ptrdiff_t)sizeof(K), stride);  \
        }                                                                           \
        break
    switch (count) {
        BAND_OF(1);
        BAND_OF(2);
        BAND_OF(3);
        BAND_OF(BAND);
    }
}

static void make_rows(const K *const *rows, ptrdiff_t width, ptrdiff_t count, char *out, ptrdiff_t stride)
{
    for (ptrdiff_t y = 0; y < count; y += BAND)
        make_band(rows + y, width, count - y < BAND ? (int)(count - y) : BAND, out + y * stride, stride);
}

/* The same for an array that is large: bands go by way of a small part of scratch memory. */
static void stream_rows(const K *const *rows, ptrdiff_t width, ptrdiff_t count, char *out, ptrdiff_t stride, K *band)
{
    const ptrdiff_t size = sizeof(K);
    for (ptrdiff_t y = 0; y < count; y += BAND)
        for (ptrdiff_t x = 0, some; x < width; x += some) {
            const ptrdiff_t skew = (ptrdiff_t)((uintptr_t)(out + x * size) % FM_LINE) / size, left = width - x;
            const K *from[BAND + 2];
            const int high = count - y < BAND ? (int)(count - y) : BAND;
            some = WIDTH - skew;
            if (left < some + LANES) /* what is left must not be less than LANES */
                some = left <= some ? left : left - LANES;
            for (int i = 0; i < high + 2; i++)
                from[i] = rows[y + i] + x;
            make_band(from, some, high, (char *)band, ROOM * size);
            for (int i = 0; i < high; i++)
                stream(out + (y + i) * stride + x * size, (const char *)(band + i * ROOM), some * size);
        }
}

/* Filters a strip by way of scratch memory. */
static void by_way_of_scratch(const fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows,
                              ptrdiff_t columns)
{
    const K *row[ROWS + 2];
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = start[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < rows + 2; y++, at[f->outer]++) {
        row[y] = l->rows + y * ROOM;
        fm_read_keys(&f->source, at, f->inner, columns + 2, l->rows + y * ROOM);
    }
    make_rows(row, columns, rows, (char *)l->outputs, ROOM * sizeof(K));
    memcpy(at, start, sizeof at);
    const int streamed = is_streamed(f->output, f->inner);
    for (ptrdiff_t y = 0; y < rows; y++, at[f->outer]++)
        if (streamed)
            stream_keys(f->output, at, columns, l->outputs + y * ROOM, l->rows);
        else
            fm_write_keys(f->output, at, f->inner, columns, l->outputs + y * ROOM);
}

/* One column of outputs at the border, with lanes along y: rows and columns of a window may be exchanged. */
static void make_border(const fm_filter *f, const layout *l, const K *const *row, ptrdiff_t x, ptrdiff_t rows,
                        char *out, ptrdiff_t stride)
{
    const K *column[3];
    for (int i = 0; i < 3; i++) {
        K *to = l->rows + i * ROOM;
        ptrdiff_t from = fm_border(x - f->lead[f->inner] + i, f->source.array->shape[f->inner],
                                   f->source.modes[f->inner]);
        for (ptrdiff_t y = 0; y < rows + 2; y++)
            to[y] = from < 0 || !row[y] ? l->fill[0] : row[y][from];
        column[i] = to;
    }
    make_rows(column, rows, 1, (char *)l->outputs, 0);
    for (ptrdiff_t y = 0; y < rows; y++)
        memcpy(out + y * stride, l->outputs + y, sizeof(K));
}

static void fill_row(const fm_filter *f, const layout *l, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        memcpy(l->fill + i, &f->source.fill, sizeof(K));
}

/* Filters a strip in place, but for the windows that reach over the sides of the array. */
static void in_place(const fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows,
                     ptrdiff_t columns, ptrdiff_t left, ptrdiff_t right)
{
    const K *row[ROWS + 2], *from[ROWS + 2]; /* NULL outside of the array; where the first window inside begins */
    ptrdiff_t at[FM_MAX_NDIM], lead = f->lead[f->inner], begin = start[f->inner];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = d == f->inner ? 0 : start[d] - f->lead[d];
    fill_row(f, l, 1);
    for (ptrdiff_t y = 0; y < rows + 2; y++, at[f->outer]++) {
        row[y] = fm_row(&f->source, at);
        from[y] = row[y] ? row[y] + left - lead : l->fill;
        if (!row[y])
            fill_row(f, l, right - left + 2);
    }
    memcpy(at, start, sizeof at);
    at[f->inner] = 0;
    char *out = fm_address(f->output, at);
    ptrdiff_t stride = f->output->strides[f->outer], size = sizeof(K);
    for (ptrdiff_t x = begin; x < left; x++)
        make_border(f, l, row, x, rows, out + x * size, stride);
    if (is_streamed(f->output, f->inner))
        stream_rows(from, right - left, rows, out + left * size, stride, l->outputs);
    else
        make_rows(from, right - left, rows, out + left * size, stride);
    for (ptrdiff_t x = right; x < begin + columns; x++)
        make_border(f, l, row, x, rows, out + x * size, stride);
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Whether all that a strip's windows reach sorts like its keys; `bits` is the filter of elements as they are. */
static int is_ordered(const fm_filter *bits, fm_type type, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t columns)
{
    const ptrdiff_t n = bits->source.array->shape[bits->inner], lead = bits->lead[bits->inner];
    const ptrdiff_t begin = start[bits->inner] - lead, end = begin + columns + 2;
    const ptrdiff_t from = begin < 0 ? 0 : begin, to = least(end, n);
    ptrdiff_t at[FM_MAX_NDIM];
    if (fm_key_types[type].kind == KEY_SAME)
        return 1;
    if (!sort_like_keys((const K *)&bits->source.fill, 1, type))
        return 0;
    for (int d = 0; d < bits->output->ndim; d++)
        at[d] = d == bits->inner ? 0 : start[d] - bits->lead[d];
    for (ptrdiff_t y = 0; y < rows + 2; y++, at[bits->outer]++) {
        const K *row = fm_row(&bits->source, at);
        if (!row)
            continue;
        if (from < to && !sort_like_keys(row + from, to - from, type))
            return 0;
        for (ptrdiff_t x = begin; x < end; x++) {
            const ptrdiff_t inside = fm_border(x, n, bits->source.modes[bits->inner]);
            if (x == from && from < to)
                x = to - 1; /* these have been looked at */
            else if (inside >= 0 && !sort_like_keys(row + inside, 1, type))
                return 0;
        }
    }
    return 1;
}

/* Filters a strip, in place if it can be and if enough windows lie inside of the array. Returns its columns. */
static ptrdiff_t filter_strip(const fm_filter *f, const fm_filter *bits, const layout *l, const ptrdiff_t *start,
                              ptrdiff_t rows, ptrdiff_t columns)
{
    ptrdiff_t lead = f->lead[f->inner], begin = start[f->inner], inside = f->source.array->shape[f->inner] + lead - 2;
    ptrdiff_t left = begin < lead ? lead : begin;
    ptrdiff_t right = least(begin + columns, inside);
    if (bits && right - left >= LANES && is_ordered(bits, f->output->type, start, rows, columns)) {
        in_place(bits, l, start, rows, columns, left, right);
        return columns;
    }
    ptrdiff_t width = least(columns, WIDTH);
    by_way_of_scratch(f, l, start, rows, width);
    return width;
}

static void three_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    layout l = lay_out(scratch);
    as_bits views;
    view_as_bits(f, &views);
    fm_filter bits = {.source = views.source, .output = &views.output, .inner = f->inner, .outer = f->outer};
    memcpy(bits.lead, f->lead, sizeof bits.lead);
    const int plain = fm_is_plain(&views.input, f->inner) && fm_is_plain(&views.output, f->inner);
    const ptrdiff_t columns = block->extent[f->inner];
    const ptrdiff_t widest = fm_key_types[f->output->type].kind == KEY_SAME ? columns : LOOKED_AT;
    ptrdiff_t start[FM_MAX_NDIM];
    memcpy(start, block->start, sizeof start);
    for (ptrdiff_t x = 0; x < columns;) {
        start[f->inner] = block->start[f->inner] + x;
        x += filter_strip(f, plain ? &bits : NULL, &l, start, block->extent[f->outer], least(columns - x, widest));
    }
    if (is_streamed(f->output, f->inner))
        end_streaming();
}

extern const fm_engine THREE(fm_three);
const fm_engine THREE(fm_three) = {three_cut, three_scratch, three_part};
