/* Small windows: generated selection networks, run down strips of the array.
 *
 * Rows of the array are read, with their border, into scratch memory, where the elements that have the same
 * place in a tile lie side by side. The network of the window (networks/emit.py) makes the outputs of as many
 * tiles as there are lanes, a row of tiles after the other from top to bottom; then it goes to the next tiles.
 * Compiled once per instruction set and key width.
 */
#include "bits.h"
#include "engine.h"
#include "vector.h"
#include "places.h"
#include "stream.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    PANELS = 8, /* side by side in a block of a large array, */
    FAR = 16,   /* and planes of outputs of boxes behind each other: most planes are then read once; */
    FAR_SHAPES = 4, /* of footprints, whose planes have their order and all need room */
    MOST_OUTSIDE = 64,
};

/* How rows are read from the array itself, where only a few elements of each lie outside of it. */
typedef struct {
    ptrdiff_t start, first, tiles; /* of tiles that lie inside: where the first is in the array, which one it is; all */
    int count;                     /* of others, -1 if rows cannot be read in this way */
    struct {
        ptrdiff_t from, to; /* place in the array, -1 for the constant, and in scratch memory */
    } outside[MOST_OUTSIDE];
    K fill;
} sides;

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

/* Planes that scratch memory has room for: those of the windows of a few outputs behind each other. */
static ptrdiff_t slots(const fm_filter *f)
{
    return f->network->planes + (f->footprint && f->network->planes > 1 ? FAR_SHAPES - 1 : 0);
}

static layout lay_out(const fm_filter *f, void *scratch)
{
    const fm_network *n = f->network;
    layout l;
    K *p = scratch;
    l.places = p;
    p += n->scratch_bytes / sizeof(K);
    l.input = p + rows_before(n) * row_size(n);
    p += slots(f) * n->plane;
    l.output = p;
    p += n->plane;
    l.row = p;
    p += row_size(n);
    l.bytes = (size_t)(p - (K *)scratch) * sizeof(K);
    return l;
}

static size_t network_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, NULL).bytes;
}

/* Reads a row of `tiles` tiles into its place, and says whether it sorts like keys. */
static int copy_row(const fm_filter *f, const layout *l, const fm_source *source, const ptrdiff_t *at,
                    ptrdiff_t tiles, K *to)
{
    const fm_network *n = f->network;
    const ptrdiff_t count = tiles * n->tile_columns;
    K *row = n->tile_columns > 1 ? l->row : to;
    fm_read_keys(source, at, f->inner, count, row);
    if (n->tile_columns > 1)
        deal(row, tiles, n->tile_columns, to, n->pitch);
    return sort_like_keys(row, count, f->output->type);
}

