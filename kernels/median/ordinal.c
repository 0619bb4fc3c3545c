/* Other windows: sliding over ordinal numbers.
 *
 * A block of outputs is read with its border, and sorting gives each element its own ordinal number. A
 * window is then a set of numbers, kept as bits, and the element of a rank is that of the set's rank-th
 * bit. The word in which this bit lies is remembered with the count of bits before it: moving a window on
 * by one element changes a few bits, and the word moves little (Huang, Yang and Tang, A fast
 * two-dimensional median filtering algorithm, IEEE ASSP 1979, with bits in place of a histogram). It
 * serves every type, rank, footprint and number of dimensions; a step costs two bits per run of the window.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define ORDINAL(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum { BLOCK_PLACES = 2048 }; /* padded places of a block, unless the window asks for more */

/* Scratch memory of a part. */
typedef struct {
    K *keys;                  /* of the padded block, */
    K *sorted;                /* and in their order */
    uint32_t *places, *other; /* in this order; memory for as many */
    uint32_t *number; /* of each place */
    uint64_t *bits;
    ptrdiff_t *enter, *leave;
    size_t bytes;
} layout;

static layout lay_out(size_t places, size_t runs, void *scratch)
{
    layout l;
    char *p = scratch;
    l.keys = fm_take(&p, places * sizeof(K));
    l.sorted = fm_take(&p, places * sizeof(K));
    l.places = fm_take(&p, places * sizeof *l.places);
    l.other = fm_take(&p, places * sizeof *l.other);
    l.number = fm_take(&p, places * sizeof(uint32_t));
    l.bits = fm_take(&p, (places / 64 + 1) * 8);
    l.enter = fm_take(&p, runs * sizeof(ptrdiff_t));
    l.leave = fm_take(&p, runs * sizeof(ptrdiff_t));
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

static size_t padded_places(const fm_filter *f, const fm_block *block)
{
    size_t places = 1;
    for (int d = 0; d < f->output->ndim; d++)
        if (__builtin_mul_overflow(places, (size_t)(block->extent[d] + f->size[d] - 1), &places))
            return SIZE_MAX;
    return places;
}

/* 0 where the block cannot be numbered with 31 bits. */
static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    size_t places = padded_places(f, largest);
    return places > INT32_MAX ? 0 : lay_out(places, (size_t)f->run_count, NULL).bytes;
}

/* Halves a block along the axis on which it is longest beside the window; 0 where sorting would be all the work. */
static int shrink(const fm_filter *f, fm_block *largest)
{
    int longest = 0;
    for (int d = 1; d < f->output->ndim; d++)
        if (largest->extent[d] * f->size[longest] > largest->extent[longest] * f->size[d])
            longest = d;
    if (8 * largest->extent[longest] < f->size[longest])
        return 0;
    largest->extent[longest] = (largest->extent[longest] + 1) / 2;
    return largest->extent[longest] > 1;
}

/* Blocks about as large as the window, so that sorting the border is not the most of the work, and long
 * along the inner axis, where a window is cheap to move. */
static void cut(const fm_filter *f, fm_block *largest)
{
    int ndim = f->output->ndim;
    const ptrdiff_t *shape = f->output->shape;
    ptrdiff_t *extent = largest->extent;
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
    while (scratch_bytes(f, largest) > FM_MOST_SCRATCH && shrink(f, largest))
        ;
}

/* Lays the padded block out with the inner axis last, the others in their order. */
static void read_block(const fm_filter *f, const fm_block *block, const ptrdiff_t *padded, K *keys)
{
    int ndim = f->output->ndim;
    ptrdiff_t at[FM_MAX_NDIM] = {0}, from[FM_MAX_NDIM] = {0};
    do {
        for (int d = 0; d < ndim; d++)
            from[d] = block->start[d] - f->lead[d] + at[d];
        fm_read_keys(&f->source, from, f->inner, padded[f->inner], keys);
        keys += padded[f->inner];
    } while (fm_advance(at, padded, ndim, f->inner));
}

