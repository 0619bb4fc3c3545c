/* Small windows of any shape: runs the steps of a program (program.h) along rows of the array.
 *
 * Each step goes over a tile of positions along the inner axis, long enough that choosing the step costs
 * little, and short enough that all places stay in the nearest cache.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#define INTERPRET(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    PLACES_BYTES = 24 * 1024, /* of scratch memory for places, as the cache allows */
    LONGEST_TILE = 512 / sizeof(K),
};

typedef struct {
    ptrdiff_t tile, stride;      /* positions made at a time; from one place to the next */
    ptrdiff_t line_length;       /* elements of an input line */
    ptrdiff_t depth;             /* lines kept for each run of the outer axis */
    K *places, *out, *lines;
    const K **line;              /* of the window's lines, where each lies */
    size_t bytes;
} layout;

static ptrdiff_t whole_vectors(ptrdiff_t count)
{
    return (count + LANES - 1) / LANES * LANES;
}

static layout lay_out(const fm_filter *f, ptrdiff_t columns, void *scratch)
{
    const fm_program *program = f->program;
    layout l = {.depth = f->outer < 0 ? 1 : f->size[f->outer]};
    ptrdiff_t places = program->places ? program->places : 1;
    l.tile = PLACES_BYTES / (ptrdiff_t)sizeof(K) / places - program->reach - LANES;
    if (l.tile > LONGEST_TILE)
        l.tile = LONGEST_TILE;
    l.tile = l.tile < 4 * LANES ? 4 * LANES : l.tile / LANES * LANES;
    l.stride = whole_vectors(l.tile + program->reach + LANES) + 64 / (ptrdiff_t)sizeof(K);
    l.line_length = whole_vectors(columns + program->reach + l.tile + LANES);
    K *p = scratch;
    l.places = p;
    p += places * l.stride;
    l.out = p;
    p += l.line_length;
    l.lines = p;
    p += f->line_count * l.line_length;
    l.line = (const K **)(void *)(((uintptr_t)p + 63) / 64 * 64);
    l.bytes = (size_t)((char *)(l.line + f->line_count) - (char *)scratch) + 64;
    return l;
}

static size_t interpret_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, largest->extent[f->inner], NULL).bytes;
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
    if (!larger)
        for (ptrdiff_t i = step->first; i < end; i += LANES)
            STORE(smaller + i, MIN(LOAD(a + i), LOAD(b + i)));
    else if (!smaller)
        for (ptrdiff_t i = step->first; i < end; i += LANES)
            STORE(larger + i, MAX(LOAD(a + i), LOAD(b + i)));
    else
        for (ptrdiff_t i = step->first; i < end; i += LANES) {
            V p = LOAD(a + i), q = LOAD(b + i);
            STORE(smaller + i, MIN(p, q));
            STORE(larger + i, MAX(p, q));
        }
}

/* Makes one row of outputs from the lines. */
static void make_row(const fm_program *program, const layout *l, ptrdiff_t columns)
{
    for (ptrdiff_t x = 0; x < columns; x += l->tile) {
        ptrdiff_t count = columns - x < l->tile ? columns - x : l->tile;
        for (ptrdiff_t s = 0; s < program->count; s++)
            run_step(&program->steps[s], l, x, count + program->reach);
        memcpy(l->out + x, find(&program->result, l, x) + program->reach, (size_t)count * sizeof(K));
    }
}

/* Reads the line that window line `index` has for the output at `at`. Lines are kept by their position along
 * the outer axis, so that an output further on finds them. */
static void read_line(const fm_filter *f, const layout *l, const ptrdiff_t *at, ptrdiff_t index, ptrdiff_t slot,
                      ptrdiff_t columns)
{
    ptrdiff_t from[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        from[d] = at[d] - f->lead[d] + (d == f->inner ? 0 : f->lines[index].start[d]);
    fm_read_keys(&f->source, from, f->inner, columns + f->size[f->inner] - 1, l->lines + slot * l->line_length);
}

/* A block's extent is 1 on all axes but inner and outer. */
static void interpret_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    ptrdiff_t columns = block->extent[f->inner], rows = f->outer < 0 ? 1 : block->extent[f->outer];
    layout l = lay_out(f, columns, scratch);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < rows; y++) {
        for (ptrdiff_t i = 0; i < f->line_count; i++) {
            /* lines of one plane are neighbours, in the order of the outer axis */
            ptrdiff_t row = i % l.depth, slot = i - row + (row + y) % l.depth;
            if (y == 0 || row == l.depth - 1)
                read_line(f, &l, at, i, slot, columns);
            l.line[i] = l.lines + slot * l.line_length;
        }
        make_row(f->program, &l, columns);
        fm_write_keys(f->output, at, f->inner, columns, l.out);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

static void interpret_cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, 64, 16384, largest);
}

extern const fm_engine INTERPRET(fm_interpret);
const fm_engine INTERPRET(fm_interpret) = {interpret_cut, interpret_scratch, interpret_part};
