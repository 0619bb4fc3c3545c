/* The medians of windows of one line: generated networks (networks/lines.py) run along rows.
 *
 * Windows that stand are selected from in the array itself, a few rows of outputs at a time, if elements sort like
 * their keys. For windows that lie, a row is dealt out by the place that elements have in a tile, which stays in the
 * nearest cache. Nothing else goes by way of memory. Compiled once per instruction set and key width.
 */
#include "bits.h"
#include "engine.h"
#include "places.h"
#include "stream.h"
#include "vector.h"

#define LINE(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    ROWS = 64,                             /* of outputs of a strip, */
    WIDTH = 2048 / (int)sizeof(K),         /* and its columns: what of it is in scratch memory stays in a near cache */
    LONGEST = 16384,                       /* columns of a strip that is read in place, */
    LOOKED_AT = 4096 / (int)sizeof(K),     /* and of one that is looked at before */
    AROUND = FM_LONGEST_LINE - 1,          /* elements of a window besides that of its output, */
    MOST_ROWS = AROUND + FM_LARGEST_LINE_TILE, /* and of a tile's windows at most */
    ROOM = WIDTH + 2 * LANES,              /* elements of a row of scratch memory, also of one that is dealt */
    DEALT_ROOM = WIDTH + AROUND + (AROUND / 2 + 2 * LANES) * FM_LARGEST_LINE_TILE,
};

/* The parts of scratch memory. */
typedef struct {
    K *places;
    K *rows;    /* of windows that stand: ROWS + AROUND of them */
    K *outputs; /* FM_LARGEST_LINE_TILE of them */
    K *fill;    /* a row outside of the array, */
    K *unwanted; /* and one of outputs */
    K *row, *dealt, *made, *spare; /* of windows that lie */
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, void *scratch)
{
    layout l = {0};
    char *p = scratch;
    l.places = fm_take(&p, f->line->scratch_bytes);
    l.outputs = fm_take(&p, FM_LARGEST_LINE_TILE * ROOM * sizeof(K));
    if (f->size[f->inner] == 1) {
        l.rows = fm_take(&p, (ROWS + AROUND) * ROOM * sizeof(K));
        l.fill = fm_take(&p, (LONGEST + LANES) * sizeof(K));
        l.unwanted = fm_take(&p, (LONGEST + LANES) * sizeof(K));
    } else {
        l.row = fm_take(&p, DEALT_ROOM * sizeof(K));
        l.dealt = fm_take(&p, DEALT_ROOM * sizeof(K));
        l.made = fm_take(&p, DEALT_ROOM * sizeof(K));
        l.spare = fm_take(&p, 2 * DEALT_ROOM * sizeof(K));
    }
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

static size_t lines_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, NULL).bytes;
}

static void lines_cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, ROWS, LONGEST, largest);
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t rows_of(const fm_filter *f, const fm_block *block)
{
    return f->outer < 0 ? 1 : block->extent[f->outer];
}

/* ---- Windows that stand ---- */

/* The rows that a strip's windows reach, as they are in the array, from where the strip begins. */
static void find_rows(const fm_filter *bits, const layout *l, const fm_block *strip, const void **rows)
{
    const ptrdiff_t count = rows_of(bits, strip) + bits->line->length - 1;
    ptrdiff_t at[FM_MAX_NDIM], filled = 0;
    for (int d = 0; d < bits->output->ndim; d++)
        at[d] = strip->start[d] - bits->lead[d];
    for (ptrdiff_t y = 0; y < count; y++, at[bits->outer]++) {
        rows[y] = fm_row(&bits->source, at);
        if (rows[y])
            continue;
        for (rows[y] = l->fill; filled < strip->extent[bits->inner]; filled++)
            memcpy(l->fill + filled, &bits->source.fill, sizeof(K));
    }
}

static int are_ordered(const fm_filter *bits, fm_type type, const fm_block *strip, const void *const *rows)
{
    const ptrdiff_t count = rows_of(bits, strip) + bits->line->length - 1;
    for (ptrdiff_t y = 0; y < count && fm_key_types[type].kind != KEY_SAME; y++)
        if (!sort_like_keys(rows[y], strip->extent[bits->inner], type))
            return 0;
    return 1;
}

static void read_rows(const fm_filter *f, const layout *l, const fm_block *strip, const void **rows)
{
    const ptrdiff_t count = rows_of(f, strip) + f->line->length - 1;
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = strip->start[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < count; y++, at[f->outer]++) {
        fm_read_keys(&f->source, at, f->inner, strip->extent[f->inner], l->rows + y * ROOM);
        rows[y] = l->rows + y * ROOM;
    }
}

static void write_row(const fm_array *output, int axis, const ptrdiff_t *at, ptrdiff_t columns, const K *keys, K *spare)
{
    if (is_streamed(output, axis))
        stream_keys(output, at, columns, keys, spare);
    else
        fm_write_keys(output, at, axis, columns, keys);
}

