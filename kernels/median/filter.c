/* fm_rank_filter: checks the call, chooses an engine, cuts the array into parts and runs them. */
#include "engine.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

enum {
    STRIP_ROWS = 256, /* of a part of a network: milliseconds of work at most */
    STRIP_COLUMNS = 2048,
    TILE_SIDE = 256,     /* of a tile of the constant-time engine, border included */
    LARGEST_BOX = 128,   /* side of its windows: of a tile with larger ones little is left */
    LARGEST_PROGRAM = 200, /* elements: networks for more are slow to make and to run */
    LARGEST_EXTREME = 10000, /* the same for minimum and maximum, whose networks are small */
    MOST_NODES = 40000,
    BLOCK_PLACES = 8192, /* padded places of an ordinal block, unless the window asks for more */
};

typedef enum { THREE, NETWORK, PROGRAM, CONSTANT_TIME, ORDINAL } engine_kind;

/* The array cut into blocks of equal extent, the last along an axis being smaller. */
typedef struct {
    fm_filter *filter;
    engine_kind kind;
    const fm_network *network; /* for NETWORK */
    const fm_engines *engines;
    fm_block largest;
    char *scratch;
    size_t scratch_bytes;
} job;

static const fm_engines *engines_of(fm_type type)
{
    int width = 0;
    while (1 << width < fm_key_types[type].size)
        width++;
    return fm_active->engines[width];
}

/* FM_NO_MEMORY stands for windows of more elements than can be counted. */
static fm_status check(const fm_array *input, const fm_array *output, const fm_window *w, ptrdiff_t *count)
{
    if (input->ndim < 1 || input->ndim > FM_MAX_NDIM || output->ndim != input->ndim ||
        input->type != output->type || (unsigned)input->type >= FM_TYPE_COUNT)
        return FM_INVALID;
    for (int d = 0; d < input->ndim; d++) {
        ptrdiff_t first;
        if (input->shape[d] < 0 || input->shape[d] != output->shape[d] || w->size[d] < 1 ||
            (unsigned)w->mode[d] >= FM_MODE_COUNT || __builtin_add_overflow(w->size[d] / 2, w->origin[d], &first) ||
            first < 0 || first >= w->size[d] || (w->mode[d] == FM_CONSTANT && !w->fill))
            return FM_INVALID;
        /* so that positions in the border, doubled, cannot overflow */
        if (w->size[d] > PTRDIFF_MAX / 8 || input->shape[d] > PTRDIFF_MAX / 8)
            return FM_NO_MEMORY;
    }
    *count = fm_count_elements(w, input->ndim);
    if (*count < 0)
        return FM_NO_MEMORY;
    return w->rank < 0 || w->rank >= *count ? FM_INVALID : FM_OK;
}

static ptrdiff_t magnitude(ptrdiff_t x)
{
    return x < 0 ? -x : x;
}

/* For a network: of the two axes along which the window reaches furthest, the one whose elements lie closer
 * is the inner. For a box of one or two dimensions these are all that matter, and a third for one of three. */
static void choose_plane(fm_filter *f, const fm_array *input)
{
    int a = -1, b = -1, c = -1; /* a has the longest window, later axes first among equals */
    for (int d = input->ndim - 1; d >= 0; d--)
        if (a < 0 || f->size[d] > f->size[a]) {
            c = b;
            b = a;
            a = d;
        } else if (b < 0 || f->size[d] > f->size[b]) {
            c = b;
            b = d;
        } else if (c < 0 || f->size[d] > f->size[c])
            c = d;
    f->far = c;
    f->inner = a;
    f->outer = b;
    if (b >= 0 && magnitude(input->strides[b]) < magnitude(input->strides[a])) {
        f->inner = b;
        f->outer = a;
    }
}

/* Whether the filter is the median of 3x3. */
static int is_three(const fm_filter *f, const fm_window *w, ptrdiff_t count)
{
    return !w->footprint && count == 9 && w->rank == 4 && f->size[f->inner] == 3;
}

static const fm_network *find_network(const fm_filter *f, const fm_engines *engines, const fm_window *w,
                                      ptrdiff_t count)
{
    ptrdiff_t rows = f->outer < 0 ? 1 : f->size[f->outer], columns = f->size[f->inner];
    ptrdiff_t planes = f->far < 0 ? 1 : f->size[f->far];
    if (w->footprint || planes * rows * columns != count)
        return NULL;
    for (const fm_network *n = engines->networks; n->run; n++)
        if (n->planes == planes && n->rows == rows && n->columns == columns && n->rank == w->rank)
            return n;
    return NULL;
}

/* For networks and programs: one plane, in strips. */
static void strip_blocks(job *j, const ptrdiff_t *shape, int ndim)
{
    for (int d = 0; d < ndim; d++)
        j->largest.extent[d] = 1;
    ptrdiff_t columns = shape[j->filter->inner];
    j->largest.extent[j->filter->inner] = columns < STRIP_COLUMNS ? columns : STRIP_COLUMNS;
    if (j->filter->outer >= 0) {
        ptrdiff_t rows = shape[j->filter->outer];
        j->largest.extent[j->filter->outer] = rows < STRIP_ROWS ? rows : STRIP_ROWS;
    }
}

