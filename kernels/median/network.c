/* Small windows: generated selection networks, run down strips of the array.
 *
 * Rows of the array are read, with their border, into scratch memory, where the elements that have the same
 * place in a tile lie side by side. The network of the window (networks/emit.py) makes the outputs of as many
 * tiles as there are lanes, a row of tiles after the other from top to bottom; then it goes to the next tiles.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"
#include "places.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

/* The parts of scratch memory. */
typedef struct {
    K *input, *output, *row, *places; /* input: the first row of the windows */
    size_t bytes;
} layout;

static ptrdiff_t row_size(const fm_network *n)
{
    return (ptrdiff_t)n->tile_columns * n->pitch;
}

/* Rows that a network reads before those of the first windows, without using them. */
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
    l.output = p;
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

/* The arrays of a filter as its elements are, not as their keys. */
typedef struct {
    fm_array input, output;
    fm_source source;
} as_bits;

static void view_as_bits(const fm_filter *f, as_bits *bits)
{
    bits->input = fm_as_bits(f->source.array);
    bits->output = fm_as_bits(f->output);
    bits->source = (fm_source){&bits->input, f->source.modes, 0};
    fm_active->write_keys((char *)&bits->source.fill, sizeof(K), 1, fm_key_types[f->output->type], 0,
                          &f->source.fill);
}

/* Whether elements of the type can be compared as if they were keys: if none is negative or NaN. */
static int sort_like_keys(const K *elements, ptrdiff_t count, fm_type type)
{
    typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
    static const U infinity = FM_KEY == 16 ? 0x7c00 : FM_KEY == 32 ? 0x7f800000 : (U)0x7ff0000000000000;
    if (fm_key_types[type].kind == KEY_SAME)
        return 1;
    const U largest = fm_key_types[type].kind == KEY_FLOAT ? infinity : (U) ~(U)0 >> 1;
    U outside = 0; /* the sign of an element, or of what it lacks to the largest */
    for (ptrdiff_t i = 0; i < count; i++)
        outside |= (U)elements[i] | (U)(largest - (U)elements[i]);
    return outside >> (FM_KEY - 1) == 0;
}

/* Reads a row of `tiles` tiles into its place, and says whether it sorts like keys. */
static int read_row(const fm_filter *f, const layout *l, const fm_source *source, const ptrdiff_t *at,
                    ptrdiff_t tiles, K *to)
{
    const fm_network *n = f->network;
    const ptrdiff_t count = tiles * n->tile_columns;
    K *row = n->tile_columns > 1 ? l->row : to;
    fm_read_keys(source, at, f->inner, count, row);
    if (n->tile_columns > 1)
        deal(row, tiles, n->tile_columns, to, n->pitch, NULL);
    return sort_like_keys(row, count, f->output->type);
}

static void to_keys(const fm_filter *f, const layout *l, K *row)
{
    const ptrdiff_t size = row_size(f->network);
    fm_active->read_keys((const char *)row, sizeof(K), size, fm_key_types[f->output->type], 0, l->row);
    memcpy(row, l->row, (size_t)size * sizeof(K));
}

/* Whether an array is too large for the caches, so that its rows come from memory. */
static int is_far_away(const fm_filter *f)
{
    enum { CACHED = 1 << 20 };
    const fm_array *a = f->source.array;
    if (f->outer < 0 || a->suboffsets)
        return 0;
    const ptrdiff_t step = a->strides[f->outer];
    return (step < 0 ? -step : step) > CACHED / a->shape[f->outer];
}

/* Asks for a row that is read some rows later. */
static void ask_for_row(const fm_filter *f, const ptrdiff_t *at, ptrdiff_t count)
{
    enum { LATER = 4, LINE = 64 };
    ptrdiff_t ahead[FM_MAX_NDIM];
    memcpy(ahead, at, sizeof ahead);
    ahead[f->outer] += LATER;
    const char *row = fm_row(&f->source, ahead);
    for (ptrdiff_t i = 0; row && i < count * (ptrdiff_t)sizeof(K); i += LINE)
        __builtin_prefetch(row + i);
}

/* Reads `rows` rows of `tiles` tiles of each plane of the windows of the outputs that begin at `start`. Elements
 * stay as they are if they sort like keys, which is returned. */
