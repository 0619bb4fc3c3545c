/* Small windows: generated selection networks, run over strips of the image.
 *
 * A part of the image is read row by row, with its border, into scratch memory, where a row's columns lie
 * grouped by their place in a tile: all first columns, all second columns, and so on. The network of the
 * window (networks/emit.py) then makes tile_rows rows of outputs at a time from a few such rows.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum { STRIDE = FM_NETWORK_STRIDE(sizeof(K)), SLACK = FM_NETWORK_SLACK(sizeof(K)) };

/* Input rows are kept until there is no room; then those still needed move to the front. */
static ptrdiff_t input_rows(const fm_network *network)
{
    ptrdiff_t needed = network->rows + network->tile_rows - 1;
    return 2 * needed > 16 ? 2 * needed : 16;
}

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
    p += input_rows(n) * n->tile_columns * STRIDE;
    l.output = p;
    p += n->tile_rows * n->tile_columns * STRIDE;
    l.row = p;
    p += n->tile_columns * STRIDE;
    l.places = p;
    l.bytes = (size_t)(p - (K *)scratch) * sizeof(K) + n->scratch_bytes;
    return l;
}

static size_t network_scratch(const fm_network *network)
{
    return lay_out(network, NULL).bytes;
}

/* The columns of `row` grouped by their place in a tile, and back. */
#define GROUPED(tile)                                    \
    case tile:                                           \
        for (ptrdiff_t i = 0; i < groups; i++)           \
            for (int c = 0; c < tile; c++)               \
                to[c * STRIDE + i] = from[tile * i + c]; \
        break
#define UNGROUPED(tile)                                  \
    case tile:                                           \
        for (ptrdiff_t i = 0; i < groups; i++)           \
            for (int c = 0; c < tile; c++)               \
                to[tile * i + c] = from[c * STRIDE + i]; \
        break

static void group(const K *restrict from, ptrdiff_t groups, int tile, K *restrict to)
{
    switch (tile) {
        GROUPED(2);
        GROUPED(4);
        GROUPED(8);
    }
}

static void ungroup(const K *restrict from, ptrdiff_t groups, int tile, K *restrict to)
{
    switch (tile) {
        UNGROUPED(2);
        UNGROUPED(4);
        UNGROUPED(8);
    }
}

/* Reads the input row at `at` into scratch row `to`. */
static void read_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                     ptrdiff_t groups, K *to)
{
    ptrdiff_t count = (groups + n->reach) * n->tile_columns;
    if (n->tile_columns == 1) {
        fm_read_keys(&f->source, at, f->inner, count, to);
        return;
    }
    fm_read_keys(&f->source, at, f->inner, count, l->row);
    group(l->row, groups + n->reach, n->tile_columns, to);
}

static void write_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                      ptrdiff_t columns, const K *from)
{
    if (n->tile_columns > 1) {
        ungroup(from, (columns + n->tile_columns - 1) / n->tile_columns, n->tile_columns, l->row);
        from = l->row;
    }
    fm_write_keys(f->output, at, f->inner, columns, from);
}

/* Filters a block of columns that fits the scratch rows, from top to bottom. */
static void filter_columns(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *start,
                           ptrdiff_t rows, ptrdiff_t columns)
{
    ptrdiff_t groups = (columns + n->tile_columns - 1) / n->tile_columns;
    ptrdiff_t row_size = n->tile_columns * STRIDE, needed = n->rows + n->tile_rows - 1;
    ptrdiff_t in[FM_MAX_NDIM], out[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++) {
        out[d] = start[d];
        in[d] = start[d] - f->lead[d];
    }
    in[f->inner] -= n->lead;
    ptrdiff_t held = 0, first = 0; /* rows held in scratch memory, and which of them the window begins at */
    for (ptrdiff_t y = 0; y < rows; y += n->tile_rows, first += n->tile_rows) {
        if (first + needed > input_rows(n)) {
            memmove(l->input - SLACK, l->input - SLACK + first * row_size,
                    (size_t)((held - first) * row_size) * sizeof(K));
            held -= first;
            first = 0;
        }
        for (; held < first + needed; held++) {
            read_row(n, f, l, in, groups, l->input + held * row_size);
            if (f->outer >= 0)
                in[f->outer]++;
        }
        n->run(l->input + first * row_size + n->reach, l->output, l->places, groups);
        for (int r = 0; r < n->tile_rows && y + r < rows; r++) {
            write_row(n, f, l, out, columns, l->output + r * row_size);
            if (f->outer >= 0)
                out[f->outer]++;
        }
    }
}

/* A block holds one plane: its extent is 1 on all axes but inner and outer. */
static void network_part(const fm_network *n, const fm_filter *f, const fm_block *block, void *scratch)
{
    layout l = lay_out(n, scratch);
    ptrdiff_t step = FM_NETWORK_GROUPS(sizeof(K)) * n->tile_columns, columns = block->extent[f->inner];
    ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t start[FM_MAX_NDIM];
    memcpy(start, block->start, sizeof start);
    for (ptrdiff_t x = 0; x < columns; x += step) {
        start[f->inner] = block->start[f->inner] + x;
        filter_columns(n, f, &l, start, rows, columns - x < step ? columns - x : step);
    }
}

extern const fm_network NETWORK(fm_networks)[];
size_t NETWORK(interpret_scratch)(const fm_filter *filter, const fm_block *largest);
void NETWORK(interpret_part)(const fm_filter *filter, const fm_block *block, void *scratch);
size_t NETWORK(constant_time_scratch)(void);
void NETWORK(constant_time_part)(const fm_filter *filter, const fm_block *block, void *scratch);
size_t NETWORK(ordinal_scratch)(const fm_filter *filter, const fm_block *largest);
void NETWORK(ordinal_part)(fm_filter *filter, const fm_block *block, void *scratch, int lane);

extern const fm_engines NETWORK(fm_engines);
const fm_engines NETWORK(fm_engines) = {
#if defined(FM_LEVEL_PORTABLE)
    .lanes = (LANES + 2) / 3, /* a comparison is several instructions */
#else
    .lanes = LANES,
#endif
    .networks = NETWORK(fm_networks),
    .network_scratch = network_scratch,
    .network_part = network_part,
    .interpret_scratch = NETWORK(interpret_scratch),
    .interpret_part = NETWORK(interpret_part),
    .constant_time_scratch = NETWORK(constant_time_scratch),
    .constant_time_part = NETWORK(constant_time_part),
    .ordinal_scratch = NETWORK(ordinal_scratch),
    .ordinal_part = NETWORK(ordinal_part),
};
