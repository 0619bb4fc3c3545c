/* Small windows: generated selection networks, run down strips of the array.
 *
 * Rows of the array are read, with their border, into scratch memory, where the elements that have the same
 * place in a tile lie side by side. The network of the window (networks/emit.py) makes the outputs of as many
 * tiles as there are lanes, a row of tiles after the other from top to bottom; then it goes to the next tiles.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

/* The parts of scratch memory. */
typedef struct {
    K *input, *output, *row, *places; /* input and output: of the first output */
    size_t bytes;
} layout;

static ptrdiff_t row_size(const fm_network *n)
{
    return (ptrdiff_t)n->tile_columns * n->pitch;
}

/* Rows of the array that are read or written before those of the first output. */
static ptrdiff_t rows_before(const fm_network *n)
{
    return (ptrdiff_t)n->reach * n->tile_rows;
}

static layout lay_out(const fm_network *n, void *scratch)
{
    layout l;
    K *p = scratch;
    l.places = p;
    p += n->scratch_bytes / sizeof(K);
    l.input = p + rows_before(n) * row_size(n);
    p += n->planes * (ptrdiff_t)n->plane;
    l.output = p + rows_before(n) * row_size(n);
    p += n->plane;
    l.row = p;
    p += row_size(n);
    l.bytes = (size_t)(p - (K *)scratch) * sizeof(K);
    return l;
}

static size_t network_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f->network, NULL).bytes;
}

/* Elements of `row` by their place in a tile, and back. */
#define BY_PLACE(tile)                                  \
    case tile:                                          \
        for (ptrdiff_t i = 0; i < tiles; i++)           \
            for (int c = 0; c < tile; c++)              \
                to[c * pitch + i] = from[tile * i + c]; \
        break
#define IN_ORDER(tile)                                  \
    case tile:                                          \
        for (ptrdiff_t i = 0; i < tiles; i++)           \
            for (int c = 0; c < tile; c++)              \
                to[tile * i + c] = from[c * pitch + i]; \
        break

static void by_place(const K *restrict from, ptrdiff_t tiles, int tile, ptrdiff_t pitch, K *restrict to)
{
    switch (tile) {
        BY_PLACE(2);
        BY_PLACE(4);
    }
}

static void in_order(const K *restrict from, ptrdiff_t tiles, int tile, ptrdiff_t pitch, K *restrict to)
{
    switch (tile) {
        IN_ORDER(2);
        IN_ORDER(4);
    }
}

static void read_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                     ptrdiff_t tiles, K *to)
{
    ptrdiff_t count = tiles * n->tile_columns;
    if (n->tile_columns == 1) {
        fm_read_keys(&f->source, at, f->inner, count, to);
        return;
    }
    fm_read_keys(&f->source, at, f->inner, count, l->row);
    by_place(l->row, tiles, n->tile_columns, n->pitch, to);
}

static void write_row(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *at,
                      ptrdiff_t columns, const K *from)
{
    if (n->tile_columns > 1) {
        in_order(from, (columns + n->tile_columns - 1) / n->tile_columns, n->tile_columns, n->pitch, l->row);
        from = l->row;
    }
    fm_write_keys(f->output, at, f->inner, columns, from);
}

/* Reads `rows` rows of `tiles` tiles of each plane of the windows of the outputs that begin at `start`. */
static void read_rows(const fm_network *n, const fm_filter *f, const layout *l, const ptrdiff_t *start,
                      ptrdiff_t rows, ptrdiff_t tiles)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = start[d] - f->lead[d];
    if (f->outer >= 0)
        at[f->outer] -= n->lead;
    for (int z = 0; z < n->planes; z++) {
        for (ptrdiff_t y = 0; y < rows; y++) {
            read_row(n, f, l, at, tiles, l->input + z * (ptrdiff_t)n->plane + y * row_size(n));
            if (f->outer >= 0)
                at[f->outer]++;
        }
        if (f->far >= 0) {
            at[f->outer] -= rows;
            at[f->far]++;
        }
    }
}

/* As much as fits scratch memory. */
static void network_cut(const fm_filter *f, fm_block *largest)
{
    const fm_network *n = f->network;
    ptrdiff_t rows = n->plane / row_size(n) - 2 * rows_before(n);
    ptrdiff_t tiles = n->pitch - (n->extra + LANES - 1) / LANES * LANES;
    fm_cut_plane(f, rows / n->tile_rows * n->tile_rows, tiles * n->tile_columns, largest);
}

static void network_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const fm_network *n = f->network;
    layout l = lay_out(n, scratch);
    ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t tiles = (columns + n->tile_columns - 1) / n->tile_columns;
    ptrdiff_t groups = (rows + n->tile_rows - 1) / n->tile_rows;
    read_rows(n, f, &l, block->start, n->lead + rows + n->rows - 1, tiles + n->extra);
    for (ptrdiff_t x = 0; x < tiles; x += LANES)
        n->run(l.input + rows_before(n) * row_size(n) + x, l.output + x, l.places, (size_t)groups);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        write_row(n, f, &l, at, columns, l.output + y * row_size(n));
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

extern const fm_engine NETWORK(fm_network_engine);
const fm_engine NETWORK(fm_network_engine) = {network_cut, network_scratch, network_part};
