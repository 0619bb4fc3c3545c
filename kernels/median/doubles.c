/* Elements of 64 bits by engines whose min and max are those of doubles, for processors that have none of 64-bit
 * integers.
 *
 * The doubles of a block are compared as they are, with no keys made of them, if that is the same: if all they hold
 * is infinities, normal numbers and zeros of positive sign. min and max of doubles may give either of two zeros, make
 * a NaN of what they like, and where denormals are taken for zeros (a switch of the processor that others may have
 * set) these, too.
 * Of other blocks the keys are counted from their middle, and become normal doubles that sort alike. There are a few
 * keys more than these doubles, which become infinities; where an answer is infinite, the block is made by the engine
 * of keys.
 * Compiled for instruction sets that gain from it.
 */
#include "reach.h"
#include "stream.h"
#include "vector.h"

enum {
    SOME = 256,
    ROWS = 128,    /* of a block, */
    FAR = 4,       /* and planes of outputs; */
    COLUMNS = 256, /* columns and */
    FEWER = 64,    /* rows of integers, all of which are copied, */
    LONG = 8192,   /* and columns where there are no rows */
};

static const int64_t normal = 0x0010000000000000, infinite = 0x7ff0000000000000; /* the least such double's bits */

/* Whether none of the elements, given as their bits, is a NaN, a denormal or a negative zero. */
static int are_ordinary(const K *bits, ptrdiff_t count)
{
    uint64_t strange = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t x = (uint64_t)bits[i], above = (x & INT64_MAX) - (uint64_t)normal; /* negative for denormals and zeros */
        strange |= x ? above | ((uint64_t)(infinite - normal) - above) : 0;
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

/* ---- Keys as doubles ---- */

/* The parts of scratch memory. */
typedef struct {
    K *input, *output, *spare; /* what the windows of a block reach, the block, and a row */
    char *engine;
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, const fm_block *block, void *scratch)
{
    layout l;
    ptrdiff_t extent[FM_MAX_NDIM] = {0};
    reach_of(f, block->extent, extent);
    char *p = scratch;
    l.input = fm_take(&p, volume(f, extent) * sizeof *l.input);
    l.output = fm_take(&p, volume(f, block->extent) * sizeof *l.output);
    l.spare = fm_take(&p, (size_t)block->extent[f->inner] * sizeof *l.spare);
    l.engine = p;
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* Reads the keys that the windows of a block reach, and returns which is in their middle. */
static K read_block(const fm_filter *f, const fm_block *block, const ptrdiff_t *extent, K *keys)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    const ptrdiff_t count = extent[f->inner];
    K low = INT64_MAX, high = INT64_MIN;
    do {
        read_reach(f, block, &f->source, at, count, keys);
        for (ptrdiff_t i = 0; i < count; i++) {
            low = keys[i] < low ? keys[i] : low;
            high = keys[i] > high ? keys[i] : high;
        }
        keys += count;
    } while (fm_advance(at, extent, f->output->ndim, f->inner));
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    return (K)((uint64_t)low + (range - range / 2)); /* the key below it that is furthest is at most 2**63 away */
}

static void keys_to_doubles(K *keys, size_t count, K middle)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t x = (int64_t)((uint64_t)keys[i] - (uint64_t)middle), sign = x >> 63, far = x ^ sign;
        keys[i] = ((far < infinite - normal ? far : infinite - normal) + normal) | (sign & INT64_MIN);
    }
}

/* And back. Returns 0 if one of them is infinite. */
static int doubles_to_keys(K *doubles, ptrdiff_t count, K middle)
{
    int64_t finite = -1; /* negative as long as all are */
    for (ptrdiff_t i = 0; i < count; i++) {
        const int64_t x = doubles[i], sign = x >> 63, far = (x & INT64_MAX) - normal;
        finite &= far - (infinite - normal);
        doubles[i] = (K)((uint64_t)(far ^ sign) + (uint64_t)middle);
    }
    return finite < 0;
}

/* Writes the outputs of a block, up to a row that has an infinite one; returns whether there is none. */
static int write_block(const fm_filter *f, const fm_block *block, const layout *l, K middle)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    const ptrdiff_t count = block->extent[f->inner];
    const int streamed = is_streamed(f->output, f->inner);
    K *row = l->output;
    int finite;
    do {
        for (int d = 0; d < f->output->ndim; d++)
            to[d] = block->start[d] + at[d];
        finite = doubles_to_keys(row, count, middle);
        if (finite)
            write_row_of_keys(f->output, to, f->inner, count, row, l->spare, streamed);
        row += count;
    } while (finite && fm_advance(at, block->extent, f->output->ndim, f->inner));
    if (streamed)
        end_streaming();
    return finite;
}

/* Returns 0 if the block has to be made otherwise. */
static int make_by_way_of_keys(const fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const fm_doubles *d = f->doubles;
    const layout l = lay_out(f, block, scratch);
    ptrdiff_t extent[FM_MAX_NDIM], in_strides[FM_MAX_NDIM], out_strides[FM_MAX_NDIM];
    reach_of(f, block->extent, extent);
    const K middle = read_block(f, block, extent, l.input);
    keys_to_doubles(l.input, volume(f, extent), middle);
    const fm_array input = array_in(l.input, f, FM_I64, extent, in_strides);
    const fm_array output = array_in(l.output, f, FM_I64, block->extent, out_strides);
    fm_filter doubles = fm_same_windows(f);
    doubles.network = d->filter.network;
    doubles.line = d->filter.line;
    filter_reach(&doubles, d->engine, &input, &output, l.engine, lane);
    return write_block(f, block, &l, middle);
}

/* ---- Blocks ---- */

static int are_doubles(const fm_filter *f)
{
    return f->output->type == FM_F64;
}

/* As the engine does, but so that what has been looked at or copied is still in the second cache when it is read. */
static void doubles_cut(const fm_filter *f, fm_block *largest)
{
    f->doubles->other->cut(f, largest);
    ptrdiff_t rows = are_doubles(f) ? ROWS : FEWER;
    if (f->far >= 0 && largest->extent[f->far] > FAR)
        largest->extent[f->far] = FAR;
    if (!are_doubles(f)) {
        largest->extent[f->inner] = fm_part_of(f->output->shape[f->inner], f->outer < 0 ? LONG : COLUMNS);
        rows = f->far >= 0 && largest->extent[f->far] > 1 ? rows / FAR : rows;
    }
    if (f->outer >= 0 && largest->extent[f->outer] > rows)
        largest->extent[f->outer] = rows;
}

static size_t doubles_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, largest, NULL).bytes + f->doubles->other->scratch(f, largest);
}

static void doubles_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    fm_doubles *d = f->doubles;
    if (are_doubles(f) && is_block_ordinary(&d->filter, block))
        d->engine->part(&d->filter, block, scratch, lane);
    else if (!make_by_way_of_keys(f, block, scratch, lane))
        d->other->part(f, block, scratch, lane);
}

extern const fm_engine FM_NAME(fm_doubles_engine);
const fm_engine FM_NAME(fm_doubles_engine) = {doubles_cut, doubles_scratch, doubles_part};
