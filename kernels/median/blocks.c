/* The array cut into blocks, and an engine run over them by threads. */
#include "engine.h"
#include "outliers.h"
#include "pool.h"

#include <stdlib.h>

void fm_cut_plane(const fm_filter *f, ptrdiff_t rows, ptrdiff_t columns, fm_block *largest)
{
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    largest->extent[f->inner] = fm_part_of(f->output->shape[f->inner], columns);
    if (f->outer >= 0)
        largest->extent[f->outer] = fm_part_of(f->output->shape[f->outer], rows);
}

typedef struct {
    const fm_engine *engine;
    fm_filter *filter;
    fm_block largest;
    char *scratch;
    size_t scratch_bytes;
} job;

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
    j->engine->part(j->filter, &block, j->scratch + (size_t)lane * j->scratch_bytes, lane);
    if (j->filter->cleaning)
        fm_clean_box(j->filter->cleaning, block.start, block.extent, j->filter->inner);
}

/* The filter's watch for the pool: it stops once the filter has stopped within a part, too. */
static int should_stop(void *context)
{
    return fm_should_stop(context, 0);
}

/* Makes blocks so small that, when outputs are looked at again, they and the inputs are still in the second cache. */
static void make_blocks_near(const fm_filter *f, fm_block *largest)
{
    enum { NEAR = 1 << 16, LEAST = 16 }; /* bytes of outputs; windows that a block is high */
    ptrdiff_t bytes = fm_key_types[f->output->type].size;
    for (int d = 0; d < f->output->ndim; d++)
        bytes *= largest->extent[d];
    for (; f->outer >= 0 && bytes > NEAR && largest->extent[f->outer] / LEAST >= f->size[f->outer]; bytes /= 2)
        largest->extent[f->outer] = (largest->extent[f->outer] + 1) / 2;
}

fm_status fm_run_engine(const fm_engine *engine, fm_filter *f, int workers)
{
    enum { LITTLE = 1 << 14 };
    job j = {.engine = engine, .filter = f};
    f->workers = workers;
    engine->cut(f, &j.largest);
    if (f->cleaning && !f->along) /* extremes are made along all of an axis */
        make_blocks_near(f, &j.largest);
    ptrdiff_t parts = 1;
    for (int d = 0; d < f->output->ndim; d++)
        parts *= (f->output->shape[d] + j.largest.extent[d] - 1) / j.largest.extent[d];
    workers = fm_workers(workers, parts);
    j.scratch_bytes = engine->scratch(f, &j.largest);
    if (j.scratch_bytes == 0 || j.scratch_bytes > SIZE_MAX / 2 / (size_t)workers)
        return FM_NO_MEMORY;
    _Alignas(64) char little[LITTLE]; /* enough for small arrays */
    void *memory = NULL;
    j.scratch = little;
    if (workers > 1 || j.scratch_bytes > LITTLE) {
        j.scratch_bytes = (j.scratch_bytes + 4095) / 4096 * 4096;
        memory = malloc((size_t)workers * j.scratch_bytes + 64);
        if (!memory)
            return FM_NO_MEMORY;
        j.scratch = (char *)memory + (64 - (uintptr_t)memory % 64);
    }
    fm_status status = fm_parallel(parts, workers, run_part, &j, &(fm_watch){should_stop, f});
    free(memory);
    return status;
}
