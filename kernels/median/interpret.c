/* Small windows of any shape: runs the steps of a program (program.h) along rows of the array.
 *
 * Rows are read, with their border, into streams: those that have the same place in a tile of the program follow
 * each other in the same one, of each row the elements that have the same place in a tile; so do the outputs. All
 * outputs of a block are made in one go along the streams, with a few between rows that nobody wants.
 * Each step goes over a tile of positions, long enough that choosing the step costs little, and short enough
 * that all places stay in a near cache. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"
#include "places.h"

#define INTERPRET(name) FM_NAME(FM_JOIN(name, FM_KEYS))
/* Without it, GCC reads an operand from memory as often as it is used. */
#if defined(__x86_64__)
#define IN_REGISTER(v) __asm__("" : "+x"(v))
#else
#define IN_REGISTER(v) ((void)0)
#endif

enum {
    PLACES_BYTES = 160 * 1024, /* for a tile's places and lines; that they leave the nearest cache costs less than to
                                * choose steps more often */
    STRIDE = 4 * LANES,        /* positions that a step makes at a time */
    LONGEST_TILE = 64 * LANES,
    PADDING = 3 * 64 / sizeof(K),
    INPUT_BYTES = 256 * 1024, /* of the streams of a block, as the second cache allows */
};

/* A step of the program: its operands as elements after one of two places, scratch memory's and the streams'. */
typedef struct {
    struct {
        ptrdiff_t at;
        int is_line;
    } a, b, c;
    ptrdiff_t smaller, larger, low, high;
    ptrdiff_t first;
    unsigned kind; /* which of the four are wanted, and what is compared with c */
} instruction;

enum { SMALLER = 1, LARGER = 2, LOW = 4, HIGH = 8, NEXT = 16 };

/* Scratch memory of a block. */
typedef struct {
    ptrdiff_t tile, length;  /* positions made at a time; with those before that they need */
    ptrdiff_t apart;         /* from one place to the next */
    ptrdiff_t groups, pitch; /* tiles of a row; from one row to the next */
    ptrdiff_t depth, planes; /* of the window */
    ptrdiff_t tiles;         /* of rows */
    ptrdiff_t stream;        /* elements of a stream */
    K *places, *out, *streams, *row;
    instruction *code;
    size_t bytes;
} layout;

static ptrdiff_t up(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static ptrdiff_t streams_of(const fm_program *p, ptrdiff_t planes)
{
    return planes * p->tile.rows * p->tile.columns;
}

/* As long as the cache has room for, but not mostly of positions that come before. */
static ptrdiff_t tile_length(const fm_program *p)
{
    ptrdiff_t length = PLACES_BYTES / (ptrdiff_t)sizeof(K) / (p->places + p->lines);
    length = length > LONGEST_TILE ? LONGEST_TILE : length;
    length = length < 4 * p->reach ? 4 * p->reach : length;
    return up(length < 2 * STRIDE ? 2 * STRIDE : length, STRIDE) * STRIDE;
}

static layout lay_out(const fm_filter *f, const fm_block *block, void *scratch)
{
    const fm_program *program = f->program;
    layout l = {.depth = f->outer < 0 ? 1 : f->size[f->outer]};
    ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t outputs = program->tile.rows * program->tile.columns;
    l.planes = f->line_count / l.depth;
    l.length = tile_length(program);
    l.tile = l.length - program->reach;
    l.apart = l.length + PADDING;
    l.groups = up(block->extent[f->inner], program->tile.columns);
    l.pitch = l.groups + program->reach;
    l.tiles = up(rows, program->tile.rows);
    l.stream = (l.tiles + up(l.depth - 1, program->tile.rows)) * l.pitch + l.length;
    const ptrdiff_t front = VECTORS(program->reach);
    char *p = scratch;
    l.places = (K *)fm_take(&p, (size_t)(program->places * l.apart + front) * sizeof(K)) + front;
    l.out = fm_take(&p, (size_t)(outputs * l.stream) * sizeof(K));
    l.streams = (K *)fm_take(&p, (size_t)(streams_of(program, l.planes) * l.stream + front) * sizeof(K)) + front;
    l.row = fm_take(&p, (size_t)(l.pitch * program->tile.columns) * sizeof(K));
    l.code = fm_take(&p, (size_t)program->count * sizeof *l.code);
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* Blocks whose streams fit the second cache, if that leaves more rows than the window has. */
static void cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, 64, 16384, largest);
    ptrdiff_t *columns = &largest->extent[f->inner], depth = f->outer < 0 ? 1 : f->size[f->outer];
    ptrdiff_t room = INPUT_BYTES / (ptrdiff_t)sizeof(K) * depth / f->line_count; /* of a row's streams */
    ptrdiff_t widest = room / (2 * depth) - f->size[f->inner];
    widest = widest < 4 * LANES ? 4 * LANES : widest;
    *columns = *columns < widest ? *columns : widest;
    if (f->outer >= 0) {
        ptrdiff_t *rows = &largest->extent[f->outer], most = room / (*columns + f->size[f->inner] - 1) - depth + 1;
        const ptrdiff_t tile = f->program->tile.rows;
        most = most < tile ? tile : most / tile * tile;
        *rows = *rows < most ? *rows : most;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, largest, NULL).bytes;
}

