/* Doubles by engines whose min and max are those of doubles, for processors that have none of 64-bit integers.
 *
 * The elements of a block are compared as they are, with no keys made of them, if that is the same: if all they hold
 * is infinities, normal numbers and zeros of positive sign. min and max of doubles may give either of two zeros, make
 * a NaN of what they like, and where denormals are taken for zeros (a switch of the processor that others may have
 * set) these, too. A block with any of them is made by its own engine.
 * Compiled for instruction sets that gain from it.
 */
#include "engine.h"
#include "vector.h"

enum {
    SOME = 256,
    ROWS = 128, /* of a block, */
    FAR = 4,    /* and planes of outputs */
};

/* Whether none of the elements, given as their bits, is a NaN, a denormal or a negative zero. */
static int are_ordinary(const K *bits, ptrdiff_t count)
{
    const uint64_t normal = 0x0010000000000000, infinite = 0x7ff0000000000000;
    uint64_t strange = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t x = (uint64_t)bits[i], above = (x & INT64_MAX) - normal; /* negative for denormals and zeros */
        strange |= x ? above | (infinite - normal - above) : 0;
    }
    return strange >> 63 == 0;
}

/* The same for elements along an axis from position `at`, wherever they are to be read. */
static int are_ordinary_by_way_of_keys(const fm_source *source, const ptrdiff_t *at, int axis, ptrdiff_t count)
{
    K bits[SOME];
    ptrdiff_t from[FM_MAX_NDIM], start = at[axis];
    memcpy(from, at, (size_t)source->array->ndim * sizeof *from);
    for (ptrdiff_t i = 0, some; i < count; i += some) {
        some = count - i < SOME ? count - i : SOME;
        from[axis] = start + i;
        fm_read_keys(source, from, axis, some, bits);
        if (!are_ordinary(bits, some))
            return 0;
    }
    return 1;
}

/* The same for a row, which is looked at in place where it lies inside of the array side by side. */
static int is_row_ordinary(const fm_source *source, const ptrdiff_t *at, int axis, ptrdiff_t count, int plain)
{
    const ptrdiff_t n = source->array->shape[axis], start = at[axis], end = start + count;
    const ptrdiff_t from = start < 0 ? 0 : start, to = end > n ? n : end;
    if (!plain || from >= to)
        return are_ordinary_by_way_of_keys(source, at, axis, count);
    ptrdiff_t here[FM_MAX_NDIM];
    memcpy(here, at, (size_t)source->array->ndim * sizeof *here);
    here[axis] = from;
    const K *inside = fm_row(source, here);
    if (!inside) /* the whole row is constant */
        return are_ordinary((const K *)&source->fill, 1);
    if (!are_ordinary(inside, to - from))
        return 0;
    here[axis] = to;
    return are_ordinary_by_way_of_keys(source, at, axis, from - start) &&
           are_ordinary_by_way_of_keys(source, here, axis, end - to);
}

/* Whether all that the windows of a block reach is ordinary; `f` takes elements for integers. */
static int is_block_ordinary(const fm_filter *f, const fm_block *block)
{
    const int ndim = f->output->ndim, plain = fm_is_plain(f->source.array, f->inner);
    ptrdiff_t at[FM_MAX_NDIM] = {0}, extent[FM_MAX_NDIM], from[FM_MAX_NDIM];
    for (int d = 0; d < ndim; d++)
        extent[d] = block->extent[d] + f->size[d] - 1;
    do {
        for (int d = 0; d < ndim; d++)
            from[d] = block->start[d] - f->lead[d] + at[d];
        if (!is_row_ordinary(&f->source, from, f->inner, extent[f->inner], plain))
            return 0;
    } while (fm_advance(at, extent, ndim, f->inner));
    return 1;
}

/* As the engine does, but so that what has been looked at is still in the second cache when it is read. */
static void doubles_cut(const fm_filter *f, fm_block *largest)
{
    f->doubles->other->cut(f, largest);
    if (f->outer >= 0 && largest->extent[f->outer] > ROWS)
        largest->extent[f->outer] = ROWS;
    if (f->far >= 0 && largest->extent[f->far] > FAR)
        largest->extent[f->far] = FAR;
}

static size_t doubles_scratch(const fm_filter *f, const fm_block *largest)
{
    return f->doubles->other->scratch(f, largest);
}

static void doubles_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    fm_doubles *d = f->doubles;
    if (is_block_ordinary(&d->filter, block))
        d->engine->part(&d->filter, block, scratch, lane);
    else
        d->other->part(f, block, scratch, lane);
}

extern const fm_engine FM_NAME(fm_doubles_engine);
const fm_engine FM_NAME(fm_doubles_engine) = {doubles_cut, doubles_scratch, doubles_part};
