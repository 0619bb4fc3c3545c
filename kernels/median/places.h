/* A row dealt out by the place that its elements have in a tile, and collected again.
 *
 * Element `tile * i + c` of a row is element i of place c, whose elements follow each other. Four places at a time,
 * which compilers make vectors of. Included where K, the key type, is defined.
 */
#ifndef FM_PLACES_H
#define FM_PLACES_H

#include <stddef.h>
#include <string.h>

enum { DEALT = 4 }; /* places at a time */

#if defined(FM_LEVEL_V3) && FM_KEY == 32
#include <immintrin.h>

/* Two places of eight elements each, of which compilers make twice the instructions: the halves of vectors are read so
 * that no element has to go from one half to the other. Returns for how many elements of a place this was done. */
static ptrdiff_t deal_pairs(const K *restrict from, ptrdiff_t count, K *restrict to, ptrdiff_t pitch)
{
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i *p = (const __m128i *)(from + 2 * i);
        const __m256 a = (__m256)_mm256_loadu2_m128i(p + 2, p), b = (__m256)_mm256_loadu2_m128i(p + 3, p + 1);
        _mm256_storeu_ps((float *)(to + i), _mm256_shuffle_ps(a, b, 0x88));
        _mm256_storeu_ps((float *)(to + pitch + i), _mm256_shuffle_ps(a, b, 0xdd));
    }
    return i;
}
#else
static inline ptrdiff_t deal_pairs(const K *from, ptrdiff_t count, K *to, ptrdiff_t pitch)
{
    (void)from, (void)count, (void)to, (void)pitch;
    return 0;
}
#endif

#define DEAL(tile, done)                                \
    case tile:                                          \
        for (ptrdiff_t i = done; i < count; i++)        \
            for (int c = 0; c < tile; c++)              \
                to[c * pitch + i] = from[tile * i + c]; \
        break
#define COLLECT(tile)                                   \
    case tile:                                          \
        for (ptrdiff_t i = 0; i < count; i++)           \
            for (int c = 0; c < tile; c++)              \
                to[tile * i + c] = from[c * pitch + i]; \
        break

/* `count` elements for each place of a tile, a power of two. `spare` has room for twice as many elements as there
 * are, as it has below; a tile of at most DEALT needs none. */
static void deal(const K *restrict from, ptrdiff_t count, int tile, K *restrict to, ptrdiff_t pitch, K *restrict spare)
{
    switch (tile) {
    case 1:
        memcpy(to, from, (size_t)count * sizeof(K));
        break;
        DEAL(2, deal_pairs(from, count, to, pitch));
        DEAL(DEALT, 0);
    default: {
        const ptrdiff_t share = count * (tile / DEALT);
        deal(from, share, DEALT, spare, share, NULL);
        for (int c = 0; c < DEALT; c++)
            deal(spare + c * share, count, tile / DEALT, to + c * pitch, DEALT * pitch, spare + DEALT * share);
    }
    }
}

static void collect(const K *restrict from, ptrdiff_t count, int tile, ptrdiff_t pitch, K *restrict to,
                    K *restrict spare)
{
    switch (tile) {
    case 1:
        memcpy(to, from, (size_t)count * sizeof(K));
        break;
        COLLECT(2);
        COLLECT(DEALT);
    default: {
        const ptrdiff_t share = count * (tile / DEALT);
        for (int c = 0; c < DEALT; c++)
            collect(from + c * pitch, count, tile / DEALT, DEALT * pitch, spare + c * share, spare + DEALT * share);
        collect(spare, share, DEALT, share, to, NULL);
    }
    }
}

#undef DEAL
#undef COLLECT

#endif