/* Whether the window is a box in two dimensions of a size that suits the constant-time engine. */
static int suits_constant_time(const fm_filter *f, const fm_window *w, ptrdiff_t count)
{
    if (w->footprint || f->outer < 0)
        return 0;
    ptrdiff_t columns = f->size[f->inner], rows = f->size[f->outer];
    return rows * columns == count && rows > 1 && columns > 1 &&
           rows <= LARGEST_BOX && columns <= LARGEST_BOX;
}

/* Tiles of equal extent, as few as fit the side. */
static void constant_time_blocks(job *j, const ptrdiff_t *shape, int ndim)
{
    for (int d = 0; d < ndim; d++) {
        ptrdiff_t most = TILE_SIDE - j->filter->size[d] + 1, tiles = (shape[d] + most - 1) / most;
        int in_plane = d == j->filter->inner || d == j->filter->outer;
        j->largest.extent[d] = in_plane ? (shape[d] + tiles - 1) / tiles : 1;
    }
}

/* Blocks about as large as the window, so that sorting the border is not the most of the work, and long
 * along the inner axis, where a window is cheap to move. */
static void ordinal_blocks(job *j, const ptrdiff_t *shape, int ndim)
{
    const fm_filter *f = j->filter;
    ptrdiff_t *extent = j->largest.extent;
    double places = 1;
    for (int d = 0; d < ndim; d++) {
        ptrdiff_t wish = f->size[d] == 1 ? 1 : d == f->inner ? 4 * f->size[d] : f->size[d];
        extent[d] = wish < shape[d] ? wish : shape[d];
        places *= (double)(extent[d] + f->size[d] - 1);
    }
    for (int grown = 1; grown && places < BLOCK_PLACES;) {
        grown = 0;
        for (int i = 0; i < ndim && places < BLOCK_PLACES; i++) {
            int d = i == 0 ? f->inner : i <= f->inner ? i - 1 : i; /* the inner axis first */
            ptrdiff_t wider = 2 * extent[d] < shape[d] ? 2 * extent[d] : shape[d];
            if (wider == extent[d])
                continue;
            places *= (double)(wider + f->size[d] - 1) / (double)(extent[d] + f->size[d] - 1);
            extent[d] = wider;
            grown = 1;
        }
    }
}

static fm_block block_at(const job *j, ptrdiff_t index)
{
    const fm_array *output = j->filter->output;
    fm_block block;
    for (int d = output->ndim - 1; d >= 0; d--) {
        ptrdiff_t extent = j->largest.extent[d], blocks = (output->shape[d] + extent - 1) / extent;
        block.start[d] = index % blocks * extent;
        index /= blocks;
        ptrdiff_t left = output->shape[d] - block.start[d];
        block.extent[d] = left < extent ? left : extent;
    }
    return block;
}

static void run_part(void *context, ptrdiff_t index, int lane)
{
    job *j = context;
    if (atomic_load_explicit(&j->filter->stopped, memory_order_relaxed))
        return;
    fm_block block = block_at(j, index);
    void *scratch = j->scratch + (size_t)lane * j->scratch_bytes;
    switch (j->kind) {
    case THREE:
        j->engines->three_part(j->filter, &block, scratch);
        break;
    case NETWORK:
        j->engines->network_part(j->network, j->filter, &block, scratch);
        break;
    case PROGRAM:
        j->engines->interpret_part(j->filter, &block, scratch);
        break;
    case CONSTANT_TIME:
        j->engines->constant_time_part(j->filter, &block, scratch);
        break;
    case ORDINAL:
        j->engines->ordinal_part(j->filter, &block, scratch, lane);
        break;
    }
}

/* The filter's watch for the pool: it stops once the filter has stopped within a part, too. */
static int should_stop(void *context)
{
    fm_filter *f = context;
    if (!atomic_load(&f->stopped) && f->watch && f->watch->stop && f->watch->stop(f->watch->context))
        atomic_store(&f->stopped, 1);
    return atomic_load(&f->stopped);
}

static fm_status run(job *j, int workers)
{
    fm_filter *f = j->filter;
    ptrdiff_t parts = 1;
    for (int d = 0; d < f->output->ndim; d++)
        parts *= (f->output->shape[d] + j->largest.extent[d] - 1) / j->largest.extent[d];
    workers = fm_workers(workers, parts);
    j->scratch_bytes = (j->scratch_bytes + 4095) / 4096 * 4096;
    void *memory = j->scratch_bytes > (SIZE_MAX - 64) / (size_t)workers
                       ? NULL
                       : malloc((size_t)workers * j->scratch_bytes + 64);
    if (!memory)
        return FM_NO_MEMORY;
    j->scratch = (char *)memory + (64 - (uintptr_t)memory % 64);
    fm_status status = fm_parallel(parts, workers, run_part, j, &(fm_watch){should_stop, f});
    free(memory);
    return status;
}

