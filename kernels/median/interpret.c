/* Small windows of any shape: runs the steps of a program (program.h) along rows of the array.
 *
 * Rows are read, with their border, into streams: those that have the same place in a tile of the program's rows
 * follow each other in the same one, and so do the rows of outputs. So all outputs of a block are made in one go
 * along the streams, with a few between rows that nobody wants.
 * Each step goes over a tile of positions, long enough that choosing the step costs little, and short enough
 * that all places stay in the nearest cache. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define INTERPRET(name) FM_NAME(FM_JOIN(name, FM_KEY))
#define VECTORS(count) (((count) + LANES - 1) / LANES * LANES)

enum {
    PLACES_BYTES = 128 * 1024, /* of scratch memory for places, as the cache allows */
    LONGEST_TILE = 2048 / sizeof(K),
    INPUT_BYTES = 256 * 1024, /* of the streams of a block, as the second cache allows */
};

/* Scratch memory of a block. Each plane of the window has as many streams as the program has rows. */
typedef struct {
    ptrdiff_t tile, stride;  /* positions made at a time; from one place to the next */
    ptrdiff_t pitch;         /* from one row to the next */
    ptrdiff_t depth, planes; /* of the window */
    ptrdiff_t tiles;         /* of rows */
    ptrdiff_t stream;        /* elements of a stream */
    K *places, *out, *streams;
    const K **line;          /* where each line of the window begins */
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, const fm_block *block, void *scratch)
{
    const fm_program *program = f->program;
    layout l = {.depth = f->outer < 0 ? 1 : f->size[f->outer]};
    ptrdiff_t rows = f->outer < 0 ? 1 : block->extent[f->outer];
    ptrdiff_t places = program->places ? program->places : 1;
    l.planes = f->line_count / l.depth;
    l.tile = PLACES_BYTES / (ptrdiff_t)sizeof(K) / places - program->reach - LANES;
    if (l.tile > LONGEST_TILE)
        l.tile = LONGEST_TILE;
    l.tile = l.tile < 4 * LANES ? 4 * LANES : l.tile / LANES * LANES;
    l.stride = VECTORS(l.tile + program->reach + LANES) + 64 / (ptrdiff_t)sizeof(K);
    l.pitch = block->extent[f->inner] + f->size[f->inner] - 1;
    l.tiles = (rows + program->rows - 1) / program->rows;
    l.stream = (l.tiles + (l.depth + program->rows - 2) / program->rows) * l.pitch + l.tile + program->reach + LANES;
    const ptrdiff_t front = VECTORS(program->reach) + 64 / (ptrdiff_t)sizeof(K);
    char *p = scratch;
    l.places = (K *)fm_take(&p, (size_t)(places * l.stride + front) * sizeof(K)) + front;
    l.out = fm_take(&p, (size_t)(program->rows * l.stream) * sizeof(K));
    l.streams = fm_take(&p, (size_t)(l.planes * program->rows * l.stream) * sizeof(K));
    l.line = fm_take(&p, (size_t)(l.planes * (l.depth + program->rows - 1)) * sizeof *l.line);
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* Blocks whose streams fit the second cache, if that leaves more rows than the window has. */
static void cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, 64, 16384, largest);
    ptrdiff_t *columns = &largest->extent[f->inner], depth = f->outer < 0 ? 1 : f->size[f->outer];
    ptrdiff_t room = INPUT_BYTES / (ptrdiff_t)sizeof(K) * depth / f->line_count; /* of a stream */
    ptrdiff_t widest = room / (2 * depth) - f->size[f->inner];
    widest = widest < 4 * LANES ? 4 * LANES : widest;
    *columns = *columns < widest ? *columns : widest;
    if (f->outer >= 0) {
        ptrdiff_t *rows = &largest->extent[f->outer], most = room / (*columns + f->size[f->inner] - 1) - depth + 1;
        most = most < 1 ? 1 : most;
        *rows = *rows < most ? *rows : most;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, largest, NULL).bytes;
}

static inline const K *find(const fm_operand *o, const layout *l, ptrdiff_t x)
{
    return (o->is_line ? l->line[o->place] + x : l->places + o->place * l->stride) + o->shift;
}

static void run_step(const fm_step *step, const layout *l, ptrdiff_t x, ptrdiff_t end)
{
    const K *a = find(&step->a, l, x), *b = find(&step->b, l, x);
    K *smaller = step->smaller < 0 ? NULL : l->places + step->smaller * l->stride;
    K *larger = step->larger < 0 ? NULL : l->places + step->larger * l->stride;
    const ptrdiff_t begin = step->first / LANES * LANES;
    if (!larger)
        for (ptrdiff_t i = begin; i < end; i += LANES)
            STORE(smaller + i, MIN(LOAD(a + i), LOAD(b + i)));
    else if (!smaller)
        for (ptrdiff_t i = begin; i < end; i += LANES)
            STORE(larger + i, MAX(LOAD(a + i), LOAD(b + i)));
    else
        for (ptrdiff_t i = begin; i < end; i += LANES) {
            V p = LOAD(a + i), q = LOAD(b + i);
            STORE(smaller + i, MIN(p, q));
            STORE(larger + i, MAX(p, q));
        }
}

/* Makes outputs from the lines. */
static void run_program(const fm_program *program, const layout *l, ptrdiff_t count)
{
    for (ptrdiff_t x = 0; x < count; x += l->tile) {
        ptrdiff_t left = count - x < l->tile ? count - x : l->tile;
        for (ptrdiff_t s = 0; s < program->count; s++)
            run_step(&program->steps[s], l, x, left + program->reach);
        for (ptrdiff_t r = 0; r < program->rows; r++)
            memcpy(l->out + r * l->stream + x, find(&program->result[r], l, x) + program->reach,
                   (size_t)left * sizeof(K));
    }
}

/* Reads the rows that the windows of a block need, and says where the window's lines are in them. */
static void read_rows(const fm_filter *f, const fm_block *block, const layout *l, ptrdiff_t rows)
{
    const ptrdiff_t tile = f->program->rows, lines = l->depth + tile - 1;
    for (ptrdiff_t plane = 0; plane < l->planes; plane++) {
        K *streams = l->streams + plane * tile * l->stream;
        ptrdiff_t from[FM_MAX_NDIM];
        for (int d = 0; d < f->output->ndim; d++)
            from[d] = block->start[d] - f->lead[d] + (d == f->inner ? 0 : f->lines[plane * l->depth].start[d]);
        for (ptrdiff_t y = 0; y < rows + l->depth - 1; y++) {
            fm_read_keys(&f->source, from, f->inner, l->pitch, streams + y % tile * l->stream + y / tile * l->pitch);
            if (f->outer >= 0)
                from[f->outer]++;
        }
        for (ptrdiff_t row = 0; row < lines; row++)
            l->line[plane * lines + row] = streams + row % tile * l->stream + row / tile * l->pitch;
    }
}

/* A block's extent is 1 on all axes but inner and outer. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    const ptrdiff_t tile = f->program->rows;
    layout l = lay_out(f, block, scratch);
    read_rows(f, block, &l, rows);
    run_program(f->program, &l, (l.tiles - 1) * l.pitch + columns);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        fm_write_keys(f->output, at, f->inner, columns, l.out + y % tile * l.stream + y / tile * l.pitch);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

extern const fm_engine INTERPRET(fm_interpret);
const fm_engine INTERPRET(fm_interpret) = {cut, scratch_bytes, part};
