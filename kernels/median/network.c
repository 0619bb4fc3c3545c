/* Small windows: generated selection networks, run over strips of the array.
 *
 * Rows of the array are read, with their border, into streams of scratch memory: a row's columns are grouped
 * by their place in a tile, all first columns, all second columns and so on, and rows that have the same place
 * in a tile follow each other in the same streams. The network of the window (networks/emit.py) then makes all
 * outputs of these rows in one go along the streams. Between two rows it makes a few that nobody wants.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    SLACK = FM_NETWORK_SLACK / sizeof(K),
    LEAST_TILES = 16, /* one below the other: fewer would read most rows twice */
};

/* The parts of scratch memory, in elements. */
typedef struct {
    K *input, *output, *row, *places;
    size_t bytes;
} layout;

static layout lay_out(const fm_network *n, void *scratch)
{
    layout l;
    K *p = scratch;
    l.input = p + SLACK;
    p += n->planes * n->tile_rows * n->tile_columns * n->stream;
    l.output = p;
    p += n->tile_rows * n->tile_columns * n->stream;
    l.row = p;
    p += n->tile_columns * n->stream;
    l.places = p;
    l.bytes = (size_t)(p - (K *)scratch) * sizeof(K) + n->scratch_bytes;
    return l;
}

static size_t network_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f->network, NULL).bytes;
}

/* Rows that a stream holds beside one for each row of tiles. */
static ptrdiff_t extra_rows(const fm_network *n)
{
    return (n->rows - 1 + n->tile_rows - 1) / n->tile_rows;
}

/* Rows of `pitch` groups that a stream has room for. */
static ptrdiff_t rows_of_stream(const fm_network *n, ptrdiff_t pitch)
{
    return (n->stream - 2 * SLACK) / pitch;
}

/* The columns of `row` grouped by their place in a tile, and back. */
#define GROUPED(tile)                                    \
    case tile:                                           \
        for (ptrdiff_t i = 0; i < groups; i++)           \
            for (int c = 0; c < tile; c++)               \
                to[c * stream + i] = from[tile * i + c]; \
        break
#define UNGROUPED(tile)                                  \
    case tile:                                           \
        for (ptrdiff_t i = 0; i < groups; i++)           \
            for (int c = 0; c < tile; c++)               \
                to[tile * i + c] = from[c * stream + i]; \
        break

static void group(const K *restrict from, ptrdiff_t groups, int tile, ptrdiff_t stream, K *restrict to)
{
    switch (tile) {
        GROUPED(2);
        GROUPED(4);
        GROUPED(8);
    }
}

static void ungroup(const K *restrict from, ptrdiff_t groups, int tile, ptrdiff_t stream, K *restrict to)
{
    switch (tile) {
        UNGROUPED(2);
        UNGROUPED(4);
        UNGROUPED(8);
    }
}

/* Reads the row of the array at `at` into the streams at `to`. */
static void read_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                     ptrdiff_t pitch, K *to)
{
    ptrdiff_t count = pitch * n->tile_columns;
    if (n->tile_columns == 1) {
        fm_read_keys(&f->source, at, f->inner, count, to);
        return;
    }
    fm_read_keys(&f->source, at, f->inner, count, l->row);
    group(l->row, pitch, n->tile_columns, n->stream, to);
}

static void write_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                      ptrdiff_t columns, const K *from)
{
    if (n->tile_columns > 1) {
        ungroup(from, (columns + n->tile_columns - 1) / n->tile_columns, n->tile_columns, n->stream, l->row);
        from = l->row;
    }
    fm_write_keys(f->output, at, f->inner, columns, from);
}

/* Reads `rows` rows of each plane of the windows whose outputs begin at `start`. */
static void read_rows(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *start,
                      ptrdiff_t rows, ptrdiff_t pitch)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = start[d] - f->lead[d];
    at[f->inner] -= n->lead;
    for (int z = 0; z < n->planes; z++) {
        for (ptrdiff_t y = 0; y < rows; y++) {
            ptrdiff_t row = y % n->tile_rows, slot = y / n->tile_rows;
            read_row(n, f, l, at, pitch,
                     l->input + (z * n->tile_rows + row) * n->tile_columns * n->stream + slot * pitch);
            if (f->outer >= 0)
                at[f->outer]++;
        }
        if (f->far >= 0) {
            at[f->outer] -= rows;
            at[f->far]++;
        }
    }
}

/* Filters a block that fits the streams. */
static void filter_block(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *start,
                         ptrdiff_t rows, ptrdiff_t columns)
{
    ptrdiff_t groups = (columns + n->tile_columns - 1) / n->tile_columns, pitch = groups + n->reach;
    ptrdiff_t tiles = (rows + n->tile_rows - 1) / n->tile_rows;
    read_rows(n, f, l, start, rows + n->rows - 1, pitch);
    n->run(l->input + n->reach, pitch, l->output, l->places, (tiles - 1) * pitch + groups);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        ptrdiff_t row = y % n->tile_rows, slot = y / n->tile_rows;
        write_row(n, f, l, at, columns, l->output + row * n->tile_columns * n->stream + slot * pitch);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

/* A block's extent is 1 on all axes but inner and outer. */
static void network_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const fm_network *n = f->network;
    layout l = lay_out(n, scratch);
    ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t tiles = (rows + n->tile_rows - 1) / n->tile_rows, extra = extra_rows(n);
    ptrdiff_t widest = (n->stream - 2 * SLACK) / ((tiles < LEAST_TILES ? tiles : LEAST_TILES) + extra);
    ptrdiff_t width = (widest - n->reach) * n->tile_columns;
    ptrdiff_t step = columns < width ? columns : width;
    ptrdiff_t height = (rows_of_stream(n, (step + n->tile_columns - 1) / n->tile_columns + n->reach) - extra) *
                       n->tile_rows;
    ptrdiff_t start[FM_MAX_NDIM];
    memcpy(start, block->start, sizeof start);
    for (ptrdiff_t x = 0; x < columns; x += step)
        for (ptrdiff_t y = 0; y < rows; y += height) {
            start[f->inner] = block->start[f->inner] + x;
            if (f->outer >= 0)
                start[f->outer] = block->start[f->outer] + y;
            filter_block(n, f, &l, start, rows - y < height ? rows - y : height,
                         columns - x < step ? columns - x : step);
        }
}

extern const fm_engine NETWORK(fm_network_engine);
const fm_engine NETWORK(fm_network_engine) = {fm_cut_strips, network_scratch, network_part};