/* Where an operand is, for the first position of the first tile. */
static ptrdiff_t find(const fm_program *p, const fm_operand *o, const layout *l)
{
    if (!o->is_line)
        return o->place * l->apart + o->shift;
    ptrdiff_t line = o->place / p->tile.columns, lines = l->depth + p->tile.rows - 1;
    ptrdiff_t plane = line / lines, row = line % lines;
    ptrdiff_t stream = (plane * p->tile.rows + row % p->tile.rows) * p->tile.columns + o->place % p->tile.columns;
    return stream * l->stream + row / p->tile.rows * l->pitch + o->shift;
}

static ptrdiff_t find_place(int32_t place, const layout *l)
{
    return place < 0 ? 0 : place * l->apart;
}

static void encode(const fm_program *program, const layout *l)
{
    for (ptrdiff_t i = 0; i < program->count; i++) {
        const fm_step *s = &program->steps[i];
        instruction *to = &l->code[i];
        *to = (instruction){
            .a = {find(program, &s->a, l), s->a.is_line},
            .b = {find(program, &s->b, l), s->b.is_line},
            .smaller = find_place(s->smaller, l),
            .larger = find_place(s->larger, l),
            .low = find_place(s->low, l),
            .high = find_place(s->high, l),
            .first = s->first / STRIDE * STRIDE,
            .kind = (s->smaller >= 0) * SMALLER | (s->larger >= 0) * LARGER | (s->low >= 0) * LOW |
                    (s->high >= 0) * HIGH | s->next * NEXT,
        };
        if (s->next != FM_ALONE) {
            to->c.at = find(program, &s->c, l);
            to->c.is_line = s->c.is_line;
        }
    }
}

/* The kind is constant where this is called. */
static inline __attribute__((always_inline)) void run_kind(const instruction *step, K *places, const K *lines,
                                                           ptrdiff_t length, unsigned kind)
{
    const K *a = (step->a.is_line ? lines : places) + step->a.at, *b = (step->b.is_line ? lines : places) + step->b.at;
    const K *c = (step->c.is_line ? lines : places) + step->c.at;
    K *smaller = places + step->smaller, *larger = places + step->larger;
    K *low = places + step->low, *high = places + step->high;
    for (ptrdiff_t x = step->first; x < length; x += STRIDE)
#pragma GCC unroll 4
        for (ptrdiff_t i = x; i < x + STRIDE; i += LANES) {
            V p = LOAD(a + i), q = LOAD(b + i);
            IN_REGISTER(p);
            IN_REGISTER(q);
            const V lower = MIN(p, q), higher = MAX(p, q);
            if (kind >= NEXT) {
                V r = LOAD(c + i), s = kind >= 2 * NEXT ? higher : lower;
                if (kind & LOW)
                    STORE(low + i, MIN(s, r));
                if (kind & HIGH)
                    STORE(high + i, MAX(s, r));
            }
            if (kind & SMALLER)
                STORE(smaller + i, lower);
            if (kind & LARGER)
                STORE(larger + i, higher);
        }
}