/* Makes a strip from its rows, straight to the output or by way of scratch memory. */
static void make_rows(const fm_filter *f, const layout *l, const fm_block *strip, const void *const *rows, int direct)
{
    const ptrdiff_t height = rows_of(f, strip), columns = strip->extent[f->inner], tile = f->line->tile;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, strip->start, sizeof at);
    for (ptrdiff_t y = 0; y < height; y += tile) {
        const ptrdiff_t high = least(tile, height - y), reach = high + f->line->length - 1;
        const void *from[MOST_ROWS];
        void *to[FM_LARGEST_LINE_TILE];
        for (ptrdiff_t i = 0; i < tile + f->line->length - 1; i++)
            from[i] = rows[y + (i < reach ? i : reach - 1)];
        for (ptrdiff_t i = 0; i < tile; i++) {
            at[f->outer] = strip->start[f->outer] + y + i;
            to[i] = i >= high ? l->unwanted : direct ? (K *)fm_address(f->output, at) : l->outputs + i * ROOM;
        }
        f->line->run(from, to, l->places, columns);
        for (ptrdiff_t i = 0; i < high && !direct; i++) {
            at[f->outer] = strip->start[f->outer] + y + i;
            write_row(f->output, f->inner, at, columns, l->outputs + i * ROOM, l->unwanted);
        }
    }
}

/* Makes the first columns of a block, and returns how many. */
static ptrdiff_t make_strip(const fm_filter *f, const fm_filter *bits, const layout *l, const fm_block *block)
{
    const void *rows[ROWS + AROUND];
    const int streamed = is_streamed(f->output, f->inner), same = fm_key_types[f->output->type].kind == KEY_SAME;
    const ptrdiff_t columns = block->extent[f->inner];
    fm_block strip = *block;
    if (bits && columns >= LANES) {
        const ptrdiff_t widest = streamed ? WIDTH : same ? LONGEST : LOOKED_AT;
        /* what is left must not be less than a vector */
        strip.extent[f->inner] = columns <= widest ? columns : least(widest, columns - LANES);
        find_rows(bits, l, &strip, rows);
        if (are_ordered(bits, f->output->type, &strip, rows)) {
            make_rows(bits, l, &strip, rows, !streamed);
            return strip.extent[f->inner];
        }
    }
    strip.extent[f->inner] = least(columns, WIDTH);
    read_rows(f, l, &strip, rows);
    make_rows(f, l, &strip, rows, 0);
    return strip.extent[f->inner];
}

static void make_standing(const fm_filter *f, const layout *l, const as_bits *views, const fm_block *block)
{
    fm_filter bits = {.source = views->source, .output = &views->output, .size = f->size, .line = f->line,
                      .inner = f->inner, .outer = f->outer};
    memcpy(bits.lead, f->lead, sizeof bits.lead);
    const int plain = fm_is_plain(&views->input, f->inner) && fm_is_plain(&views->output, f->inner);
    fm_block left = *block;
    while (left.extent[f->inner] > 0) {
        const ptrdiff_t done = make_strip(f, plain ? &bits : NULL, l, &left);
        left.start[f->inner] += done;
        left.extent[f->inner] -= done;
    }
}

/* ---- Windows that lie ---- */

/* Reads what the windows of a part of a row reach, and says whether it sorts like keys; else these are read. */
static int read_row(const fm_filter *f, const fm_source *bits, const ptrdiff_t *at, ptrdiff_t count, K *row)
{
    fm_read_keys(bits, at, f->inner, count, row);
    if (sort_like_keys(row, count, f->output->type))
        return 1;
    fm_read_keys(&f->source, at, f->inner, count, row);
    return 0;
}

/* Makes `columns` outputs of a row, at most WIDTH. */
static void make_lying(const fm_filter *f, const layout *l, const as_bits *views, const ptrdiff_t *at, ptrdiff_t columns)
{
    const int tile = f->line->tile, length = f->line->length;
    const ptrdiff_t extra = (length + tile - 2) / tile, tiles = (columns + tile - 1) / tile;
    const ptrdiff_t count = (tiles + LANES - 1) / LANES * LANES, pitch = count + extra;
    const void *elements[MOST_ROWS];
    void *outputs[FM_LARGEST_LINE_TILE];
    ptrdiff_t from[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        from[d] = at[d] - f->lead[d];
    const int plain = read_row(f, &views->source, from, (tiles + extra) * tile, l->row);
    const fm_array *output = plain ? &views->output : f->output;
    const K *row = l->row;
    if (tile > 1) {
        deal(l->row, tiles + extra, tile, l->dealt, pitch, l->spare);
        row = l->dealt;
    }
    for (int i = 0; i < tile + length - 1; i++)
        elements[i] = row + i % tile * pitch + i / tile;
    for (int i = 0; i < tile; i++)
        outputs[i] = l->made + i * pitch;
    if (tile == 1 && columns >= LANES && fm_is_plain(output, f->inner) && !is_streamed(output, f->inner)) {
        outputs[0] = fm_address(output, at);
        f->line->run(elements, outputs, l->places, columns);
        return;
    }
    f->line->run(elements, outputs, l->places, count);
    row = l->made;
    if (tile > 1) {
        collect(l->made, tiles, tile, pitch, l->row, l->spare);
        row = l->row;
    }
    write_row(output, f->inner, at, columns, row, l->spare);
}

static void make_all_lying(const fm_filter *f, const layout *l, const as_bits *views, const fm_block *block)
{
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows_of(f, block); y++) {
        for (ptrdiff_t x = 0; x < block->extent[f->inner]; x += WIDTH) {
            at[f->inner] = block->start[f->inner] + x;
            make_lying(f, l, views, at, least(block->extent[f->inner] - x, WIDTH));
        }
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

static void lines_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const layout l = lay_out(f, scratch);
    as_bits views;
    view_as_bits(f, &views);
    (f->size[f->inner] == 1 ? make_standing : make_all_lying)(f, &l, &views, block);
    if (is_streamed(f->output, f->inner))
        end_streaming();
}

extern const fm_engine LINE(fm_line_engine);
const fm_engine LINE(fm_line_engine) = {lines_cut, lines_scratch, lines_part};
