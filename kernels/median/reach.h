/* What the windows of a block reach, laid out in scratch memory as an array of other elements: see narrow.c, numbers.c. */
#ifndef FM_REACH_H
#define FM_REACH_H

#include "engine.h"

/* How many elements along each axis. */
static inline void reach_of(const fm_filter *f, const ptrdiff_t *block, ptrdiff_t *extent)
{
    for (int d = 0; d < f->output->ndim; d++)
        extent[d] = block[d] + f->size[d] - 1;
}

static inline size_t volume(const fm_filter *f, const ptrdiff_t *extent)
{
    size_t count = 1;
    for (int d = 0; d < f->output->ndim; d++)
        count *= (size_t)extent[d];
    return count;
}

/* An array in scratch memory, whose elements along the inner axis lie side by side. */
static inline fm_array array_in(void *memory, const fm_filter *f, fm_type type, const ptrdiff_t *shape, ptrdiff_t *strides)
{
    ptrdiff_t step = fm_key_types[type].size;
    strides[f->inner] = step;
    step *= shape[f->inner];
    for (int d = f->output->ndim - 1; d >= 0; d--)
        if (d != f->inner) {
            strides[d] = step;
            step *= shape[d];
        }
    return (fm_array){.data = memory, .type = type, .ndim = f->output->ndim, .shape = shape, .strides = strides};
}

/* Reads row `at` of what the windows of a block reach. */
static inline void read_reach(const fm_filter *f, const fm_block *block, const fm_source *source, const ptrdiff_t *at,
                              ptrdiff_t count, void *row)
{
    ptrdiff_t from[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        from[d] = block->start[d] - f->lead[d] + at[d];
    fm_read_keys(source, from, f->inner, count, row);
}

/* Filters `input` by an engine that makes a plane of outputs at a time. `f` lacks the arrays alone. */
static inline void filter_reach(fm_filter *f, const fm_engine *engine, const fm_array *input, const fm_array *output,
                                void *scratch, int lane)
{
    static const fm_mode modes[FM_MAX_NDIM]; /* what lies outside is of no use */
    f->source = (fm_source){input, modes, 0};
    f->output = output;
    fm_block plane = {.start = {0}};
    ptrdiff_t planes[FM_MAX_NDIM];
    for (int d = 0; d < output->ndim; d++) {
        const int is_in_plane = d == f->inner || d == f->outer;
        plane.extent[d] = is_in_plane ? output->shape[d] : 1;
        planes[d] = is_in_plane ? 1 : output->shape[d];
    }
    do
        engine->part(f, &plane, scratch, lane);
    while (fm_advance(plane.start, planes, output->ndim, f->inner));
}

#endif
