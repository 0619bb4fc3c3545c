/* What filters for missing elements, deviations and outliers ask of each key width: stepping.c, deviation.c, keep.c,
 * counted.c and others. */
#ifndef FM_MISSING_H
#define FM_MISSING_H

#include "level.h"

enum { FM_CHUNK = 64 }; /* positions along a line that are looked at together */

/* What is wanted at a position where no element of its window will do. */
#define FM_EMPTY UINT32_MAX           /* nothing is left */
#define FM_POISONED (UINT32_MAX - 1) /* there is a NaN */

/* What there is in a chunk: another rank than usual, no rank at all, two middle elements. */
enum { FM_MOVED = 1, FM_NONE = 2, FM_TWO = 4 };

/* What a place in a block is flagged with: its element is missing; it was replaced by the lowest key; it is a NaN
 * that makes windows NaN. Bits, by number. */
enum { FM_IS_MISSING = 0, FM_IS_LOW = 1, FM_IS_NAN = 2 };

/* A window in a block of keys: runs of neighbours, as distances from where the window begins. */
typedef struct {
    ptrdiff_t *start, *length;
    ptrdiff_t runs;
    ptrdiff_t elements;
} fm_places;

/* A tile of elements in order, the windows of which are filtered row after row. */
enum { FM_TILE_SIDE = 256 }; /* of numbered elements */
typedef struct {
    void *room;
    /* Numbered elements: where the answer for the first window of a row is among them. */
    int group;        /* of 64 numbers */
    ptrdiff_t before; /* elements of that window in groups before */
    /* Histograms: what they are made from, and the rows that are in those of columns. */
    const uint8_t *keys, *flags;
    ptrdiff_t line, columns;
    ptrdiff_t entered, left;
} fm_tile;

/* The ranks that are wanted for a row of windows: `to` and `to_lower` where there are findings, else `rank`. */
typedef struct {
    ptrdiff_t rank;
    const uint32_t *to, *to_lower;
    const uint8_t *findings;
} fm_wanted;

enum { FM_MIXTURE_ALL = 1 << 16 };

/* What missing elements are replaced by: the lowest key and the highest, so mixed that a window has about as
 * many lowest ones below the chosen element as the rank among all elements asks for. Most windows then find it
 * there. The mixture is kept even in cells, some positions wide; a missing element that has none near it in its
 * cell becomes the highest key. */
typedef struct {
    int32_t share;      /* of the lowest, of FM_MIXTURE_ALL; it is none or all where mixing does not pay */
    int cell_shift;     /* a cell's width is a power of two */
    int32_t fresh;      /* the credit of one without, so that an element that is missing alone does no harm */
    ptrdiff_t reach;    /* lines after which a cell is forgotten */
    struct fm_cell {
        ptrdiff_t line; /* of the last missing element */
        int32_t credit;
    } *cells;
} fm_mixture;

/* Whether the missing element at a place becomes the lowest key; to be asked once for each, line after line. */
static inline int fm_is_low(fm_mixture *mixture, ptrdiff_t line, ptrdiff_t x)
{
    if (mixture->share == 0 || mixture->share == FM_MIXTURE_ALL)
        return mixture->share != 0;
    struct fm_cell *cell = &mixture->cells[x >> mixture->cell_shift];
    int32_t credit = (line - cell->line > mixture->reach ? mixture->fresh : cell->credit) + mixture->share;
    int low = credit >= FM_MIXTURE_ALL;
    *cell = (struct fm_cell){line, credit - low * FM_MIXTURE_ALL};
    return low;
}

/* The rank that is wanted among elements of which some are missing. */
typedef struct {
    ptrdiff_t elements, rank; /* of a window, and the rank where none is missing */
    double percent;
    ptrdiff_t offset;
    int32_t halves;           /* 0, 1 or 2 where the percentage is 0, 50 or 100 and numbers are small, else -1 */
    ptrdiff_t still;          /* so many may be missing, and the rank is the same */
    const uint32_t *table;    /* by the number that is missing; NULL where it would be large */
} fm_ranks;

/* Of c elements that are left. */
static inline ptrdiff_t fm_rank_among(double percent, ptrdiff_t offset, ptrdiff_t c)
{
    ptrdiff_t rank = (ptrdiff_t)((double)c * percent / 100) + offset;
    return rank > c - 1 ? c - 1 : rank < 0 ? 0 : rank;
}

