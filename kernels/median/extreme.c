/* Minimum and maximum of boxes of any size: one pass along each axis, which `filter->axis` names.
 *
 * Vectors run along the inner axis. A pass along another one cuts lines into segments as long as the window:
 * a window is the end of one segment and the beginning of the next, so running extremes from both ends of
 * each segment do for all windows, in three comparisons an element (van Herk, Pattern Recognition Letters
 * 13, 1992; Gil and Werman, IEEE PAMI 15, 1993). A pass along the inner axis doubles windows: the extreme of
 * 2 w neighbours is that of two extremes of w. The first pass reads the input, the others the output in place.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define EXTREME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    ROW = 4096 / sizeof(K),          /* outputs made at a time along the inner axis, or more for long windows */
    ROWS = 64,                       /* of a part */
    LONGEST = (1 << 19) / sizeof(K), /* window: of longer ones only the ends are kept */
    PIECE = 2048 / sizeof(K),        /* of the inner axis, for passes along others, where the window is short */
    RING = 1 << 20,                  /* bytes for what such a pass keeps, where that is possible */
    LOOK_EVERY = 256,                /* rows, for whether to stop */
};

/* The extremes of pairs, by whole vectors: up to LANES - 1 more are read and written. `out` may be `a`, and `b` lie
 * further on in the same row. */
static void join(const K *a, const K *b, K *out, ptrdiff_t count, int largest)
{
    if (largest)
        for (ptrdiff_t i = 0; i < count; i += LANES)
            STORE(out + i, MAX(LOAD(a + i), LOAD(b + i)));
    else
        for (ptrdiff_t i = 0; i < count; i += LANES)
            STORE(out + i, MIN(LOAD(a + i), LOAD(b + i)));
}

static inline K extreme_of(K a, K b, int largest)
{
    return (a < b) == largest ? b : a;
}

static ptrdiff_t padded(ptrdiff_t count)
{
    return (count + LANES - 1) / LANES * LANES + LANES;
}

/* ---- Along the inner axis ---- */

/* Makes count windows' extremes of count + size - 1 keys, in place. */
static void narrow(K *row, ptrdiff_t count, ptrdiff_t size, int largest)
{
    ptrdiff_t width = 1;
    for (; 2 * width <= size; width *= 2)
        join(row, row + width, row, count + size - 2 * width, largest);
    if (width < size)
        join(row, row + size - width, row, count, largest);
}

/* The same for windows longer than `count`, by what they have in common and what each has before and after. */
static void narrow_long(fm_filter *f, ptrdiff_t *at, K *row, ptrdiff_t count, ptrdiff_t size, int lane)
{
    const int largest = f->rank > 0;
    K *after = row + padded(count);
    fm_read_keys(&f->source, at, f->inner, count, row);
    K common = row[count - 1];
    at[f->inner] += count;
    for (ptrdiff_t left = size - count; left > 0 && !fm_should_stop(f, lane); left -= count) {
        ptrdiff_t read = left < count ? left : count;
        fm_read_keys(&f->source, at, f->inner, read, after);
        at[f->inner] += read;
        for (ptrdiff_t i = 0; i < read; i++)
            common = extreme_of(common, after[i], largest);
    }
    fm_read_keys(&f->source, at, f->inner, count, after);
    for (ptrdiff_t i = count - 1; i-- > 0;)
        row[i] = extreme_of(row[i], row[i + 1], largest);
    for (ptrdiff_t i = 0; i < count; i++) {
        row[i] = extreme_of(row[i], common, largest);
        common = extreme_of(common, after[i], largest);
    }
}

static void cut_rows(const fm_filter *f, fm_block *largest)
{
    ptrdiff_t most = f->length > LONGEST ? LONGEST : 2 * f->length < ROW ? ROW : 2 * f->length;
    ptrdiff_t columns = f->output->shape[f->inner];
    largest->extent[f->inner] = columns < most ? columns : most;
    if (f->outer >= 0) {
        ptrdiff_t rows = f->output->shape[f->outer];
        largest->extent[f->outer] = rows < ROWS ? rows : ROWS;
    }
}

