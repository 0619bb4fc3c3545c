/* Large windows in two dimensions: histograms of ordinal numbers.
 *
 * The answers of a tile lie between keys that are guessed (between.h). Only elements between these are sorted, and
 * those whose numbers in the order differ little make a bin; there are at most 256. Histograms of the tile's columns
 * tell in which bin the answer of a window is, and how many of the window's elements in this bin come before it (see
 * histogram.c); elements below all bins are only counted. Which of a bin's points lie in the window is tested by
 * vectors. Where the guess was wrong, which the counts show, it is made wider. The time hardly depends on the window
 * where answers are alike. Compiled once per instruction set and key width.
 */
#include "histograms.h"

#include "between.h"
#include "members.h"
#include "ordering.h"

#define BINNED(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    NARROW = 256,         /* side of tiles whose points take two bytes, */
    LONGEST_NARROW = 128, /* for windows up to this side; */
    LARGE = 180,          /* of the outputs of others */
    LONGEST_LESSER = 48,  /* side of windows for which smaller tiles are better than more than two words */
    MOST_BINS = 256,
    MOST_WORDS = 4,       /* of a bin of a narrow tile */
    WORD = 64,            /* points that are tested together */
    BELOW = 1,
    BETWEEN = 2,
};

/* A tile and its scratch memory. Of the elements between, `count`, there are lists along rows. */
typedef struct {
    int width, height, is_narrow;
    int are_all;      /* elements between */
    size_t words;     /* of a bin */
    fm_range range;   /* of keys between which elements are numbered */
    K *keys;          /* along rows, */
    uint8_t *side;    /* and for each: BELOW, BETWEEN or neither, */
    uint8_t *bin;     /* and the bin of one between */
    size_t count;     /* of those between; */
    uint16_t *column; /* of each, row by row, and */
    uint32_t *begin;  /* where those of each row begin */
    uint32_t *order, *other;
    K *sorted;
    void *x, *y;      /* of each number; in memory that sorting is done with */
    layout_8 columns; /* histograms, and a row of answers' bins; */
    uint8_t *below;   /* of each, elements below all bins */
    uint16_t *ranks;  /* of the answers of a row among elements in bins, */
    uint16_t *among;  /* and among those in their own */
    K *out;
    fm_keyed keyed;
    void *room;       /* for guessing; later that of the order */
    size_t bytes;
} tile;

static tile lay_out(const fm_filter *f, ptrdiff_t columns, ptrdiff_t rows, void *scratch)
{
    const ptrdiff_t width = columns + f->size[f->inner] - 1, height = rows + f->size[f->outer] - 1;
    const size_t places = (size_t)(width * height);
    tile t = {.width = (int)width, .height = (int)height, .is_narrow = width <= NARROW && height <= NARROW};
    const size_t coordinate = t.is_narrow ? 1 : 2, points = (places + places / MOST_BINS + 2 * WORD) * coordinate;
    char *p = scratch;
    t.keys = fm_take(&p, places * sizeof(K));
    t.side = fm_take(&p, places + 8);
    t.bin = fm_take(&p, places);
    t.column = fm_take(&p, (places + 1) * sizeof *t.column);
    t.begin = fm_take(&p, (size_t)(height + 1) * sizeof *t.begin);
    t.columns = lay_out_8(width, p);
    p += (t.columns.bytes + 63) / 64 * 64;
    t.below = fm_take(&p, (size_t)width);
    t.ranks = fm_take(&p, (size_t)width * sizeof *t.ranks);
    t.among = fm_take(&p, (size_t)width * sizeof *t.among);
    t.out = fm_take(&p, (size_t)width * sizeof(K));
    t.room = p;
    t.range = all_keys;
    t.keyed = key_tile(t.keys, width, height, f->size[f->inner], f->size[f->outer], f->rank);
    char *guessed = p + guess_bytes(&t.keyed);
    t.order = fm_take(&p, (places + 1) * sizeof *t.order);
    t.sorted = fm_take(&p, places * sizeof(K));
    char *q = p;
    t.other = fm_take(&p, places * sizeof *t.other);
    t.x = fm_take(&q, points);
    t.y = fm_take(&q, points);
    p = p > q ? p : q;
    p = p > guessed ? p : guessed;
    t.bytes = (size_t)(p - (char *)scratch);
    return t;
}

