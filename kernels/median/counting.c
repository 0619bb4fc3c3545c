/* How many elements are missing from each window, and which rank is wanted for that.
 *
 * Counts are as wide as the number of a window's elements needs. Over a box they are sums that slide along one
 * axis after the other; along rows by doubling, which takes whole vectors. Over other windows they are
 * differences of accumulated rows.
 * Compiled once per instruction set and width.
 */
#include "missing.h"

#include <string.h>

#define COUNTING(name) FM_NAME(FM_JOIN(name, FM_KEY))

#if FM_KEY == 8
typedef uint8_t N;
#elif FM_KEY == 16
typedef uint16_t N;
#elif FM_KEY == 32
typedef uint32_t N;
#else
typedef uint64_t N;
#endif

/* Signed, and wide enough for such a number and its sum with a rank. */
#if FM_KEY == 8
typedef int16_t W;
#else
typedef int32_t W;
#endif

int COUNTING(missing_normalize)(uint8_t *flags, ptrdiff_t count)
{
    uint8_t any = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        flags[i] = flags[i] != 0;
        any |= flags[i];
    }
    return any;
}

static void count_bits(const uint8_t *restrict flags, ptrdiff_t count, uint8_t bit, N *restrict counts)
{
    for (ptrdiff_t i = 0; i < count; i++)
        counts[i] = (flags[i] & bit) == bit;
}

void COUNTING(missing_widen)(const uint8_t *flags, ptrdiff_t count, int flag, void *counts)
{
    count_bits(flags, count, (uint8_t)(1 << flag), counts);
}

static void add(N *restrict sum, const N *restrict x, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        sum[i] = (N)(sum[i] + x[i]);
}

/* One step of a sliding sum: `first` leaves it and gives its place to the result. */
static void slide_by_one(N *restrict sum, N *restrict first, const N *restrict entering, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        N here = (N)(sum[i] + entering[i]);
        sum[i] = (N)(here - first[i]);
        first[i] = here;
    }
}

void COUNTING(missing_slide)(void *counts, ptrdiff_t outer, ptrdiff_t length, ptrdiff_t inner, ptrdiff_t size,
                             void *room)
{
    N *sum = room;
    for (ptrdiff_t o = 0; o < outer && size > 1; o++) {
        N *at = (N *)counts + o * length * inner;
        memset(sum, 0, (size_t)inner * sizeof *sum);
        for (ptrdiff_t i = 0; i < size - 1; i++)
            add(sum, at + i * inner, inner);
        for (ptrdiff_t i = 0; i + size <= length; i++)
            slide_by_one(sum, at + i * inner, at + (i + size - 1) * inner, inner);
    }
}

static void add_pairs(const N *restrict x, ptrdiff_t distance, ptrdiff_t count, N *restrict sums)
{
    for (ptrdiff_t i = 0; i < count; i++)
        sums[i] = (N)(x[i] + x[i + distance]);
}

void COUNTING(missing_slide_row)(const void *counts, ptrdiff_t count, ptrdiff_t size, void *room, void *sums)
{
    ptrdiff_t length = count + size - 1, reached = 0;
    const N *power = counts; /* sums of `width` neighbours */
    N *free = room, *other = free + length;
    memset(sums, 0, (size_t)count * sizeof(N));
    for (ptrdiff_t width = 1;; width *= 2) {
        if (size & width) {
            add(sums, power + reached, count);
            reached += width;
        }
        if (2 * width > size)
            return;
        add_pairs(power, width, length - 2 * width + 1, free);
        power = free;
        free = other;
        other = (N *)power;
    }
}

void COUNTING(missing_accumulate)(void *counts, ptrdiff_t count)
{
    N *x = counts, sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        N here = x[i];
        x[i] = sum;
        sum = (N)(sum + here);
    }
}

static void add_run(const N *restrict begin, const N *restrict end, ptrdiff_t count, N *restrict sums)
{
    for (ptrdiff_t i = 0; i < count; i++)
        sums[i] = (N)(sums[i] + end[i] - begin[i]);
}

void COUNTING(missing_run_sums)(const fm_places *window, const void *first, ptrdiff_t count, void *sums)
{
    memset(sums, 0, (size_t)count * sizeof(N));
    for (ptrdiff_t r = 0; r < window->runs; r++) {
        const N *begin = (const N *)first + window->start[r];
        add_run(begin, begin + window->length[r], count, sums);
    }
}

