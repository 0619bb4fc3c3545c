/* Wide elements as their numbers in the order of a block, of 16 bits.
 *
 * Small windows take their median by comparing alone, of which vectors do two or four times as many if elements have 16
 * bits; and there is no comparison of 64-bit integers that gives the smaller one in every instruction set. So the
 * elements that the windows of a block reach are sorted, their numbers filtered by an engine of 16 bits, and what has
 * these numbers looked up. Compiled once per instruction set, for keys of 32 and 64 bits.
 */
#include "numbers.h"
#include "stream.h"
#include "vector.h"

#include "ordering.h"
#include "reach.h"

#define BY_NUMBERS(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    MOST_NUMBERS = 1 << 16, /* elements that can be numbered */
    ROWS = 128,             /* of a block, and its */
    COLUMNS = 256,          /* columns; */
    LONG = 8192,            /* columns where there are no rows; */
    WINDOWS = 4,            /* and how many windows it is deep along further axes */
};

/* The parts of scratch memory. */
typedef struct {
    K *keys, *sorted;
    uint32_t *places, *other;
    K *row, *spare; /* in the memory of keys and places, which is done with then */
    uint16_t *input, *output;
    char *engine;
    size_t bytes;
} layout;

static layout lay_out(const fm_filter *f, const fm_block *block, void *scratch)
{
    layout l;
    ptrdiff_t extent[FM_MAX_NDIM] = {0};
    reach_of(f, block->extent, extent);
    const size_t places = volume(f, extent);
    char *p = scratch;
    l.keys = fm_take(&p, places * sizeof *l.keys);
    l.sorted = fm_take(&p, places * sizeof *l.sorted);
    l.places = fm_take(&p, places * sizeof *l.places);
    l.other = fm_take(&p, places * sizeof *l.other);
    l.row = l.keys;
    l.spare = (K *)(void *)l.places; /* as large as other together */
    l.input = fm_take(&p, places * sizeof *l.input);
    l.output = fm_take(&p, volume(f, block->extent) * sizeof *l.output);
    l.engine = p;
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* The filter of numbers; what is said of it by the array of outputs is the same of theirs. */
static fm_filter filter_of(const fm_filter *f)
{
    fm_filter numbers = fm_same_windows(f);
    numbers.network = f->numbering->network;
    numbers.output = f->output;
    return numbers;
}

/* Halves a block along the axis where that makes the fewest elements be numbered again. */
static int halve(const fm_filter *f, fm_block *largest)
{
    int best = -1;
    for (int d = 0; d < f->output->ndim; d++)
        if (largest->extent[d] > 1 && (best < 0 || largest->extent[d] * f->size[best] > largest->extent[best] * f->size[d]))
            best = d;
    if (best >= 0)
        largest->extent[best] = fm_part_of(f->output->shape[best], (largest->extent[best] + 1) / 2);
    return best >= 0;
}

static void cut(const fm_filter *f, fm_block *largest)
{
    const fm_filter numbers = filter_of(f);
    f->numbering->engine->cut(&numbers, largest);
    for (int d = 0; d < f->output->ndim; d++) {
        const ptrdiff_t most = d == f->inner ? (f->outer < 0 ? LONG : COLUMNS) : d == f->outer ? ROWS : WINDOWS * f->size[d];
        const ptrdiff_t extent = d == f->inner || d == f->outer ? largest->extent[d] : f->size[d] > 1 ? f->output->shape[d] : 1;
        largest->extent[d] = extent < most ? extent : fm_part_of(f->output->shape[d], most);
    }
    ptrdiff_t extent[FM_MAX_NDIM];
    do
        reach_of(f, largest->extent, extent);
    while (volume(f, extent) > MOST_NUMBERS && halve(f, largest));
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    const fm_filter numbers = filter_of(f);
    ptrdiff_t extent[FM_MAX_NDIM];
    reach_of(f, largest->extent, extent);
    if (volume(f, extent) > MOST_NUMBERS)
        return 0;
    const layout l = lay_out(f, largest, NULL);
    return l.bytes + f->numbering->engine->scratch(&numbers, largest);
}

/* Reads what the windows of a block reach, and numbers it. */
static void number_block(const fm_filter *f, const fm_block *block, const ptrdiff_t *extent, const layout *l)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    K *keys = l->keys;
    do {
        read_reach(f, block, &f->source, at, extent[f->inner], keys);
        keys += extent[f->inner];
    } while (fm_advance(at, extent, f->output->ndim, f->inner));
    const size_t places = volume(f, extent);
    sort_all(&(fm_ordering){l->keys, l->places, l->sorted, l->other}, places);
    for (size_t i = 0; i < places; i++)
        l->input[l->places[i]] = (uint16_t)i;
}

static void write_rows(const fm_filter *f, const fm_block *block, const layout *l)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    const ptrdiff_t count = block->extent[f->inner];
    const int streamed = is_streamed(f->output, f->inner);
    const uint16_t *number = l->output;
    do {
        for (int d = 0; d < f->output->ndim; d++)
            to[d] = block->start[d] + at[d];
        for (ptrdiff_t x = 0; x < count; x++)
            l->row[x] = l->sorted[number[x]];
        write_row_of_keys(f->output, to, f->inner, count, l->row, l->spare, streamed);
        number += count;
    } while (fm_advance(at, block->extent, f->output->ndim, f->inner));
    if (streamed)
        end_streaming();
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const layout l = lay_out(f, block, scratch);
    ptrdiff_t extent[FM_MAX_NDIM], in_strides[FM_MAX_NDIM], out_strides[FM_MAX_NDIM];
    reach_of(f, block->extent, extent);
    number_block(f, block, extent, &l);
    const fm_array input = array_in(l.input, f, FM_U16, extent, in_strides);
    const fm_array output = array_in(l.output, f, FM_U16, block->extent, out_strides);
    fm_filter numbers = filter_of(f);
    filter_reach(&numbers, f->numbering->engine, &input, &output, l.engine, lane);
    write_rows(f, block, &l);
}

extern const fm_engine BY_NUMBERS(fm_by_numbers);
const fm_engine BY_NUMBERS(fm_by_numbers) = {cut, scratch_bytes, part};
