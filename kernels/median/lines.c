/* The medians of windows of one line: generated networks (networks/lines.py) run along rows.
 *
 * Windows that stand are selected from in the array itself, a few rows of outputs at a time, if elements sort like
 * their keys. For windows that lie, a row is dealt out by the place that elements have in a tile, which stays in the
 * nearest cache. Nothing else goes by way of memory. Compiled once per instruction set and key width.
 */
#include "bits.h"
#include "engine.h"
#include "places.h"
#include "rows.h"
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
        l.spare = fm_take(&p, DEALT_ROOM * sizeof(K));
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
static void find_in_place(const fm_filter *bits, const layout *l, const fm_block *strip, const void **rows)
{
    const ptrdiff_t count = rows_of(bits, strip) + bits->line->length - 1, columns = strip->extent[bits->inner];
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < bits->output->ndim; d++)
        at[d] = strip->start[d] - bits->lead[d];
    const rows_of_plane all = find_rows(&bits->source, at, bits->inner, bits->outer);
    int filled = 0;
    for (ptrdiff_t y = 0; y < count; y++) {
        const K *row = find_row(&all, at[bits->outer] + y);
        rows[y] = row ? row + at[bits->inner] : l->fill;
        if (!row && !filled++)
            fill_row(constant_of(&bits->source), columns, l->fill);
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

/* Makes a strip from its rows, straight to the output or by way of scratch memory. */
static void make_rows(const fm_filter *f, const layout *l, const fm_block *strip, const void *const *rows, int direct)
{
    const int streamed = is_streamed(f->output, f->inner);
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
            write_row_of_keys(f->output, at, f->inner, columns, l->outputs + i * ROOM, l->unwanted, streamed);
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
        find_in_place(bits, l, &strip, rows);
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

/* Columns of a block, at most WIDTH, and where what belongs to them is in scratch memory for each row in turn. */
typedef struct {
    ptrdiff_t start, columns;
    ptrdiff_t tiles, reach;   /* of a row of outputs; of what their windows reach */
    ptrdiff_t pitch;          /* from the elements of one place to the next */
    int plain;                /* whether elements as they are can be copied, */
    copying elements;         /* and how; */
    int direct;               /* and whether outputs go straight to the array then */
    const void *from[MOST_ROWS];
    void *to[FM_LARGEST_LINE_TILE];
} lying;

static void lay_down(const fm_filter *f, const layout *l, const as_bits *views, ptrdiff_t start, ptrdiff_t columns,
                     lying *s)
{
    const int tile = f->line->tile, length = f->line->length;
    s->start = start;
    s->columns = columns;
    s->tiles = (columns + tile - 1) / tile;
    s->reach = s->tiles + (length + tile - 2) / tile;
    s->pitch = VECTORS(s->tiles) + s->reach - s->tiles;
    s->plain = fm_is_plain(&views->input, f->inner) &&
               find_copying(&views->source, f->inner, start - f->lead[f->inner], s->reach * tile, &s->elements);
    s->direct = fm_is_plain(&views->output, f->inner) && !is_streamed(&views->output, f->inner) &&
                columns % (tile > 1 ? tile : LANES) == 0;
    for (int i = 0; i < tile + length - 1; i++)
        s->from[i] = (tile > 1 ? l->dealt : l->row) + i % tile * s->pitch + i / tile;
    for (int i = 0; i < tile; i++)
        s->to[i] = l->made + i * s->pitch;
}

/* Reads what the windows of a row reach, and says whether it sorts like keys; else these are read. */
static int read_row(const fm_filter *f, const as_bits *views, const lying *s, const rows_of_plane *rows,
                    const ptrdiff_t *at, K *row)
{
    const ptrdiff_t count = s->reach * f->line->tile;
    if (s->plain)
        copy_row(find_row(rows, f->outer < 0 ? 0 : at[f->outer]), &s->elements, count, constant_of(&views->source),
                 row);
    else
        fm_read_keys(&views->source, at, f->inner, count, row);
    if (sort_like_keys(row, count, f->output->type))
        return 1;
    fm_read_keys(&f->source, at, f->inner, count, row);
    return 0;
}

/* Makes a row of outputs of what has been read; `plain`: elements as they are. */
static void make_row(const fm_filter *f, const layout *l, const as_bits *views, const lying *s, const ptrdiff_t *at,
                     int plain)
{
    const fm_array *output = plain ? &views->output : f->output;
    const int tile = f->line->tile, direct = plain && s->direct;
    K *row = direct ? (K *)fm_address(output, at) : tile > 1 ? l->row : l->made;
    if (tile > 1)
        deal(l->row, s->reach, tile, l->dealt, s->pitch);
    f->line->run(s->from, tile > 1 ? s->to : (void *const[]){row}, l->places, VECTORS(s->tiles));
    if (tile > 1)
        collect(l->made, s->tiles, tile, s->pitch, row);
    if (!direct)
        write_row_of_keys(output, at, f->inner, s->columns, row, l->spare, is_streamed(output, f->inner));
}

static void make_lying(const fm_filter *f, const layout *l, const as_bits *views, const fm_block *block)
{
    for (ptrdiff_t x = 0; x < block->extent[f->inner]; x += WIDTH) {
        ptrdiff_t from[FM_MAX_NDIM], to[FM_MAX_NDIM];
        lying s;
        memcpy(to, block->start, sizeof to);
        to[f->inner] += x;
        for (int d = 0; d < f->output->ndim; d++)
            from[d] = to[d] - f->lead[d];
        lay_down(f, l, views, to[f->inner], least(block->extent[f->inner] - x, WIDTH), &s);
        const rows_of_plane rows = s.plain ? find_rows(&views->source, from, f->inner, f->outer) : (rows_of_plane){0};
        for (ptrdiff_t y = 0; y < rows_of(f, block); y++) {
            const int plain = read_row(f, views, &s, &rows, from, l->row);
            make_row(f, l, views, &s, to, plain);
            if (f->outer >= 0) {
                from[f->outer]++;
                to[f->outer]++;
            }
        }
    }
}

static void lines_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const layout l = lay_out(f, scratch);
    as_bits views;
    view_as_bits(f, &views);
    (f->size[f->inner] == 1 ? make_standing : make_lying)(f, &l, &views, block);
    if (is_streamed(f->output, f->inner))
        end_streaming();
}

extern const fm_engine LINE(fm_line_engine);
const fm_engine LINE(fm_line_engine) = {lines_cut, lines_scratch, lines_part};