static fm_status run_three(job *j, int workers)
{
    j->kind = THREE;
    strip_blocks(j, j->filter->output->shape, j->filter->output->ndim);
    j->scratch_bytes = j->engines->three_scratch();
    return run(j, workers);
}

static fm_status run_network(job *j, int workers)
{
    j->kind = NETWORK;
    strip_blocks(j, j->filter->output->shape, j->filter->output->ndim);
    j->scratch_bytes = j->engines->network_scratch(j->network);
    return run(j, workers);
}

static fm_status run_program(job *j, int workers)
{
    j->kind = PROGRAM;
    strip_blocks(j, j->filter->output->shape, j->filter->output->ndim);
    j->scratch_bytes = j->engines->interpret_scratch(j->filter, &j->largest);
    return run(j, workers);
}

static fm_status run_constant_time(job *j, int workers)
{
    j->kind = CONSTANT_TIME;
    constant_time_blocks(j, j->filter->output->shape, j->filter->output->ndim);
    j->scratch_bytes = j->engines->constant_time_scratch();
    return run(j, workers);
}

static fm_status run_ordinal(job *j, const fm_window *w, int workers)
{
    fm_filter *f = j->filter;
    j->kind = ORDINAL;
    for (int d = 0; d < f->output->ndim; d++) /* fewer runs are better */
        if (f->size[d] > f->size[f->inner])
            f->inner = d;
    ordinal_blocks(j, f->output->shape, f->output->ndim);
    fm_run *runs = fm_find_runs(w, f->output->ndim, f->inner, &f->run_count);
    f->runs = runs;
    j->scratch_bytes = runs ? j->engines->ordinal_scratch(f, &j->largest) : 0;
    fm_status status = j->scratch_bytes ? run(j, workers) : FM_NO_MEMORY;
    free(runs);
    return status;
}

/* What an output costs, in the unit of one comparison of vectors from and to the nearest cache. */
static double program_cost(const job *j, const fm_program *program)
{
    return (double)program->operations / j->engines->lanes;
}

/* The same for the engine that would do the work without a program: measured, and put roughly. Most of what
 * does not depend on the window is sorting, a pass for each byte. */
static double other_cost(const job *j, const fm_window *w, ptrdiff_t count)
{
    double sorting = 40 + 10 * fm_key_types[j->filter->output->type].size;
    if (suits_constant_time(j->filter, w, count))
        return sorting;
    ptrdiff_t longest = 1;
    for (int d = 0; d < j->filter->output->ndim; d++)
        longest = j->filter->size[d] > longest ? j->filter->size[d] : longest;
    return sorting + 4.0 * (double)count / (double)longest;
}

/* A program for the window if that is the best way; else NULL. */
static fm_program *find_program(job *j, const fm_window *w, ptrdiff_t count)
{
    fm_filter *f = j->filter;
    int extreme = w->rank == 0 || w->rank == count - 1;
    if (count > (extreme ? LARGEST_EXTREME : LARGEST_PROGRAM))
        return NULL;
    int ndim = f->output->ndim;
    fm_run *lines = fm_find_lines(w, ndim, f->inner, f->outer, &f->line_count);
    f->lines = lines;
    fm_point *points = lines ? fm_find_points(w, ndim, f->inner, lines, f->line_count, count) : NULL;
    fm_program *program = points ? fm_program_new(points, count, w->rank, MOST_NODES) : NULL;
    free(points);
    if (program && program_cost(j, program) <= other_cost(j, w, count))
        return program;
    fm_program_free(program);
    free(lines);
    f->lines = NULL;
    return NULL;
}

fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window, int workers,
                         const fm_watch *watch)
{
    ptrdiff_t count;
    fm_status status = check(input, output, window, &count);
    if (status != FM_OK)
        return status;
    for (int d = 0; d < input->ndim; d++)
        if (input->shape[d] == 0)
            return FM_OK;
    fm_filter filter = {
        .source = {input, window->mode, window->fill ? fm_key_of(window->fill, input->type) : 0},
        .output = output,
        .size = window->size,
        .rank = window->rank,
        .watch = watch,
    };
    for (int d = 0; d < input->ndim; d++)
        filter.lead[d] = window->size[d] / 2 + window->origin[d];
    choose_plane(&filter, input);
    job j = {.filter = &filter, .engines = engines_of(input->type)};
    if (is_three(&filter, window, count))
        return run_three(&j, workers);
    j.network = find_network(&filter, j.engines, window, count);
    if (j.network)
        return run_network(&j, workers);
    fm_program *program = find_program(&j, window, count);
    if (program) {
        filter.program = program;
        status = run_program(&j, workers);
        fm_program_free(program);
        free((void *)filter.lines);
        return status;
    }
    if (suits_constant_time(&filter, window, count))
        return run_constant_time(&j, workers);
    return run_ordinal(&j, window, workers);
}
