/* Which of 64 points lie in a box, and how many of a column's numbers lie below another.
 *
 * These two are all that constant_time.c and binned.c ask of the machine.
 */
#ifndef FM_MEMBERS_H
#define FM_MEMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(FM_LEVEL_V2) || defined(FM_LEVEL_V3) || defined(FM_LEVEL_V4)
#include <immintrin.h>
#endif

/* A box of points: left <= x < left + width, and so for y. */
typedef struct {
    uint16_t left, top, width, height;
} fm_box;

/* Bit i is set where point i of 64 lies in the box. Distances wrap round, which makes one comparison do. A box is
 * at most 256 wide and high, so that a byte holds one less. */
static inline uint64_t members_8(const uint8_t *x, const uint8_t *y, fm_box box)
{
#if defined(FM_LEVEL_V4)
    __m512i dx = _mm512_sub_epi8(_mm512_loadu_si512(x), _mm512_set1_epi8((char)box.left));
    __m512i dy = _mm512_sub_epi8(_mm512_loadu_si512(y), _mm512_set1_epi8((char)box.top));
    return _mm512_mask_cmple_epu8_mask(_mm512_cmple_epu8_mask(dx, _mm512_set1_epi8((char)(box.width - 1))), dy,
                                       _mm512_set1_epi8((char)(box.height - 1)));
#elif defined(FM_LEVEL_V3)
    const __m256i left = _mm256_set1_epi8((char)box.left), top = _mm256_set1_epi8((char)box.top);
    const __m256i right = _mm256_set1_epi8((char)(box.width - 1));
    const __m256i bottom = _mm256_set1_epi8((char)(box.height - 1));
    uint64_t mask = 0;
    for (int i = 0; i < 2; i++) {
        __m256i dx = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)x + i), left);
        __m256i dy = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)y + i), top);
        __m256i in = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(dx, right), dx),
                                      _mm256_cmpeq_epi8(_mm256_min_epu8(dy, bottom), dy));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << 32 * i;
    }
    return mask;
#elif defined(FM_LEVEL_V2)
    const __m128i left = _mm_set1_epi8((char)box.left), top = _mm_set1_epi8((char)box.top);
    const __m128i right = _mm_set1_epi8((char)(box.width - 1));
    const __m128i bottom = _mm_set1_epi8((char)(box.height - 1));
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i dx = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)x + i), left);
        __m128i dy = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)y + i), top);
        __m128i in = _mm_and_si128(_mm_cmpeq_epi8(_mm_min_epu8(dx, right), dx),
                                   _mm_cmpeq_epi8(_mm_min_epu8(dy, bottom), dy));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(in) << 16 * i;
    }
    return mask;
#else /* a bit for each of eight neighbours, which a multiplication adds up */
    typedef uint8_t points __attribute__((vector_size(16)));
    static const points bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        points dx, dy;
        uint64_t in[2];
        memcpy(&dx, x + 16 * i, sizeof dx);
        memcpy(&dy, y + 16 * i, sizeof dy);
        dx = (points)(dx - (uint8_t)box.left <= (uint8_t)(box.width - 1)) & (points)(dy - (uint8_t)box.top <= (uint8_t)(box.height - 1));
        dx &= bits;
        memcpy(in, &dx, sizeof in);
        for (int half = 0; half < 2; half++)
            mask |= in[half] * 0x0101010101010101u >> 56 << (16 * i + 8 * half);
    }
    return mask;
#endif
}

/* The same for points of wider coordinates. */
static inline uint64_t members_16(const uint16_t *x, const uint16_t *y, fm_box box)
{
    uint64_t mask = 0;
#if defined(FM_LEVEL_V4)
    for (int i = 0; i < 2; i++) {
        __m512i dx = _mm512_sub_epi16(_mm512_loadu_si512(x + 32 * i), _mm512_set1_epi16((short)box.left));
        __m512i dy = _mm512_sub_epi16(_mm512_loadu_si512(y + 32 * i), _mm512_set1_epi16((short)box.top));
        mask |= (uint64_t)_mm512_mask_cmplt_epu16_mask(
                    _mm512_cmplt_epu16_mask(dx, _mm512_set1_epi16((short)box.width)), dy,
                    _mm512_set1_epi16((short)box.height)) << 32 * i;
    }
#elif defined(FM_LEVEL_V3)
    const __m256i left = _mm256_set1_epi16((short)box.left), top = _mm256_set1_epi16((short)box.top);
    const __m256i right = _mm256_set1_epi16((short)(box.width - 1));
    const __m256i bottom = _mm256_set1_epi16((short)(box.height - 1));
    for (int i = 0; i < 2; i++) {
        __m256i in[2];
        for (int k = 0; k < 2; k++) {
            __m256i dx = _mm256_sub_epi16(_mm256_loadu_si256((const __m256i *)x + 2 * i + k), left);
            __m256i dy = _mm256_sub_epi16(_mm256_loadu_si256((const __m256i *)y + 2 * i + k), top);
            in[k] = _mm256_and_si256(_mm256_cmpeq_epi16(_mm256_min_epu16(dx, right), dx),
                                     _mm256_cmpeq_epi16(_mm256_min_epu16(dy, bottom), dy));
        }
        __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(in[0], in[1]), 0xd8);
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(packed) << 32 * i;
    }