/* Reads a row from the array itself, `row` being its first element there, and says whether it sorts like keys. */
static int deal_row(const fm_filter *f, const sides *s, const K *row, K *to)
{
    const fm_network *n = f->network;
    const K *inside = row + s->start;
    K outside[MOST_OUTSIDE];
    deal(inside, s->tiles, n->tile_columns, to + s->first, n->pitch);
    for (int i = 0; i < s->count; i++)
        to[s->outside[i].to] = outside[i] = s->outside[i].from < 0 ? s->fill : row[s->outside[i].from];
    return sort_like_keys(inside, s->tiles * n->tile_columns, f->output->type) &&
           sort_like_keys(outside, s->count, f->output->type);
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

/* What is read for the windows of a panel. Elements stay as they are as long as all of them sort like keys. Planes
 * of a box take turns in scratch memory, since it does not matter in which order they are there. */
typedef struct {
    const fm_source *source;
    ptrdiff_t at[FM_MAX_NDIM];  /* the first row of the next plane */
    ptrdiff_t rows, tiles;      /* of a plane; of a row */
    ptrdiff_t planes;           /* that have been read */
    sides sides;
} reading;

/* Those of a row that begins at `start`. */
static sides find_sides(const fm_filter *f, const as_bits *bits, ptrdiff_t start, ptrdiff_t tiles)
{
    const fm_source *source = &bits->source;
    const ptrdiff_t tile = f->network->tile_columns, size = source->array->shape[f->inner], end = start + tiles * tile;
    sides s = {.count = -1, .first = start < 0 ? (tile - 1 - start) / tile : 0};
    s.start = start + s.first * tile;
    s.tiles = ((end < size ? end : size) - s.start) / tile;
    const ptrdiff_t outside = (tiles - s.tiles) * tile;
    if (s.tiles <= 0 || outside > MOST_OUTSIDE || !fm_is_plain(source->array, f->inner))
        return s;
    memcpy(&s.fill, &source->fill, sizeof s.fill);
    for (s.count = 0; s.count < outside; s.count++) {
        const ptrdiff_t i = s.count < s.first * tile ? s.count : s.count + s.tiles * tile;
        s.outside[s.count].from = fm_border(start + i, size, source->modes[f->inner]);
        s.outside[s.count].to = i % tile * f->network->pitch + i / tile;
    }
    return s;
}

static reading begin_reading(const fm_filter *f, const as_bits *bits, const fm_block *block)
{
    const fm_network *n = f->network;
    const ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    reading r = {
        .source = &bits->source,
        .rows = n->lead + rows + n->rows - 1,
        .tiles = (block->extent[f->inner] + n->tile_columns - 1) / n->tile_columns + n->extra,
    };
    for (int d = 0; d < f->output->ndim; d++)
        r.at[d] = block->start[d] - f->lead[d];
    if (f->outer >= 0)
        r.at[f->outer] -= n->lead;
    r.sides = find_sides(f, bits, r.at[f->inner], r.tiles);
    return r;
}

static void rows_to_keys(const fm_filter *f, const layout *l, ptrdiff_t plane, ptrdiff_t rows)
{
    for (ptrdiff_t y = 0; y < rows; y++)
        to_keys(f, l, l->input + plane * f->network->plane + y * row_size(f->network));
}

/* Reads a row into its place, and says whether it sorts like keys. */
static int read_row(const fm_filter *f, const layout *l, const as_bits *bits, const reading *r, ptrdiff_t *at, K *to)
{
    if (r->sides.count >= 0 && r->source == &bits->source) {
        const ptrdiff_t start = at[f->inner];
        at[f->inner] = 0;
        const K *row = fm_row(r->source, at);
        at[f->inner] = start;
        if (row)
            return deal_row(f, &r->sides, row, to);
    }
    return copy_row(f, l, r->source, at, r->tiles, to);
}

static void read_plane(const fm_filter *f, const layout *l, const as_bits *bits, reading *r)
{
    const fm_network *n = f->network;
    const int far_away = is_far_away(f);
    const ptrdiff_t plane = r->planes % slots(f);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, r->at, sizeof at);
    for (ptrdiff_t y = 0; y < r->rows; y++) {
        if (far_away)
            ask_for_row(f, at, r->tiles * n->tile_columns);
        K *to = l->input + plane * n->plane + y * row_size(n);
        if (!read_row(f, l, bits, r, at, to) && r->source == &bits->source) {
            r->source = &f->source;
            for (ptrdiff_t before = 0; before < slots(f) && before < r->planes; before++)
                if (before != plane)
                    rows_to_keys(f, l, before, r->rows);
            rows_to_keys(f, l, plane, y + 1);
        }
        if (f->outer >= 0)
            at[f->outer]++;
    }
    r->planes++;
    if (f->far >= 0)
        r->at[f->far]++;
}

/* Writes a row of keys, which may be changed. */
static void write_row(const fm_filter *f, const layout *l, const fm_array *output, const ptrdiff_t *at,
                      ptrdiff_t columns, int streamed, K *keys)
{
    const fm_network *n = f->network;
    K *from = keys, *spare = l->row;
    if (n->tile_columns > 1) {
        collect(keys, (columns + n->tile_columns - 1) / n->tile_columns, n->tile_columns, n->pitch, l->row);
        from = l->row;
        spare = keys;
    }
    write_row_of_keys(output, at, f->inner, columns, from, spare, streamed);
}