static const N zeros[FM_CHUNK];

static int any_above(const N *x, N most)
{
    N any = 0;
    for (int i = 0; i < FM_CHUNK; i++)
        any |= (N)(x[i] > most);
    return any != 0;
}

/* An offset beyond the number of elements is as good as that number. */
static W clamp_offset(const fm_ranks *ranks)
{
    const ptrdiff_t n = ranks->elements, offset = ranks->offset;
    return (W)(offset > n ? n : offset < -n ? -n : offset);
}

/* The wanted ranks of a chunk; here by arithmetic that takes vectors, for a median or a rank from either end. */
static void ranks_by_halves(const fm_ranks *ranks, const N *restrict missing, const N *restrict lows, uint32_t *restrict to)
{
    const W elements = (W)ranks->elements, halves = (W)ranks->halves, offset = clamp_offset(ranks);
    W rank[FM_CHUNK];
    for (int i = 0; i < FM_CHUNK; i++) {
        W left = (W)(elements - (W)missing[i]), here = (W)((left * halves >> 1) + offset);
        here = here > left - 1 ? (W)(left - 1) : here;
        here = (W)((here < 0 ? 0 : here) + (W)lows[i]);
        rank[i] = left ? here : -1;
    }
    for (int i = 0; i < FM_CHUNK; i++)
        to[i] = (uint32_t)(int32_t)rank[i];
}

static void ranks_by_table(const fm_ranks *ranks, const N *missing, const N *lows, uint32_t *to)
{
    for (int i = 0; i < FM_CHUNK; i++) {
        ptrdiff_t left = ranks->elements - (ptrdiff_t)missing[i];
        uint32_t rank = ranks->table ? ranks->table[missing[i]]
                                     : (uint32_t)fm_rank_among(ranks->percent, ranks->offset, left);
        to[i] = left ? rank + (uint32_t)lows[i] : FM_EMPTY;
    }
}

/* The lower of two middle ranks. Returns whether there are two somewhere. */
static int lower_ranks(const fm_ranks *ranks, const N *missing, const uint32_t *to, uint32_t *lower)
{
    const uint32_t elements = (uint32_t)ranks->elements;
    uint32_t any = 0;
    for (int i = 0; i < FM_CHUNK; i++) {
        uint32_t two = ~(elements - (uint32_t)missing[i]) & (to[i] < FM_POISONED);
        lower[i] = to[i] - two;
        any |= two;
    }
    return any != 0;
}

static int find_in_chunk(const fm_ranks *ranks, const N *missing, const N *lows, const N *nans, uint32_t *to,
                         uint32_t *lower)
{
    const uint32_t usual = (uint32_t)ranks->rank;
    uint32_t moved = 0, none = 0;
    if (ranks->halves >= 0)
        ranks_by_halves(ranks, missing, lows, to);
    else
        ranks_by_table(ranks, missing, lows, to);
    for (int i = 0; nans && i < FM_CHUNK; i++)
        to[i] = nans[i] ? FM_POISONED : to[i];
    for (int i = 0; i < FM_CHUNK; i++) {
        moved |= to[i] < FM_POISONED ? to[i] ^ usual : 0;
        none |= to[i] >= FM_POISONED;
    }
    int two = lower && lower_ranks(ranks, missing, to, lower);
    return (moved ? FM_MOVED : 0) | (none ? FM_NONE : 0) | (two ? FM_TWO : 0);
}

int COUNTING(missing_wanted)(const fm_ranks *ranks, const void *missing, const void *lows, const void *nans,
                             ptrdiff_t count, uint32_t *to, uint32_t *lower, uint8_t *findings)
{
    const N *m = missing, *l = lows, *p = nans;
    const int always = lower && ranks->elements % 2 == 0; /* two middles where nothing is missing */
    const N still = (N)(lower ? 0 : ranks->still);
    int any = 0;
    for (ptrdiff_t x = 0; x < count; x += FM_CHUNK) {
        const N *gone = m ? m + x : zeros, *low = l ? l + x : zeros, *nan = p ? p + x : NULL;
        int found = 0;
        if (always || any_above(gone, still) || (l && any_above(low, 0)) || (nan && any_above(nan, 0)))
            found = find_in_chunk(ranks, gone, low, nan, to + x, lower ? lower + x : NULL);
        findings[x / FM_CHUNK] = (uint8_t)found;
        any |= found;
    }
    return any;
}