static void run_step(const instruction *step, K *places, const K *lines, ptrdiff_t length)
{
#define KIND(k)                                         \
    case k:                                             \
        run_kind(step, places, lines, length, k);       \
        break
#define KINDS(k) KIND((k) | LOW); KIND((k) | HIGH); KIND((k) | LOW | HIGH)
    switch (step->kind) {
        KIND(SMALLER);
        KIND(LARGER);
        KIND(SMALLER | LARGER);
        KINDS(NEXT);
        KINDS(NEXT | SMALLER);
        KINDS(NEXT | LARGER);
        KINDS(NEXT | SMALLER | LARGER);
        KINDS(2 * NEXT);
        KINDS(2 * NEXT | SMALLER);
        KINDS(2 * NEXT | LARGER);
        KINDS(2 * NEXT | SMALLER | LARGER);
    }
#undef KINDS
#undef KIND
}

/* Makes outputs from the streams. */
static void run_program(const fm_program *program, const layout *l, ptrdiff_t count)
{
    const ptrdiff_t outputs = program->tile.rows * program->tile.columns;
    for (ptrdiff_t x = 0; x < count; x += l->tile) {
        const ptrdiff_t left = count - x < l->tile ? count - x : l->tile;
        const ptrdiff_t length = up(left + program->reach, STRIDE) * STRIDE;
        for (ptrdiff_t s = 0; s < program->count; s++)
            run_step(&l->code[s], l->places, l->streams + x, length);
        for (ptrdiff_t i = 0; i < outputs; i++) {
            const fm_operand *o = &program->result[i];
            const K *from = o->is_line ? l->streams + x : l->places;
            memcpy(l->out + i * l->stream + x, from + find(program, o, l) + program->reach, (size_t)left * sizeof(K));
        }
    }
}

/* Reads a row, or finds it in the array if its elements are keys and lie there side by side. */
static const K *read_row(const fm_filter *f, const ptrdiff_t *from, ptrdiff_t count, K *to)
{
    const fm_array *array = f->source.array;
    const ptrdiff_t start = from[f->inner];
    const K *inside = NULL;
    if (start >= 0 && start + count <= array->shape[f->inner] && fm_is_plain(array, f->inner))
        inside = fm_row(&f->source, from);
    if (!inside)
        fm_read_keys(&f->source, from, f->inner, count, to);
    return inside ? inside : to;
}

/* Reads the rows that the windows of a block need. */
static void read_rows(const fm_filter *f, const fm_block *block, const layout *l, ptrdiff_t rows)
{
    const fm_program_tile tile = f->program->tile;
    for (ptrdiff_t plane = 0; plane < l->planes; plane++) {
        K *streams = l->streams + plane * tile.rows * tile.columns * l->stream;
        ptrdiff_t from[FM_MAX_NDIM];
        for (int d = 0; d < f->output->ndim; d++)
            from[d] = block->start[d] - f->lead[d] + (d == f->inner ? 0 : f->lines[plane * l->depth].start[d]);
        for (ptrdiff_t y = 0; y < rows + l->depth - 1; y++) {
            K *to = streams + y % tile.rows * tile.columns * l->stream + y / tile.rows * l->pitch;
            if (tile.columns == 1)
                fm_read_keys(&f->source, from, f->inner, l->pitch, to);
            else
                deal(read_row(f, from, l->pitch * tile.columns, l->row), l->pitch, tile.columns, to, l->stream);
            if (f->outer >= 0)
                from[f->outer]++;
        }
    }
}

static void write_rows(const fm_filter *f, const fm_block *block, const layout *l, ptrdiff_t rows)
{
    const fm_program_tile tile = f->program->tile;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        const K *row = l->out + y % tile.rows * tile.columns * l->stream + y / tile.rows * l->pitch;
        if (tile.columns > 1) {
            collect(row, l->groups, tile.columns, l->stream, l->row);
            row = l->row;
        }
        fm_write_keys(f->output, at, f->inner, block->extent[f->inner], row);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

/* A block's extent is 1 on all axes but inner and outer. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    layout l = lay_out(f, block, scratch);
    read_rows(f, block, &l, rows);
    encode(f->program, &l);
    run_program(f->program, &l, (l.tiles - 1) * l.pitch + l.groups);
    write_rows(f, block, &l, rows);
}

extern const fm_engine INTERPRET(fm_interpret);
const fm_engine INTERPRET(fm_interpret) = {cut, scratch_bytes, part};