/* Reads the tile with its border. */
static void read_tile(const fm_filter *f, const fm_block *block, const tile *t)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = block->start[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < t->height; y++, at[f->outer]++)
        fm_read_keys(&f->source, at, f->inner, t->width, t->keys + y * t->width);
}

static void find_sides(const K *restrict keys, ptrdiff_t count, K first, K last, uint8_t *restrict side)
{
    for (ptrdiff_t i = 0; i < count; i++)
        side[i] = (uint8_t)(keys[i] < first ? BELOW : keys[i] <= last ? BETWEEN : 0);
}

/* Lists a row's elements between. Returns how many there are then. */
static size_t list_row(const tile *t, ptrdiff_t y, size_t count)
{
    const ptrdiff_t width = t->width;
    const uint8_t *side = t->side + y * width;
    uint32_t *restrict order = t->order, first = (uint32_t)(y * width);
    uint16_t *restrict column = t->column;
    for (ptrdiff_t x = 0; x < width; x += 8) {
        uint64_t eight;
        memcpy(&eight, side + x, sizeof eight);
        if (!(eight & 0x0202020202020202))
            continue;
        const ptrdiff_t end = x + 8 < width ? x + 8 : width;
        for (ptrdiff_t i = x; i < end; i++) {
            order[count] = first + (uint32_t)i;
            column[count] = (uint16_t)i;
            count += side[i] / BETWEEN;
        }
    }
    return count;
}

/* Gives each element between its bin, and each number its point. */
static void put_points(const tile *numbered, int is_narrow)
{
    const tile own = *numbered, *t = &own; /* which what is stored cannot be a part of */
    const size_t of_bin = t->words * WORD, size = is_narrow ? 1 : 2;
    /* places are few enough for a multiplication to divide by the width exactly */
    const uint64_t width = (uint64_t)t->width, reciprocal = ((uint64_t)1 << 32) / width + 1;
    for (size_t i = 0, bin = 0; i < t->count; bin++)
        for (size_t end = i + of_bin < t->count ? i + of_bin : t->count; i < end; i++) {
            const uint32_t place = t->order[i], y = (uint32_t)(place * reciprocal >> 32);
            const uint32_t x = place - y * (uint32_t)width;
            t->bin[place] = (uint8_t)bin;
            if (is_narrow) {
                ((uint8_t *)t->x)[i] = (uint8_t)x;
                ((uint8_t *)t->y)[i] = (uint8_t)y;
            } else {
                ((uint16_t *)t->x)[i] = (uint16_t)x;
                ((uint16_t *)t->y)[i] = (uint16_t)y;
            }
        }
    /* the last bin may be looked at whole: what is found in it is found before these */
    memset((char *)t->x + t->count * size, 255, of_bin * size);
    memset((char *)t->y + t->count * size, 255, of_bin * size);
}

/* Finds the elements between. If that is all, there are no lists. */
static void find_between(tile *t)
{
    const size_t places = (size_t)t->width * (size_t)t->height;
    t->are_all = t->range.first == all_keys.first && t->range.last == all_keys.last;
    t->count = t->are_all ? places : 0;
    for (ptrdiff_t y = 0; y < t->height && !t->are_all; y++) {
        find_sides(t->keys + y * t->width, t->width, t->range.first, t->range.last, t->side + y * t->width);
        t->begin[y] = (uint32_t)t->count;
        t->count = list_row(t, y, t->count);
    }
    t->begin[t->height] = (uint32_t)t->count;
    t->words = (t->count + MOST_BINS * WORD - 1) / (MOST_BINS * WORD);
    if (t->is_narrow && t->words > 2)
        t->words = MOST_WORDS;
}

/* Sorts them into bins. */
static void number_tile(const tile *t)
{
    const fm_ordering ordering = {t->keys, t->order, t->sorted, t->other};
    if (t->are_all)
        sort_all(&ordering, t->count);
    else
        sort_places(&ordering, t->count, (size_t)t->width * (size_t)t->height);
    if (t->is_narrow)
        put_points(t, 1);
    else
        put_points(t, 0);
}