static void number_block(layout *l, size_t places)
{
    sort_all(&(fm_ordering){l->keys, l->places, l->sorted, l->other}, places);
    for (size_t i = 0; i < places; i++)
        l->number[l->places[i]] = (uint32_t)i;
}

/* A set of numbers and where its rank-th lies. */
typedef struct {
    uint64_t *bits;
    ptrdiff_t word, before; /* bits set in the words before `word` */
} set;

static inline void add(set *s, uint32_t number)
{
    s->bits[number >> 6] |= (uint64_t)1 << (number & 63);
    s->before += (ptrdiff_t)(number >> 6) < s->word;
}

static inline void take_out(set *s, uint32_t number)
{
    s->bits[number >> 6] &= ~((uint64_t)1 << (number & 63));
    s->before -= (ptrdiff_t)(number >> 6) < s->word;
}

static inline uint32_t find(set *s, ptrdiff_t rank)
{
    while (s->before > rank)
        s->before -= __builtin_popcountll(s->bits[--s->word]);
    ptrdiff_t here;
    while (s->before + (here = __builtin_popcountll(s->bits[s->word])) <= rank) {
        s->before += here;
        s->word++;
    }
    return (uint32_t)s->word * 64 + (uint32_t)nth_bit(s->bits[s->word], rank - s->before);
}

/* Places in the padded block, relative to a window's first, where each run loses and gains an element. */
static void edges(const fm_filter *f, const ptrdiff_t *padded, const layout *l)
{
    ptrdiff_t at[FM_MAX_NDIM] = {0}, length = 0, *leave = l->leave, *enter = l->enter;
    while (fm_next_run(f->size, f->footprint, f->output->ndim, f->inner, at, &length)) {
        ptrdiff_t place = 0;
        for (int d = 0; d < f->output->ndim; d++)
            if (d != f->inner)
                place = place * padded[d] + at[d];
        *leave = place * padded[f->inner] + at[f->inner];
        *enter++ = *leave++ + length;
    }
}

/* Filters one row of outputs whose first window begins at `first` in the padded block. */
static void slide(const fm_filter *f, const layout *l, size_t places, const uint32_t *first, ptrdiff_t count,
                  K *out)
{
    set s = {.bits = l->bits};
    memset(l->bits, 0, (places / 64 + 1) * 8);
    for (ptrdiff_t r = 0; r < f->run_count; r++)
        for (ptrdiff_t i = l->leave[r]; i < l->enter[r]; i++)
            add(&s, first[i]);
    for (ptrdiff_t x = 0;;) {
        out[x] = l->sorted[find(&s, f->rank)];
        if (++x == count)
            return;
        for (ptrdiff_t r = 0; r < f->run_count; r++) {
            take_out(&s, first[l->leave[r]]);
            add(&s, first[l->enter[r]]);
        }
        first++;
    }
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    int ndim = f->output->ndim;
    ptrdiff_t padded[FM_MAX_NDIM], at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    for (int d = 0; d < ndim; d++)
        padded[d] = block->extent[d] + f->size[d] - 1;
    size_t places = padded_places(f, block);
    layout l = lay_out(places, (size_t)f->run_count, scratch);
    read_block(f, block, padded, l.keys);
    number_block(&l, places);
    edges(f, padded, &l);
    K *out = l.keys; /* done with */
    do {
        if (fm_should_stop(f, lane))
            return;
        ptrdiff_t place = 0;
        for (int d = 0; d < ndim; d++) {
            to[d] = block->start[d] + at[d];
            if (d != f->inner)
                place = place * padded[d] + at[d];
        }
        slide(f, &l, places, l.number + place * padded[f->inner], block->extent[f->inner], out);
        fm_write_keys(f->output, to, f->inner, block->extent[f->inner], out);
    } while (fm_advance(at, block->extent, ndim, f->inner));
}

extern const fm_engine ORDINAL(fm_ordinal);
const fm_engine ORDINAL(fm_ordinal) = {cut, scratch_bytes, part};