/* The same to the array itself. */
static void collect_row(const fm_network *n, const K *keys, ptrdiff_t columns, K *to)
{
    const int tile = n->tile_columns;
    const ptrdiff_t tiles = columns / tile;
    collect(keys, tiles, tile, n->pitch, to);
    for (ptrdiff_t i = tiles * tile; i < columns; i++)
        to[i] = keys[i % tile * n->pitch + tiles];
}

/* Columns of outputs for which scratch memory has room. */
static ptrdiff_t widest_panel(const fm_network *n)
{
    return (n->pitch - VECTORS(n->extra)) * n->tile_columns;
}

/* As much as fits scratch memory; for a large array several such panels side by side. What is read and written
 * of these lies far apart, and pushes less out of the second cache if there are fewer rows; but with each block some
 * rows more are read and begun with. */
static void network_cut(const fm_filter *f, fm_block *largest)
{
    const fm_network *n = f->network;
    ptrdiff_t rows = n->plane / row_size(n) - 2 * rows_before(n), columns = widest_panel(n);
    if (is_streamed(f->output, f->inner)) {
        columns *= PANELS;
        rows = rows > 32 * rows_before(n) ? rows / 2 : rows;
    }
    fm_cut_plane(f, rows / n->tile_rows * n->tile_rows, columns, largest);
    if (f->far >= 0 && n->planes > 1)
        largest->extent[f->far] = fm_part_of(f->output->shape[f->far], f->footprint ? FAR_SHAPES : FAR);
}

/* Outputs that need not go through scratch memory: of so many columns the first groups. */
typedef struct {
    K *out;
    ptrdiff_t step; /* from one row to the next */
    ptrdiff_t columns, groups;
} strips;

/* Rows to read from, in scratch memory or in the array. */
typedef struct {
    const K *first;
    ptrdiff_t step;
} lines;

/* Windows of one row: along the rows, of which the first is at `input`. */
static void run_lines(const fm_network *n, const layout *l, const lines *input, ptrdiff_t rows, ptrdiff_t tiles,
                      const strips *direct)
{
    const size_t vectors = (size_t)((tiles + LANES - 1) / LANES), first = (size_t)(direct->columns / LANES);
    for (ptrdiff_t y = 0; y < rows; y++) {
        const K *in = input->first + y * input->step;
        const size_t done = y < direct->groups ? first : 0;
        if (done)
            n->run(in, direct->out + y * direct->step, l->places, 0, done, direct->step);
        n->run(in + done * LANES, l->output + y * row_size(n) + done * LANES, l->places, done, vectors, n->pitch);
    }
}

/* Rows of the array that windows of one row can be read from as they are: all that vectors reach lies inside of it, and
 * sorts like keys. */
static int find_lines(const fm_filter *f, const as_bits *bits, const fm_block *block, lines *input)
{
    const fm_network *n = f->network;
    const fm_array *array = &bits->input;
    const ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t at[FM_MAX_NDIM];
    if (n->rows > 1 || n->tile_columns > 1 || !fm_is_plain(array, f->inner))
        return 0;
    for (int d = 0; d < array->ndim; d++) {
        const ptrdiff_t extent = d == f->inner ? VECTORS(columns) + VECTORS(n->extra) : block->extent[d];
        at[d] = block->start[d] - f->lead[d];
        if (at[d] < 0 || at[d] + extent > array->shape[d])
            return 0;
    }
    const ptrdiff_t step = f->outer < 0 ? 0 : array->strides[f->outer] / (ptrdiff_t)sizeof(K);
    const K *first = (const K *)fm_address(array, at);
    for (ptrdiff_t y = 0; y < rows; y++)
        if (!sort_like_keys(first + y * step, columns + n->extra, f->output->type))
            return 0;
    *input = (lines){first, step};
    return 1;
}

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