static inline uint64_t members_of(const tile *t, size_t first, fm_box box, int is_narrow)
{
    return is_narrow ? members_8((const uint8_t *)t->x + first, (const uint8_t *)t->y + first, box)
                     : members_16((const uint16_t *)t->x + first, (const uint16_t *)t->y + first, box);
}

/* Finds the keys of a row of answers whose bins are known. */
static inline void find_keys(const tile *numbered, fm_box box, ptrdiff_t count, size_t words, int is_narrow)
{
    const tile own = *numbered, *t = &own;
    for (ptrdiff_t i = 0; i < count; i++, box.left++) {
        const int rank = t->among[i];
        const size_t first = (size_t)t->columns.out[i] * WORD * words;
        uint64_t in_word = members_of(t, first, box, is_narrow), passed = 0;
        int before = 0, all = __builtin_popcountll(in_word);
        for (size_t w = 1; w < words; w++) { /* no branch: nothing foretells in which word the answer is */
            const uint64_t in = members_of(t, first + WORD * w, box, is_narrow);
            const uint64_t is_further = -(uint64_t)(all <= rank);
            in_word ^= (in_word ^ in) & is_further;
            before += (all - before) & (int)is_further;
            passed -= is_further;
            all += __builtin_popcountll(in);
        }
        t->out[i] = t->sorted[first + WORD * passed + (size_t)nth_bit(in_word, rank - before)];
    }
}

/* The same where bins have any number of words. */
static inline void seek_keys(const tile *numbered, fm_box box, ptrdiff_t count)
{
    const tile own = *numbered, *t = &own;
    for (ptrdiff_t i = 0; i < count; i++, box.left++) {
        size_t first = (size_t)t->columns.out[i] * WORD * t->words;
        int rank = t->among[i], here;
        uint64_t in = members_of(t, first, box, 0);
        while ((here = __builtin_popcountll(in)) <= rank) {
            rank -= here;
            first += WORD;
            in = members_of(t, first, box, 0);
        }
        t->out[i] = t->sorted[first + (size_t)nth_bit(in, rank)];
    }
}

static inline void find_keys_in(const tile *t, fm_box box, ptrdiff_t count, int is_narrow)
{
    if (t->words == 1)
        find_keys(t, box, count, 1, is_narrow);
    else if (t->words == 2)
        find_keys(t, box, count, 2, is_narrow);
    else if (is_narrow)
        find_keys(t, box, count, MOST_WORDS, 1);
    else
        seek_keys(t, box, count);
}

/* A row of the tile enters the columns (sign 1), or leaves them (-1). */
static inline void change_columns(const tile *t, ptrdiff_t y, int sign)
{
    const uint8_t *restrict side = t->side + y * t->width, *bin = t->bin + y * t->width;
    uint8_t *restrict below = t->below;
    for (ptrdiff_t x = 0; x < t->width; x++)
        below[x] = (uint8_t)(below[x] + sign * (side[x] & BELOW));
    const layout_8 columns = t->columns;
    const uint16_t *column = t->column;
    for (uint32_t i = t->begin[y], end = t->begin[y + 1]; i < end; i++)
        if (sign > 0)
            add_key_8(&columns, column[i], bin[column[i]]);
        else
            take_key_8(&columns, column[i], bin[column[i]]);
}

/* Row y of the tile enters windows so high, and another leaves them. */
static void move_on(const tile *t, ptrdiff_t y, ptrdiff_t height)
{
    const layout_8 columns = t->columns;
    const ptrdiff_t width = t->width;
    const uint8_t *enters = t->bin + y * width, *leaves = enters - height * width;
    if (t->are_all && y >= height)
        for (ptrdiff_t x = 0; x < width; x++)
            change_key_8(&columns, x, enters[x], leaves[x]);
    else if (t->are_all)
        for (ptrdiff_t x = 0; x < width; x++)
            add_key_8(&columns, x, enters[x]);
    else {
        change_columns(t, y, 1);
        if (y >= height)
            change_columns(t, y - height, -1);
    }
}