#elif defined(FM_LEVEL_V2)
    const __m128i left = _mm_set1_epi16((short)box.left), top = _mm_set1_epi16((short)box.top);
    const __m128i right = _mm_set1_epi16((short)(box.width - 1));
    const __m128i bottom = _mm_set1_epi16((short)(box.height - 1));
    for (int i = 0; i < 4; i++) {
        __m128i in[2];
        for (int k = 0; k < 2; k++) {
            __m128i dx = _mm_sub_epi16(_mm_loadu_si128((const __m128i *)x + 2 * i + k), left);
            __m128i dy = _mm_sub_epi16(_mm_loadu_si128((const __m128i *)y + 2 * i + k), top);
            in[k] = _mm_and_si128(_mm_cmpeq_epi16(_mm_min_epu16(dx, right), dx),
                                  _mm_cmpeq_epi16(_mm_min_epu16(dy, bottom), dy));
        }
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(in[0], in[1])) << 16 * i;
    }
#else
    for (int i = 0; i < 64; i++) {
        unsigned in = (uint16_t)(x[i] - box.left) < box.width && (uint16_t)(y[i] - box.top) < box.height;
        mask |= (uint64_t)in << i;
    }
#endif
    return mask;
}

/* Vectors of numbers: unsigned ones of 16 bits with the top bit flipped, for the sake of signed comparisons. */
#if defined(FM_LEVEL_V4)
typedef int16_t fm_numbers __attribute__((vector_size(64)));
#elif defined(FM_LEVEL_V3)
typedef int16_t fm_numbers __attribute__((vector_size(32)));
#else
typedef int16_t fm_numbers __attribute__((vector_size(16)));
#endif
enum { NUMBERS = sizeof(fm_numbers) / 2 };

static inline fm_numbers load_numbers(const int16_t *p)
{
    fm_numbers v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Of small numbers, as many as a vector holds. */
static inline int sum_numbers(fm_numbers v)
{
#if defined(FM_LEVEL_V4)
    return _mm512_reduce_add_epi32(_mm512_madd_epi16((__m512i)v, _mm512_set1_epi16(1)));
#elif defined(FM_LEVEL_V3) || defined(FM_LEVEL_V2)
#if defined(FM_LEVEL_V3)
    __m128i half = _mm_add_epi16(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
#else
    __m128i half = (__m128i)v;
#endif
    __m128i sum = _mm_madd_epi16(half, _mm_set1_epi16(1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
#else
    int total = 0;
    for (int lane = 0; lane < NUMBERS; lane++)
        total += v[lane];
    return total;
#endif
}

/* How many more numbers of `entering` than of `leaving` are below m. Each has `count`; up to NUMBERS - 1
 * after them are read, and `tail` has all bits set where the last vector's are to be counted. */
static inline int count_change(const int16_t *entering, const int16_t *leaving, int count, int16_t m,
                               fm_numbers tail)
{
    fm_numbers sum = {0};
    int i = 0;
    for (; i < count - NUMBERS; i += NUMBERS)
        sum += (load_numbers(leaving + i) < m) - (load_numbers(entering + i) < m);
    sum += ((load_numbers(leaving + i) < m) - (load_numbers(entering + i) < m)) & tail;
    return sum_numbers(sum);
}

static inline fm_numbers tail_mask(int count)
{
    fm_numbers tail;
    for (int lane = 0; lane < NUMBERS; lane++)
        tail[lane] = lane < (count - 1) % NUMBERS + 1 ? -1 : 0;
    return tail;
}

/* The position of the n-th set bit, from 0. */
static inline int nth_bit(uint64_t word, ptrdiff_t n)
{
#if defined(__BMI2__)
    return (int)_tzcnt_u64(_pdep_u64((uint64_t)1 << n, word));
#else
    for (; n; n--)
        word &= word - 1;
    return __builtin_ctzll(word);
#endif
}

#endif