static void filter_rows(fm_filter *f, const fm_block *block, K *row, int lane)
{
    ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t at[FM_MAX_NDIM], from[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        memcpy(from, at, sizeof from);
        from[f->inner] -= f->lead[f->inner];
        if (f->length > LONGEST)
            narrow_long(f, from, row, columns, f->length, lane);
        else {
            fm_read_keys(&f->source, from, f->inner, columns + f->length - 1, row);
            narrow(row, columns, f->length, f->rank > 0);
        }
        fm_write_keys(f->output, at, f->inner, columns, row);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

/* ---- Along another axis ---- */

static void cut_columns(const fm_filter *f, fm_block *largest)
{
    ptrdiff_t columns = f->output->shape[f->inner], most = RING / (ptrdiff_t)sizeof(K) / (3 * f->length);
    most = most > PIECE ? PIECE : most < LANES ? LANES : most / LANES * LANES;
    largest->extent[f->inner] = columns < most ? columns : most;
    largest->extent[f->axis] = f->output->shape[f->axis];
}

/* Rows of scratch memory: two segments, the border after the end, which must be read before it is written
 * to, and two rows. */
typedef struct {
    K *earlier, *segment, *border, *forward, *out;
    ptrdiff_t stride;
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, ptrdiff_t columns, void *scratch)
{
    layout l = {.stride = padded(columns)};
    ptrdiff_t border = f->length - 1 - f->lead[f->axis];
    l.earlier = scratch;
    l.segment = l.earlier + f->length * l.stride;
    l.border = l.segment + f->length * l.stride;
    l.forward = l.border + border * l.stride;
    l.out = l.forward + l.stride;
    l.bytes = (size_t)((char *)(l.out + l.stride) - (char *)scratch);
    return l;
}

static void filter_columns(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t columns = block->extent[f->inner], size = f->length, n = block->extent[f->axis];
    const ptrdiff_t lead = f->lead[f->axis];
    const int largest = f->rank > 0;
    layout l = lay_out(f, columns, scratch);
    ptrdiff_t at[FM_MAX_NDIM], from[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    memcpy(from, at, sizeof from);
    for (ptrdiff_t i = 0; i < size - 1 - lead; i++) {
        from[f->axis] = n + i;
        fm_read_keys(&f->source, from, f->inner, columns, l.border + i * l.stride);
    }
    for (ptrdiff_t y = 0; y < n + size - 1; y++) {
        ptrdiff_t place = y % size;
        K *row = l.segment + place * l.stride;
        from[f->axis] = y - lead;
        if (from[f->axis] < n)
            fm_read_keys(&f->source, from, f->inner, columns, row);
        else
            memcpy(row, l.border + (from[f->axis] - n) * l.stride, (size_t)columns * sizeof(K));
        if (place == 0)
            memcpy(l.forward, row, (size_t)columns * sizeof(K));
        else
            join(l.forward, row, l.forward, columns, largest);
        if (y >= size - 1) {
            const K *out = l.forward;
            if (place < size - 1) {
                join(l.earlier + (place + 1) * l.stride, l.forward, l.out, columns, largest);
                out = l.out;
            }
            at[f->axis] = y - size + 1;
            fm_write_keys(f->output, at, f->inner, columns, out);
        }
        if (place == size - 1) {
            for (ptrdiff_t i = place; i-- > 0;)
                join(l.segment + i * l.stride, l.segment + (i + 1) * l.stride, l.segment + i * l.stride, columns,
                     largest);
            K *swap = l.earlier;
            l.earlier = l.segment;
            l.segment = swap;
        }
        if (y % LOOK_EVERY == 0 && fm_should_stop(f, lane))
            return;
    }
}

/* ---- Either ---- */

static void cut(const fm_filter *f, fm_block *largest)
{
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    if (f->axis == f->inner)
        cut_rows(f, largest);
    else
        cut_columns(f, largest);
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    ptrdiff_t columns = largest->extent[f->inner];
    if (f->axis != f->inner)
        return lay_out(f, columns, NULL).bytes;
    return (size_t)(f->length > LONGEST ? 2 * padded(columns) : padded(columns + f->length)) * sizeof(K);
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    if (f->axis == f->inner)
        filter_rows(f, block, scratch, lane);
    else
        filter_columns(f, block, scratch, lane);
}

extern const fm_engine EXTREME(fm_extreme);
const fm_engine EXTREME(fm_extreme) = {cut, scratch_bytes, part};