/* The ranks of answers among elements in bins. 0 if one is below these. */
static int find_ranks(const tile *t, ptrdiff_t columns, ptrdiff_t size, int64_t rank)
{
    int64_t least;
    for (ptrdiff_t x = 0; x < size; x++)
        rank -= t->below[x];
    least = rank;
    t->ranks[0] = (uint16_t)rank;
    for (ptrdiff_t x = 1; x < columns; x++) {
        rank += t->below[x - 1] - t->below[x - 1 + size];
        least = rank < least ? rank : least;
        t->ranks[x] = (uint16_t)rank;
    }
    return least >= 0;
}

/* Filters a tile that is numbered. 0 if an answer is not between the ends of its order. */
static int filter_tile(fm_filter *f, const fm_block *block, const tile *t, int lane)
{
    const ptrdiff_t width = f->size[f->inner], height = f->size[f->outer], columns = block->extent[f->inner];
    memset(t->columns.coarse, 0, (size_t)((char *)t->columns.old_row - (char *)t->columns.coarse));
    memset(t->below, 0, (size_t)t->width);
    fm_box box = {.width = (uint16_t)width, .height = (uint16_t)height};
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < t->height; y++) {
        move_on(t, y, height);
        if (y < height - 1)
            continue;
        if (!find_ranks(t, columns, width, f->rank) || !filter_ranks_8(&t->columns, columns, width, t->ranks, t->among))
            return 0;
        if (t->is_narrow)
            find_keys_in(t, box, columns, 1);
        else
            find_keys_in(t, box, columns, 0);
        fm_write_keys(f->output, at, f->inner, columns, t->out);
        if (y % LOOK_EVERY == 0 && fm_should_stop(f, lane))
            return 1;
        box.top++;
        at[f->outer]++;
    }
    return 1;
}

/* Makes a block of one tile, with the elements of its range in bins. If that was guessed, it may have to be wider. Not
 * inlined, for it is long. */
static __attribute__((noinline)) void make(fm_filter *f, const fm_block *block, tile *t, int lane, int guesses)
{
    for (int around = guesses ? AROUND : LEVELS;; around *= LEVELS / 16) { /* the last time around everything */
        if (around > AROUND)
            guess_range(&t->keyed, around, t->room, &t->range);
        find_between(t);
        number_tile(t);
        const tile numbered = *t; /* which what is stored cannot be a part of */
        if (filter_tile(f, block, &numbered, lane))
            return;
    }
}

static void make_halves(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    fm_block half = *block;
    half.extent[f->outer] = (block->extent[f->outer] + 1) / 2;
    for (int i = 0; i < 2; i++) {
        tile t = lay_out(f, half.extent[f->inner], half.extent[f->outer], scratch);
        read_tile(f, &half, &t);
        make(f, &half, &t, lane, 0);
        half.start[f->outer] += half.extent[f->outer];
        half.extent[f->outer] = block->extent[f->outer] - half.extent[f->outer];
    }
}

/* Whether smaller tiles, which have fewer words in a bin, are better, as they are around small windows. */
static int is_too_large(const fm_filter *f, const tile *t, double share)
{
    const double words = share * (double)t->width * (double)t->height / (MOST_BINS * WORD);
    return words > 2 && f->size[f->outer] <= LONGEST_LESSER && f->size[f->inner] <= LONGEST_LESSER;
}

/* A block is one plane of outputs. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const double most = 0.85; /* of the elements that are worth a list */
    tile t = lay_out(f, block->extent[f->inner], block->extent[f->outer], scratch);
    read_tile(f, block, &t);
    const double share = guess_range(&t.keyed, AROUND, t.room, &t.range);
    if (block->extent[f->outer] > 1 && is_too_large(f, &t, share)) {
        make_halves(f, block, scratch, lane);
        return;
    }
    if (share > most)
        t.range = all_keys;
    make(f, block, &t, lane, share <= most);
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f, largest->extent[f->inner], largest->extent[f->outer], NULL).bytes;
}

static void cut(const fm_filter *f, fm_block *largest)
{
    const ptrdiff_t height = f->size[f->outer], width = f->size[f->inner];
    if (height <= LONGEST_NARROW && width <= LONGEST_NARROW)
        fm_cut_plane(f, NARROW - height + 1, NARROW - width + 1, largest);
    else
        fm_cut_plane(f, LARGE, LARGE, largest);
}

extern const fm_engine BINNED(fm_binned);
const fm_engine BINNED(fm_binned) = {cut, scratch_bytes, part};
