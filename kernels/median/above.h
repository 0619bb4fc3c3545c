/* Which of N keys lie above or below another, as a vector of N bytes.
 *
 * Included where vector.h is. Keys are in the signed form that S is, and where they are wider than a byte
 * the bytes lie in another order than the keys: find_order tells which.
 */
#ifndef FM_ABOVE_H
#define FM_ABOVE_H

#include "vector.h"

#if FM_KEY == 8
typedef int8_t S;
#elif FM_KEY == 16
typedef int16_t S;
#elif FM_KEY == 32
typedef int32_t S;
#else
typedef int64_t S;
#endif

/* Bytes are all ones for yes and 0 for no. */
typedef uint8_t bytes __attribute__((vector_size(sizeof(V))));
typedef S keys __attribute__((vector_size(sizeof(V))));
enum { N = sizeof(V) };

static inline bytes load_bytes(const uint8_t *p)
{
    bytes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline keys load_keys(const S *p)
{
    keys v;
    memcpy(&v, p, sizeof v);
    return v;
}

#if defined(FM_LEVEL_V4)
static inline uint64_t bits(bytes b)
{
    return _mm512_movepi8_mask((__m512i)b);
}
#define COMPARE(name, test)                                                                           \
    static inline bytes name(const S *p, keys x)                                                      \
    {                                                                                                 \
        uint64_t mask = 0;                                                                            \
        for (int i = 0; i < (int)sizeof(S); i++)                                                      \
            mask |= (uint64_t)FM_PASTE(FM_PASTE(_mm512_cmp##test##_epi, FM_KEY), _mask)(              \
                        _mm512_loadu_si512(p + i * LANES), (__m512i)x)                                \
                    << i * LANES;                                                                     \
        return (bytes)_mm512_movm_epi8(mask);                                                         \
    }
COMPARE(above, gt)
COMPARE(below, lt)
#undef COMPARE

#elif defined(FM_LEVEL_V3) || defined(FM_LEVEL_V2)
#if defined(FM_LEVEL_V3)
static inline uint64_t bits(bytes b)
{
    return (uint32_t)_mm256_movemask_epi8((__m256i)b);
}
#define HALF64(a, b) ((V)_mm256_shuffle_ps((__m256)(a), (__m256)(b), 0x88))
#define HALF32 _mm256_packs_epi32
#define HALF16 _mm256_packs_epi16
#else
static inline uint64_t bits(bytes b)
{
    return (uint32_t)_mm_movemask_epi8((__m128i)b);
}
#define HALF64(a, b) ((V)_mm_shuffle_ps((__m128)(a), (__m128)(b), 0x88))
#define HALF32 _mm_packs_epi32
#define HALF16 _mm_packs_epi16
#endif
#define COMPARE(name, test)                                                                   \
    static inline bytes name(const S *p, keys x)                                              \
    {                                                                                         \
        V m[sizeof(S)];                                                                       \
        for (int i = 0; i < (int)sizeof(S); i++)                                              \
            m[i] = (V)(load_keys(p + i * LANES) test x);                                      \
        for (int i = 0; i < (int)sizeof(S) / 2 && FM_KEY == 64; i++)                          \
            m[i] = HALF64(m[2 * i], m[2 * i + 1]);                                            \
        for (int i = 0; i < (FM_KEY == 64 ? 4 : (int)sizeof(S)) / 2 && FM_KEY >= 32; i++)     \
            m[i] = HALF32(m[2 * i], m[2 * i + 1]);                                            \
        return (bytes)(FM_KEY >= 16 ? HALF16(m[0], m[FM_KEY >= 16]) : m[0]);                  \
    }
COMPARE(above, >)
COMPARE(below, <)
#undef COMPARE

#else
static inline uint64_t bits(bytes b)
{
    uint64_t half[2];
    memcpy(half, &b, sizeof half);
    for (int i = 0; i < 2; i++)
        half[i] = (half[i] >> 7 & 0x0101010101010101u) * 0x0102040810204080u >> 56;
    return half[0] | half[1] << 8;
}
#define COMPARE(name, test)                              \
    static inline bytes name(const S *p, keys x)         \
    {                                                    \
        bytes b;                                         \
        for (int i = 0; i < N; i++)                      \
            b[i] = p[i] test x[0] ? 255 : 0;             \
        return b;                                        \
    }
COMPARE(above, >)
COMPARE(below, <)
#undef COMPARE
#endif

/* Sets order[i] to which of N keys byte i is about. */
static inline void find_order(uint8_t *order)
{
    for (int i = 0; i < N; i++) {
        S at[N] = {0};
        at[i] = 1;
        order[__builtin_ctzll(bits(above(at, (keys){0})))] = (uint8_t)i;
    }
}

#endif