typedef struct fm_missing_kernels {
    /* Keys of this width (stepping.c). */

    /* Sets the flag of each key that equals `key`; returns whether there is one. */
    int (*mark)(const void *keys, int64_t key, ptrdiff_t count, int flag, uint8_t *flags);
    /* The same for NaNs among floats, which are not keys; `flags` may be NULL. */
    int (*mark_nans)(const void *floats, ptrdiff_t count, int flag, uint8_t *flags);
    /* Replaces the keys of missing elements, and flags the lowest ones. The count is a multiple of 8. Returns
     * whether there is one of these. */
    int (*replace)(void *keys, uint8_t *flags, ptrdiff_t count, fm_mixture *mixture, ptrdiff_t line);
    /* In chunks with the finding, puts the element of rank to[i] of the i-th window in the place of the one of
     * rank from[i]. `from` is NULL where that is `rank` for all. */
    void (*step)(const fm_places *window, const void *first, ptrdiff_t rank, const uint32_t *from,
                 const uint32_t *to, const uint8_t *findings, int finding, ptrdiff_t count, void *chosen);
    /* Finds the places of the flags that are not 0, no more than `most`, and returns how many these are. */
    int (*find)(const uint8_t *flags, ptrdiff_t count, int most, int *places);
    /* Writes the keys that stand for FM_EMPTY and FM_POISONED. */
    void (*settle)(const uint32_t *to, const uint8_t *findings, ptrdiff_t count, int64_t empty, int64_t poisoned,
                   void *chosen);

    /* Deviations of keys of this width (deviation.c). */

    /* From flags, the bits that put the deviations of missing elements last or first. */
    void (*shut_out)(const uint8_t *flags, ptrdiff_t count, void *high, void *low);
    /* Of each window the deviation from its center that has the wanted rank: to[i] in chunks with findings, else
     * `rank`. `high`, `low` and `findings` are NULL where nothing is missing. */
    void (*deviate)(const fm_places *window, const void *first, const void *high, const void *low, int is_float,
                    ptrdiff_t rank, const uint32_t *to, const uint8_t *findings, ptrdiff_t count,
                    const void *centers, void *deviations);

    /* Outliers among elements of this width (keep.c), which are in native byte order. */

    /* Puts the elements that are no outliers in the place of their medians, and says where there is one. `deviations`,
     * of the type that fm_mad_filter gives, are NULL where the threshold is not in these. */
    void (*keep)(const fm_outliers *outliers, fm_type type, const void *elements, void *medians,
                 const void *deviations, ptrdiff_t count, uint8_t *replaced);
    /* The same where a flag is not 0. */
    void (*keep_flagged)(const uint8_t *flags, const void *elements, void *medians, ptrdiff_t count);

    /* Tiles of keys of this width (counted.c, counted_bytes.c). */

    size_t (*tile_bytes)(ptrdiff_t columns);
    /* Takes in the elements that are not missing, of lines that lie `line` keys apart. */
    void (*begin_tile)(const void *keys, const uint8_t *flags, ptrdiff_t line, int width, int height, fm_tile *tile);
    /* Filters the row of windows of width x height that begins at `top`, from row 0 on one after the other. */
    void (*filter_row)(fm_tile *tile, int width, int height, int top, const fm_wanted *wanted, ptrdiff_t count,
                       void *chosen, void *lower);

    /* Counts of this width (counting.c). */

    /* Makes any bytes 0 and 1, and says whether there is a 1. */
    int (*normalize)(uint8_t *flags, ptrdiff_t count);
    /* A count of 1 for each place with the flag. */
    void (*widen)(const uint8_t *flags, ptrdiff_t count, int flag, void *counts);
    /* Along the middle of three axes, makes each count the sum of `size` counts from there on. */
    void (*slide)(void *counts, ptrdiff_t outer, ptrdiff_t length, ptrdiff_t inner, ptrdiff_t size, void *room);
    /* The same for one row into another; room for two rows. */
    void (*slide_row)(const void *counts, ptrdiff_t count, ptrdiff_t size, void *room, void *sums);
    /* Makes each count of a row the sum of those before it. */
    void (*accumulate)(void *counts, ptrdiff_t count);
    /* From accumulated rows, the sums over windows. */
    void (*run_sums)(const fm_places *window, const void *first, ptrdiff_t count, void *sums);
    /* From the numbers of missing elements, of lowest keys and of NaNs in each window, each of which may be
     * NULL, the wanted rank among the keys as they are replaced, and in `lower`, unless it is NULL, that of the
     * other middle element where there are two. Counts are zero from `count` to the end of its chunk. A chunk
     * without findings is not written to. Returns the findings of all. */
    int (*wanted)(const fm_ranks *ranks, const void *missing, const void *lows, const void *nans, ptrdiff_t count,
                  uint32_t *to, uint32_t *lower, uint8_t *findings);
} fm_missing_kernels;

#endif
