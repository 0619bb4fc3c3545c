/* Elements as narrower ones, of which vectors hold more, by the engines of these.
 *
 * The elements of a block are often close to each other, and small windows take their median by comparing alone: if
 * the keys of integers lie within 2**8, 2**16 or 2**32 of the smallest of the block, what they exceed it by is
 * filtered instead; if doubles are floats in truth, floats are. A block that holds others is made by its own engine.
 * Compiled once per instruction set.
 */
#include "narrow.h"
#include "reach.h"
#include "stream.h"

enum {
    ROWS = 128,    /* of a block, and its */
    COLUMNS = 256, /* columns: so many of the widest elements fit the second cache with what is made of them; */
    FAR = 4,       /* or planes of outputs, of fewer rows */
    LONG = 8192,   /* columns where there are no rows */
    GLANCE = 64,   /* elements that are looked at before all */
};

/* The parts of scratch memory. */
typedef struct {
    void *row, *spare;    /* of elements as wide as they are */
    char *input, *output; /* narrow ones */
    char *engine;
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, const fm_block *block, void *scratch)
{
    const size_t wide = fm_key_types[f->output->type].size;
    layout l;
    ptrdiff_t extent[FM_MAX_NDIM] = {0};
    reach_of(f, block->extent, extent);
    char *p = scratch;
    l.row = fm_take(&p, (size_t)extent[f->inner] * wide);
    l.spare = fm_take(&p, (size_t)extent[f->inner] * wide);
    l.input = fm_take(&p, volume(f, extent) * wide / 2);
    l.output = fm_take(&p, volume(f, block->extent) * wide / 2);
    l.engine = p;
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* The filter for elements of another width, without its arrays. */
static fm_filter filter_of(const fm_narrowing *n, int width)
{
    fm_filter narrow = fm_same_windows(&n->filter);
    narrow.network = n->narrower[width].network;
    narrow.line = n->narrower[width].line;
    return narrow;
}

/* A block that all the engines can make. */
static void narrow_cut(const fm_filter *f, fm_block *largest)
{
    const fm_narrowing *n = (const fm_narrowing *)f;
    n->engine->cut(f, largest);
    if (!f->numbering)
        largest->extent[f->inner] = fm_part_of(f->output->shape[f->inner], f->outer < 0 ? LONG : COLUMNS);
    if (f->outer < 0)
        return;
    ptrdiff_t *rows = &largest->extent[f->outer];
    *rows = *rows < ROWS ? *rows : ROWS;
    if (f->far >= 0 && largest->extent[f->far] > 1) {
        ptrdiff_t *planes = &largest->extent[f->far];
        *planes = *planes < FAR ? *planes : FAR;
        *rows = *rows < ROWS / FAR ? *rows : ROWS / FAR;
    }
    for (int width = 0; width < FM_KEY_WIDTHS; width++)
        if (n->narrower[width].engine) {
            fm_filter narrow = filter_of(n, width);
            fm_block other;
            narrow.output = f->output;
            n->narrower[width].engine->cut(&narrow, &other);
            *rows = *rows < other.extent[f->outer] ? *rows : other.extent[f->outer];
        }
}

static size_t narrow_scratch(const fm_filter *f, const fm_block *largest)
{
    const fm_narrowing *n = (const fm_narrowing *)f;
    size_t most = n->engine->scratch(f, largest);
    for (int width = 0; width < FM_KEY_WIDTHS; width++)
        if (n->narrower[width].engine) {
            fm_filter narrow = filter_of(n, width);
            narrow.output = f->output;
            const size_t bytes = n->narrower[width].engine->scratch(&narrow, largest);
            most = most > bytes ? most : bytes;
        }
    return lay_out(f, largest, NULL).bytes + most;
}

/* ---- Rows ---- */

/* Widens a range so that it holds keys; the first are those between which it lies, `low` above `high`. */
#define RANGE(K)                                                                  \
    static void range_##K(const K *keys, ptrdiff_t count, int64_t *low, int64_t *high) \
    {                                                                             \
        K least = keys[0], most = keys[0];                                        \
        for (ptrdiff_t i = 1; i < count; i++) {                                   \
            least = keys[i] < least ? keys[i] : least;                            \
            most = keys[i] > most ? keys[i] : most;                               \
        }                                                                         \
        *low = least < *low ? least : *low;                                       \
        *high = most > *high ? most : *high;                                      \
    }
RANGE(int32_t)
RANGE(int64_t)

/* Keys less `base`, and back. What is left of keys of 32 bits is signed, as these are: `base` is in their middle. */
#define NARROW(K, N)                                                                                        \
    static void narrow_##K##_##N(const void *keys, ptrdiff_t count, int64_t base, void *narrow)             \
    {                                                                                                       \
        const K *restrict from = keys;                                                                      \
        N *restrict to = narrow;                                                                            \
        for (ptrdiff_t i = 0; i < count; i++)                                                               \
            to[i] = (N)((u##K)from[i] - (u##K)base);                                                        \
    }                                                                                                       \
    static void widen_##K##_##N(const void *narrow, ptrdiff_t count, int64_t base, void *keys)              \
    {                                                                                                       \
        const N *restrict from = narrow;                                                                    \
        K *restrict to = keys;                                                                              \
        for (ptrdiff_t i = 0; i < count; i++)                                                               \
            to[i] = (K)((u##K)from[i] + (u##K)base);                                                        \
    }
NARROW(int32_t, uint8_t)
NARROW(int32_t, uint16_t)
NARROW(int64_t, uint8_t)
NARROW(int64_t, uint16_t)
NARROW(int64_t, int32_t)

static void narrow_floats(const void *doubles, ptrdiff_t count, int64_t base, void *floats)
{
    const double *restrict from = doubles;
    float *restrict to = floats;
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = (float)from[i];
}

static void widen_floats(const void *floats, ptrdiff_t count, int64_t base, void *doubles)
{
    const float *restrict from = floats;
    double *restrict to = doubles;
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = (double)from[i];
}

/* Whether doubles come back bit by bit if they are made floats; NaNs need not. */
static int are_floats(const double *x, ptrdiff_t count)
{
    uint64_t changed = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t before, after;
        const double y = (double)(float)x[i];
        memcpy(&before, x + i, sizeof before);
        memcpy(&after, &y, sizeof after);
        changed |= (before ^ after) | (uint64_t)(y != y);
    }
    return changed == 0;
}

/* How elements of a width become narrower ones. */
typedef struct {
    void (*narrow)(const void *wide, ptrdiff_t count, int64_t base, void *narrow);
    void (*widen)(const void *narrow, ptrdiff_t count, int64_t base, void *wide);
    fm_type type;
} conversion;

static const conversion floats = {narrow_floats, widen_floats, FM_F32};

static const conversion integers[2][3] = { /* of 32 and 64 bits, to 8, 16 and 32 */
    {{narrow_int32_t_uint8_t, widen_int32_t_uint8_t, FM_U8}, {narrow_int32_t_uint16_t, widen_int32_t_uint16_t, FM_U16}},
    {{narrow_int64_t_uint8_t, widen_int64_t_uint8_t, FM_U8},
     {narrow_int64_t_uint16_t, widen_int64_t_uint16_t, FM_U16},
     {narrow_int64_t_int32_t, widen_int64_t_int32_t, FM_I32}},
};

/* ---- Blocks ---- */

/* What is read of an array: its keys, or the bits of doubles. */
typedef struct {
    fm_source source;
    fm_array bits, output;
    conversion how;
    int64_t base;
} job;

/* Chooses the narrowest elements for a block; 0 if there are none. */
static int choose(const fm_narrowing *n, const fm_block *block, const layout *l, job *j)
{
    const fm_filter *f = &n->filter;
    const int is_float = fm_key_types[f->output->type].kind == KEY_FLOAT, wide = fm_key_width(f->output->type);
    int64_t low = INT64_MAX, high = INT64_MIN;
    ptrdiff_t extent[FM_MAX_NDIM], at[FM_MAX_NDIM] = {0};
    int width = is_float ? wide - 1 : 0;
    reach_of(f, block->extent, extent);
    const ptrdiff_t length = extent[f->inner];
    ptrdiff_t count = length < GLANCE ? length : GLANCE;
    do {
        read_reach(f, block, &j->source, at, count, l->row);
        if (is_float && !are_floats(l->row, count))
            return 0;
        if (is_float)
            continue;
        (wide == 3 ? range_int64_t(l->row, count, &low, &high) : range_int32_t(l->row, count, &low, &high));
        while (((uint64_t)high - (uint64_t)low) >> (8 << width))
            if (++width == wide)
                return 0;
    } while (count < length ? (count = length) : fm_advance(at, extent, f->output->ndim, f->inner));
    while (!n->narrower[width].engine)
        if (++width == wide)
            return 0;
    j->how = is_float ? floats : integers[wide - 2][width];
    j->base = width == 2 ? (int64_t)((uint64_t)low + ((uint64_t)1 << 31)) : low;
    return 1;
}

static void write_rows(const fm_filter *f, const fm_block *block, const layout *l, const job *j, const fm_array *narrow)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    const ptrdiff_t count = block->extent[f->inner];
    const int streamed = is_streamed(&j->output, f->inner);
    do {
        for (int d = 0; d < f->output->ndim; d++)
            to[d] = block->start[d] + at[d];
        j->how.widen(fm_address(narrow, at), count, j->base, l->row);
        write_row_of_keys(&j->output, to, f->inner, count, l->row, l->spare, streamed);
    } while (fm_advance(at, block->extent, f->output->ndim, f->inner));
    if (streamed)
        end_streaming();
}

/* Elements as they are for doubles, else their keys. */
static void begin(const fm_filter *f, job *j)
{
    j->source = f->source;
    j->output = *f->output;
    if (fm_key_types[f->output->type].kind != KEY_FLOAT)
        return;
    j->bits = fm_as_bits(f->source.array);
    j->output = fm_as_bits(f->output);
    j->source.array = &j->bits;
    fm_active->write_keys((char *)&j->source.fill, sizeof(int64_t), 1, fm_key_types[FM_F64], 0, &f->source.fill);
}

static void narrow_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const fm_narrowing *n = (const fm_narrowing *)f;
    const layout l = lay_out(f, block, scratch);
    job j;
    begin(f, &j);
    if (!choose(n, block, &l, &j)) {
        n->engine->part(f, block, l.engine, lane);
        return;
    }
    const int width = fm_key_width(j.how.type);
    ptrdiff_t extent[FM_MAX_NDIM], in_strides[FM_MAX_NDIM], out_strides[FM_MAX_NDIM], at[FM_MAX_NDIM] = {0};
    reach_of(f, block->extent, extent);
    const fm_array input = array_in(l.input, f, j.how.type, extent, in_strides);
    const fm_array output = array_in(l.output, f, j.how.type, block->extent, out_strides);
    do {
        read_reach(f, block, &j.source, at, extent[f->inner], l.row);
        j.how.narrow(l.row, extent[f->inner], j.base, fm_address(&input, at));
    } while (fm_advance(at, extent, f->output->ndim, f->inner));
    fm_filter narrow = filter_of(n, width);
    filter_reach(&narrow, n->narrower[width].engine, &input, &output, l.engine, lane);
    write_rows(f, block, &l, &j, &output);
}

extern const fm_engine FM_NAME(fm_narrow);
const fm_engine FM_NAME(fm_narrow) = {narrow_cut, narrow_scratch, narrow_part};