/* Makes one plane of outputs from what has been read; windows of one row read `input`. */
static void make_plane(const fm_filter *f, const layout *l, const as_bits *bits, const fm_block *block,
                       const lines *input, int plain)
{
    const fm_network *n = f->network;
    const ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    const ptrdiff_t tiles = (columns + n->tile_columns - 1) / n->tile_columns;
    const ptrdiff_t groups = (rows + n->tile_rows - 1) / n->tile_rows;
    const fm_array *output = plain ? &bits->output : f->output;
    const int streamed = is_streamed(output, f->inner), in_place = !streamed && fm_is_plain(output, f->inner);
    strips direct = {0};
    if (n->tile_columns == 1 && !streamed && is_near(output, f->inner, f->outer))
        direct = (strips){
            .out = (K *)fm_address(output, block->start),
            .step = f->outer < 0 ? 0 : output->strides[f->outer] / (ptrdiff_t)sizeof(K),
            .columns = columns / LANES * LANES,
            .groups = rows / n->tile_rows,
        };
    if (n->rows == 1)
        run_lines(n, l, input, rows, tiles, &direct);
    else
        run_strips(n, l, groups, tiles, &direct);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        const ptrdiff_t done = y < direct.groups * n->tile_rows ? direct.columns : 0;
        at[f->inner] = block->start[f->inner] + done;
        if (done < columns && in_place)
            collect_row(n, l->output + y * row_size(n) + done, columns - done, (K *)fm_address(output, at));
        else if (done < columns)
            write_row(f, l, output, at, columns - done, streamed, l->output + y * row_size(n) + done);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

/* Makes the outputs of a block of which a plane fits scratch memory. */
static void make_panel(const fm_filter *f, const layout *l, const as_bits *bits, const fm_block *block)
{
    const ptrdiff_t planes = f->far < 0 ? 1 : block->extent[f->far];
    fm_block plane = *block;
    lines input = {l->input, row_size(f->network)};
    if (find_lines(f, bits, block, &input)) {
        make_plane(f, l, bits, block, &input, 1);
        return;
    }
    layout at = *l;
    reading r = begin_reading(f, bits, block);
    for (ptrdiff_t z = 0; z < planes; z++) {
        while (r.planes < z + f->network->planes)
            read_plane(f, l, bits, &r);
        make_plane(f, &at, bits, &plane, &input, r.source == &bits->source);
        if (f->far >= 0)
            plane.start[f->far]++;
        at.input += f->footprint ? f->network->plane : 0;
    }
}

/* How wide panels are, and how much less the first of a block: they meet where lines of memory do. */
static ptrdiff_t panel_width(const fm_filter *f, const fm_block *block, ptrdiff_t *less)
{
    const ptrdiff_t columns = block->extent[f->inner], line = FM_LINE / (ptrdiff_t)sizeof(K);
    *less = 0;
    if (columns <= widest_panel(f->network))
        return columns;
    *less = (ptrdiff_t)((uintptr_t)fm_address(f->output, block->start) % FM_LINE / sizeof(K));
    return (fm_part_of(columns + *less, widest_panel(f->network)) + line - 1) / line * line;
}

static void network_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const layout l = lay_out(f, scratch);
    as_bits bits;
    view_as_bits(f, &bits);
    fm_block panel = *block;
    ptrdiff_t less, width = panel_width(f, block, &less), left = block->extent[f->inner];
    for (width -= less; left > 0; width += less, less = 0) {
        panel.extent[f->inner] = width < left ? width : left;
        make_panel(f, &l, &bits, &panel);
        panel.start[f->inner] += panel.extent[f->inner];
        left -= panel.extent[f->inner];
    }
    if (is_streamed(f->output, f->inner))
        end_streaming();
}

extern const fm_engine NETWORK(fm_network_engine);
const fm_engine NETWORK(fm_network_engine) = {network_cut, network_scratch, network_part};