static int read_rows(const fm_filter *f, const layout *l, const as_bits *bits, const ptrdiff_t *start, ptrdiff_t rows,
                     ptrdiff_t tiles)
{
    const fm_network *n = f->network;
    const fm_source *source = &bits->source;
    const int far_away = is_far_away(f);
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = start[d] - f->lead[d];
    if (f->outer >= 0)
        at[f->outer] -= n->lead;
    for (ptrdiff_t i = 0; i < n->planes * rows; i++) {
        if (far_away)
            ask_for_row(f, at, tiles * n->tile_columns);
        K *to = l->input + i / rows * n->plane + i % rows * row_size(n);
        if (!read_row(f, l, source, at, tiles, to) && source == &bits->source) {
            source = &f->source;
            for (ptrdiff_t j = 0; j <= i; j++)
                to_keys(f, l, l->input + j / rows * n->plane + j % rows * row_size(n));
        }
        if (f->outer >= 0)
            at[f->outer]++;
        if (f->far >= 0 && i % rows == rows - 1) {
            at[f->outer] -= rows;
            at[f->far]++;
        }
    }
    return source == &bits->source;
}

static void write_row(const fm_filter *f, const layout *l, const fm_array *output, const ptrdiff_t *at,
                      ptrdiff_t columns, const K *from)
{
    const fm_network *n = f->network;
    if (n->tile_columns > 1) {
        collect(from, (columns + n->tile_columns - 1) / n->tile_columns, n->tile_columns, n->pitch, l->row, NULL);
        from = l->row;
    }
    fm_write_keys(output, at, f->inner, columns, from);
}

/* As much as fits scratch memory. */
static void network_cut(const fm_filter *f, fm_block *largest)
{
    const fm_network *n = f->network;
    ptrdiff_t rows = n->plane / row_size(n) - 2 * rows_before(n);
    ptrdiff_t tiles = n->pitch - (n->extra + LANES - 1) / LANES * LANES;
    fm_cut_plane(f, rows / n->tile_rows * n->tile_rows, tiles * n->tile_columns, largest);
}

/* Outputs that need not go through scratch memory: of so many columns the first groups. */
typedef struct {
    K *out;
    ptrdiff_t step; /* from one row to the next */
    ptrdiff_t columns, groups;
} strips;

static void run_strips(const fm_network *n, const layout *l, ptrdiff_t groups, ptrdiff_t tiles, const strips *direct)
{
    const ptrdiff_t group = n->tile_rows * row_size(n);
    const size_t reach = (size_t)n->reach;
    for (ptrdiff_t x = 0; x < tiles; x += LANES) {
        const ptrdiff_t first = x < direct->columns ? direct->groups : 0;
        const size_t then = reach + (size_t)first;
        const K *in = l->input + x;
        n->run(in, l->output + x, l->places, 0, reach, n->pitch); /* its outputs are of no use */
        in += n->reach * group;
        if (first)
            n->run(in, direct->out + x, l->places, reach, then, direct->step);
        n->run(in + first * group, l->output + first * group + x, l->places, then, reach + (size_t)groups, n->pitch);
    }
}

/* Whether strips can be written to the array itself: their elements lie side by side, in rows that are not so far
 * apart that each has a page of its own. */
static int is_near(const fm_array *output, int inner, int outer)
{
    enum { PAGE = 4096 };
    return fm_is_plain(output, inner) && (outer < 0 || (output->strides[outer] <= PAGE && output->strides[outer] >= 0));
}

static void network_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const fm_network *n = f->network;
    const layout l = lay_out(n, scratch);
    as_bits bits;
    view_as_bits(f, &bits);
    const ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    const ptrdiff_t tiles = (columns + n->tile_columns - 1) / n->tile_columns;
    const ptrdiff_t groups = (rows + n->tile_rows - 1) / n->tile_rows;
    const int plain = read_rows(f, &l, &bits, block->start, n->lead + rows + n->rows - 1, tiles + n->extra);
    const fm_array *output = plain ? &bits.output : f->output;
    strips direct = {0};
    if (n->tile_columns == 1 && is_near(output, f->inner, f->outer))
        direct = (strips){
            .out = (K *)fm_address(output, block->start),
            .step = f->outer < 0 ? 0 : output->strides[f->outer] / (ptrdiff_t)sizeof(K),
            .columns = columns / LANES * LANES,
            .groups = rows / n->tile_rows,
        };
    run_strips(n, &l, groups, tiles, &direct);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        const ptrdiff_t done = y < direct.groups * n->tile_rows ? direct.columns : 0;
        at[f->inner] = block->start[f->inner] + done;
        if (done < columns)
            write_row(f, &l, output, at, columns - done, l.output + y * row_size(n) + done);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

extern const fm_engine NETWORK(fm_network_engine);
const fm_engine NETWORK(fm_network_engine) = {network_cut, network_scratch, network_part};
