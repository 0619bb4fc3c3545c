/* Vectors of keys as the compiler's own, for the sake of comparisons: a comparison gives a mask.
 *
 * Included where vector.h is. */
#ifndef FM_MEDIAN_LANES_H
#define FM_MEDIAN_LANES_H

#include "vector.h"

typedef K lanes __attribute__((vector_size(sizeof(V))));

static inline lanes load(const void *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline lanes choose(lanes mask, lanes a, lanes b)
{
#if defined(FM_LEVEL_V3)
    return (lanes)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)mask);
#elif defined(FM_LEVEL_V2)
    return (lanes)_mm_blendv_epi8((__m128i)b, (__m128i)a, (__m128i)mask);
#else
    return (a & mask) | (b & ~mask);
#endif
}

static inline int any(lanes mask)
{
#if defined(FM_LEVEL_V4)
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(FM_LEVEL_V3)
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(FM_LEVEL_V2)
    return !_mm_testz_si128((__m128i)mask, (__m128i)mask);
#else
    uint64_t words[sizeof mask / 8], found = 0;
    memcpy(words, &mask, sizeof mask);
    for (size_t i = 0; i < sizeof mask / 8; i++)
        found |= words[i];
    return found != 0;
#endif
}

#endif
