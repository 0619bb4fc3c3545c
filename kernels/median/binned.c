/* Large windows in two dimensions: histograms of ordinal numbers.
 *
 * The elements of a tile are sorted, and those whose numbers in the order differ little make a bin; a tile has at most
 * 256 of them. So the tile is an image of bytes, and histograms of its columns tell in which bin the answer of a
 * window is, and how many of the window's elements in this bin come before it (see histogram.c). Which of the bin's 128
 * or 256 points lie in the window is tested by vectors. The time hardly depends on the window; where this leaves little of
 * such a tile, constant_time.c is better. Compiled once per instruction set and key width.
 */
#include "histograms.h"

#include "members.h"
#include "ordering.h"

#define BINNED(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    SIDE = 256,       /* of a tile, which has four words of 64 points in a bin; */
    LESSER_SIDE = 181, /* or of one that has two, */
    LONGEST = 48,     /* for windows up to this side */
    WORDS = 4,
};

/* A tile and its scratch memory. */
typedef struct {
    int width, height, words; /* words of a bin */
    K *keys, *sorted; /* along rows; in their order */
    uint32_t *order, *other;
    uint8_t *bin;     /* of each element, along rows */
    uint8_t *x, *y;   /* of each number */
    layout_8 columns; /* histograms, and a row of answers' bins */
    uint16_t *among;  /* the answers' ranks among the window's elements in their bins */
    K *out;
    size_t bytes;
} tile;

static tile lay_out(ptrdiff_t width, ptrdiff_t height, void *scratch)
{
    const size_t places = (size_t)(width * height);
    tile t = {.width = (int)width, .height = (int)height, .words = places <= (size_t)LESSER_SIDE * LESSER_SIDE ? 2 : WORDS};
    char *p = scratch;
    t.sorted = fm_take(&p, places * sizeof(K));
    t.bin = fm_take(&p, places);
    t.x = fm_take(&p, places + 64 * WORDS);
    t.y = fm_take(&p, places + 64 * WORDS);
    t.order = fm_take(&p, places * sizeof *t.order);
    char *q = p; /* what sorting is done with */
    t.keys = fm_take(&q, places * sizeof(K));
    t.other = fm_take(&q, places * sizeof *t.other);
    t.columns = lay_out_8(width, p);
    p += (t.columns.bytes + 63) / 64 * 64;
    t.among = fm_take(&p, (size_t)width * sizeof *t.among);
    t.out = fm_take(&p, (size_t)width * sizeof(K));
    t.bytes = (size_t)((p > q ? p : q) - (char *)scratch);
    return t;
}

/* Reads the tile with its border, and sorts it into bins. */
static void number_tile(const fm_filter *f, const fm_block *block, const tile *numbered)
{
    const tile own = *numbered, *t = &own; /* which what is stored cannot be a part of */
    const size_t count = (size_t)t->width * (size_t)t->height;
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = block->start[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < t->height; y++, at[f->outer]++)
        fm_read_keys(&f->source, at, f->inner, t->width, t->keys + y * t->width);
    const int shift = t->words == 2 ? 7 : 8;
    sort_all(&(fm_ordering){t->keys, t->order, t->sorted, t->other}, count);
    /* places are few enough for a multiplication to divide by the width exactly */
    const uint64_t width = (uint64_t)t->width, reciprocal = ((uint64_t)1 << 32) / width + 1;
    for (size_t i = 0; i < count; i++) {
        const uint32_t place = t->order[i], y = (uint32_t)(place * reciprocal >> 32);
        t->x[i] = (uint8_t)(place - y * (uint32_t)width);
        t->y[i] = (uint8_t)y;
        t->bin[place] = (uint8_t)(i >> shift);
    }
    /* the last bin may be looked at whole: what is found in it is found before these */
    memset(t->x + count, 255, 64 * WORDS);
    memset(t->y + count, 255, 64 * WORDS);
}

/* Finds the keys of a row of answers whose bins are known. */
static inline void find_keys(const tile *t, fm_box box, ptrdiff_t count, int words)
{
    for (ptrdiff_t i = 0; i < count; i++, box.left++) {
        const int rank = t->among[i];
        const size_t first = (size_t)t->columns.out[i] * 64 * (size_t)words;
        uint64_t in_word = members_8(t->x + first, t->y + first, box), passed = 0;
        int before = 0, all = __builtin_popcountll(in_word);
        for (int w = 1; w < words; w++) { /* no branch: nothing foretells in which word the answer is */
            const uint64_t in = members_8(t->x + first + 64 * w, t->y + first + 64 * w, box);
            const uint64_t is_further = -(uint64_t)(all <= rank);
            in_word ^= (in_word ^ in) & is_further;
            before += (all - before) & (int)is_further;
            passed -= is_further;
            all += __builtin_popcountll(in);
        }
        t->out[i] = t->sorted[first + 64 * passed + (size_t)nth_bit(in_word, rank - before)];
    }
}

/* A block is one plane of outputs. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t width = f->size[f->inner], height = f->size[f->outer];
    const ptrdiff_t columns = block->extent[f->inner], rows = block->extent[f->outer];
    const tile t = lay_out(columns + width - 1, rows + height - 1, scratch);
    number_tile(f, block, &t);
    memset(t.columns.coarse, 0, (size_t)((char *)t.columns.old_row - (char *)t.columns.coarse));
    fm_box box = {.width = (uint16_t)width, .height = (uint16_t)height};
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < t.height; y++) {
        const uint8_t *entering = t.bin + y * t.width;
        if (y < height)
            for (ptrdiff_t x = 0; x < t.width; x++)
                add_key_8(&t.columns, x, entering[x]);
        else
            for (ptrdiff_t x = 0; x < t.width; x++)
                change_key_8(&t.columns, x, entering[x], entering[x - height * t.width]);
        if (y < height - 1)
            continue;
        filter_row_8(&t.columns, columns, width, (uint16_t)f->rank, t.among);
        if (t.words == 2)
            find_keys(&t, box, columns, 2);
        else
            find_keys(&t, box, columns, WORDS);
        fm_write_keys(f->output, at, f->inner, columns, t.out);
        if (y % LOOK_EVERY == 0 && fm_should_stop(f, lane))
            return;
        box.top++;
        at[f->outer]++;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(largest->extent[f->inner] + f->size[f->inner] - 1, largest->extent[f->outer] + f->size[f->outer] - 1, NULL).bytes;
}

static void cut(const fm_filter *f, fm_block *largest)
{
    const int is_lesser = f->size[f->outer] <= LONGEST && f->size[f->inner] <= LONGEST;
    const ptrdiff_t side = is_lesser ? LESSER_SIDE : SIDE;
    fm_cut_plane(f, side - f->size[f->outer] + 1, side - f->size[f->inner] + 1, largest);
}

extern const fm_engine BINNED(fm_binned);
const fm_engine BINNED(fm_binned) = {cut, scratch_bytes, part};
