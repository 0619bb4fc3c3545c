/* A row dealt out by the place that its elements have in a tile, and collected again.
 *
 * Element `tile * i + c` of a row is element i of place c, whose elements follow each other. As many vectors as a tile
 * has places are dealt at a time: of the number of an element, whose upper bits say in which vector it is and whose
 * lower ones where there, the bits are rotated. To interleave the first half of the vectors with the second rotates
 * them by one. Vectors of more than PART bytes are made of parts that are dealt side by side.
 * Included where vector.h is.
 */
#ifndef FM_PLACES_H
#define FM_PLACES_H

#include "vector.h"

enum {
    MOST_PLACES = 64,                      /* of a tile; up to 8 stay in registers */
    PART = 16,                             /* bytes within which machines interleave */
    PART_LANES = PART / (int)sizeof(K),
    PART_BITS = FM_KEY == 8 ? 4 : FM_KEY == 16 ? 3 : FM_KEY == 32 ? 2 : 1, /* of the number of one of these */
};

/* A number of elements, rounded up to whole vectors. */
#define VECTORS(count) (((count) + LANES - 1) / LANES * LANES)

/* The lower or upper halves of the parts of two vectors, interleaved. */
#if defined(FM_LEVEL_V4)
#define LOWER(a, b) FM_PASTE(_mm512_unpacklo_epi, FM_KEY)(a, b)
#define UPPER(a, b) FM_PASTE(_mm512_unpackhi_epi, FM_KEY)(a, b)
#elif defined(FM_LEVEL_V3)
#define LOWER(a, b) FM_PASTE(_mm256_unpacklo_epi, FM_KEY)(a, b)
#define UPPER(a, b) FM_PASTE(_mm256_unpackhi_epi, FM_KEY)(a, b)
#elif defined(__x86_64__)
#include <emmintrin.h>
#define LOWER(a, b) ((V)FM_PASTE(_mm_unpacklo_epi, FM_KEY)((__m128i)(a), (__m128i)(b)))
#define UPPER(a, b) ((V)FM_PASTE(_mm_unpackhi_epi, FM_KEY)((__m128i)(a), (__m128i)(b)))
#elif defined(FM_LEVEL_NEON)
#include <arm_neon.h>
#define LOWER(a, b) ((V)FM_PASTE(vzip1q_u, FM_KEY)((UNSIGNED)(a), (UNSIGNED)(b)))
#define UPPER(a, b) ((V)FM_PASTE(vzip2q_u, FM_KEY)((UNSIGNED)(a), (UNSIGNED)(b)))
typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) UNSIGNED __attribute__((vector_size(PART)));
#else
static inline V interleaved(V a, V b, int from)
{
    V v = a;
    for (int i = 0; i < LANES / 2; i++) {
        v[2 * i] = a[from + i];
        v[2 * i + 1] = b[from + i];
    }
    return v;
}
#define LOWER(a, b) interleaved(a, b, 0)
#define UPPER(a, b) interleaved(a, b, LANES / 2)
#endif

/* A vector whose parts are so many elements apart. */
static inline V load_parts(const K *p, ptrdiff_t apart)
{
#if defined(FM_LEVEL_V4)
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)p));
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + apart)), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + 2 * apart)), 2);
    return _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + 3 * apart)), 3);
#elif defined(FM_LEVEL_V3)
    const __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)p));
    return _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(p + apart)), 1);
#else
    return LOAD(p);
#endif
}

static inline void store_parts(K *p, ptrdiff_t apart, V v)
{
#if defined(FM_LEVEL_V4)
    _mm_storeu_si128((__m128i *)p, _mm512_castsi512_si128(v));
    _mm_storeu_si128((__m128i *)(p + apart), _mm512_extracti32x4_epi32(v, 1));
    _mm_storeu_si128((__m128i *)(p + 2 * apart), _mm512_extracti32x4_epi32(v, 2));
    _mm_storeu_si128((__m128i *)(p + 3 * apart), _mm512_extracti32x4_epi32(v, 3));
#elif defined(FM_LEVEL_V3)
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)(p + apart), _mm256_extracti128_si256(v, 1));
#else
    STORE(p, v);
#endif
}

/* Rotates the bits of all numbers by one, so many times. */
static inline __attribute__((always_inline)) void rotate(V *v, int tile, int times)
{
#pragma GCC unroll 4
    for (int time = 0; time < times; time++) {
        V turned[MOST_PLACES];
#pragma GCC unroll 4
        for (int i = 0; i < tile / 2; i++) {
            turned[2 * i] = LOWER(v[i], v[i + tile / 2]);
            turned[2 * i + 1] = UPPER(v[i], v[i + tile / 2]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < tile; i++)
            v[i] = turned[i];
    }
}

static inline __attribute__((always_inline)) void deal_by(const K *restrict from, ptrdiff_t count, int tile,
                                                          K *restrict to, ptrdiff_t pitch)
{
    for (ptrdiff_t i = 0; i < count; i++)
        for (int c = 0; c < tile && count < LANES; c++)
            to[c * pitch + i] = from[tile * i + c];
    for (ptrdiff_t x = 0; x < count && count >= LANES; x += LANES) {
        const ptrdiff_t at = x + LANES <= count ? x : count - LANES;
        V v[MOST_PLACES];
#pragma GCC unroll 8
        for (int c = 0; c < tile; c++)
            v[c] = load_parts(from + at * tile + c * PART_LANES, tile * PART_LANES);
        rotate(v, tile, PART_BITS);
#pragma GCC unroll 8
        for (int c = 0; c < tile; c++)
            STORE(to + c * pitch + at, v[c]);
    }
}

static inline __attribute__((always_inline)) void collect_by(const K *restrict from, ptrdiff_t count, int tile,
                                                             int bits, ptrdiff_t pitch, K *restrict to)
{
    for (ptrdiff_t i = 0; i < count; i++)
        for (int c = 0; c < tile && count < LANES; c++)
            to[tile * i + c] = from[c * pitch + i];
    for (ptrdiff_t x = 0; x < count && count >= LANES; x += LANES) {
        const ptrdiff_t at = x + LANES <= count ? x : count - LANES;
        V v[MOST_PLACES];
#pragma GCC unroll 8
        for (int c = 0; c < tile; c++)
            v[c] = LOAD(from + c * pitch + at);
        rotate(v, tile, bits);
#pragma GCC unroll 8
        for (int c = 0; c < tile; c++)
            store_parts(to + at * tile + c * PART_LANES, tile * PART_LANES, v[c]);
    }
}

/* `count` elements for each place of a tile, a power of two. */
static void deal(const K *from, ptrdiff_t count, int tile, K *to, ptrdiff_t pitch)
{
    switch (tile) {
    case 1: memcpy(to, from, (size_t)count * sizeof(K)); break;
    case 2: deal_by(from, count, 2, to, pitch); break;
    case 4: deal_by(from, count, 4, to, pitch); break;
    case 8: deal_by(from, count, 8, to, pitch); break;
    default: deal_by(from, count, tile, to, pitch);
    }
}

static void collect(const K *from, ptrdiff_t count, int tile, ptrdiff_t pitch, K *to)
{
    switch (tile) {
    case 1: memcpy(to, from, (size_t)count * sizeof(K)); break;
    case 2: collect_by(from, count, 2, 1, pitch, to); break;
    case 4: collect_by(from, count, 4, 2, pitch, to); break;
    case 8: collect_by(from, count, 8, 3, pitch, to); break;
    default: collect_by(from, count, tile, __builtin_ctz((unsigned)tile), pitch, to);
    }
}

#undef LOWER
#undef UPPER

#endif
