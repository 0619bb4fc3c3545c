/* Vectors of keys: V of LANES elements K, with unaligned LOAD and STORE, MIN and MAX, and MAX_BESIDE where the smaller of
 * the two is known.
 *
 * The including file is compiled once per instruction set and per key width; FM_KEY is 8, 16, 32 or 64.
 * Keys of 8 and 16 bits are unsigned, of 32 and 64 bits signed, as the machines' min and max are. Where FM_DOUBLES is
 * defined, those of 64 bits are doubles, see doubles.c. FM_KEYS is what names end in.
 */
#ifndef FM_VECTOR_H
#define FM_VECTOR_H

#include <stdint.h>
#include <string.h>

#if FM_KEY == 8
typedef uint8_t K;
#define KEY_LANE epu8
#elif FM_KEY == 16
typedef uint16_t K;
#define KEY_LANE epu16
#elif FM_KEY == 32
typedef int32_t K;
#define KEY_LANE epi32
#elif FM_KEY == 64
typedef int64_t K;
#define KEY_LANE epi64
#endif

#if defined(FM_DOUBLES)
#define FM_KEYS doubles
#else
#define FM_KEYS FM_KEY
#endif

#define FM_PASTE_(a, b) a##b
#define FM_PASTE(a, b) FM_PASTE_(a, b)

#if defined(FM_LEVEL_V4)
#include <immintrin.h>
typedef __m512i V;
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, v) _mm512_storeu_si512(p, v)
#define MIN(a, b) FM_PASTE(_mm512_min_, KEY_LANE)(a, b)
#define MAX(a, b) FM_PASTE(_mm512_max_, KEY_LANE)(a, b)

#elif defined(FM_LEVEL_V3)
#include <immintrin.h>
typedef __m256i V;
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#if defined(FM_DOUBLES)
#define MIN(a, b) ((V)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define MAX(a, b) ((V)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#elif FM_KEY == 64 /* the two share one comparison */
#define MIN(a, b) _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b))
#define MAX(a, b) _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b))
#else
#define MIN(a, b) FM_PASTE(_mm256_min_, KEY_LANE)(a, b)
#define MAX(a, b) FM_PASTE(_mm256_max_, KEY_LANE)(a, b)
#endif

#elif defined(FM_LEVEL_V2)
#include <nmmintrin.h>
typedef __m128i V;
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)
#if FM_KEY == 64
#define MIN(a, b) _mm_blendv_epi8(a, b, _mm_cmpgt_epi64(a, b))
#define MAX(a, b) _mm_blendv_epi8(b, a, _mm_cmpgt_epi64(a, b))
#else
#define MIN(a, b) FM_PASTE(_mm_min_, KEY_LANE)(a, b)
#define MAX(a, b) FM_PASTE(_mm_max_, KEY_LANE)(a, b)
#endif

#else /* the compiler's own vectors, on any machine; NEON has these as single instructions */
typedef K V __attribute__((vector_size(16)));
static inline V LOAD(const K *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void STORE(K *p, V v)
{
    memcpy(p, &v, sizeof v);
}
#if defined(FM_LEVEL_NEON) && FM_KEY != 64
#include <arm_neon.h>
#define KEY_NEON FM_PASTE(FM_PASTE(q_, FM_NEON_SIGN), FM_KEY)
#if FM_KEY < 32
#define FM_NEON_SIGN u
#else
#define FM_NEON_SIGN s
#endif
#define MIN(a, b) ((V)FM_PASTE(vmin, KEY_NEON)(a, b))
#define MAX(a, b) ((V)FM_PASTE(vmax, KEY_NEON)(a, b))
#else
static inline V MIN(V a, V b)
{
    V greater = (V)(a > b);
    return (b & greater) | (a & ~greater);
}
static inline V MAX(V a, V b)
{
    V greater = (V)(a > b);
    return (a & greater) | (b & ~greater);
}
#endif
#endif

#if defined(FM_DOUBLES) && defined(FM_LEVEL_V3) /* half as many pipes make minima of doubles as logic */
#define MAX_BESIDE(smaller, a, b) ((V)_mm256_xor_pd(_mm256_xor_pd((__m256d)(a), (__m256d)(b)), (__m256d)(smaller)))
#elif FM_KEY == 64 && !defined(FM_LEVEL_V4) /* a maximum is more than one instruction */
#define MAX_BESIDE(smaller, a, b) ((V)((a) ^ (b) ^ (smaller)))
#else
#define MAX_BESIDE(smaller, a, b) MAX(a, b)
#endif

enum { LANES = sizeof(V) / sizeof(K) };

#endif
