/* Outputs written past the caches, where they would only push out of these what is still to be read: a line of
 * memory is then not read before it is written. */
#ifndef FM_STREAM_H
#define FM_STREAM_H

#include "array.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { FM_LINE = 64 }; /* bytes of a line of memory, which are written together */

#if defined(FM_LEVEL_V4)
#define STREAM(to, from) _mm512_stream_si512((void *)(to), _mm512_loadu_si512(from))
enum { STREAMED = 64 };
#elif defined(FM_LEVEL_V3)
#define STREAM(to, from) _mm256_stream_si256((__m256i *)(void *)(to), _mm256_loadu_si256((const void *)(from)))
enum { STREAMED = 32 };
#elif defined(__x86_64__)
#define STREAM(to, from) _mm_stream_si128((__m128i *)(void *)(to), _mm_loadu_si128((const void *)(from)))
enum { STREAMED = 16 };
#endif

/* Whether an array is large enough, and its elements along the axis lie side by side. */
static inline int is_streamed(const fm_array *array, int axis)
{
    enum { LARGE = 4 << 20 };
    const ptrdiff_t size = fm_key_types[array->type].size;
    ptrdiff_t bytes = size;
    for (int d = 0; d < array->ndim; d++)
        bytes *= array->shape[d];
    return bytes >= LARGE && !array->suboffsets && array->strides[axis] == size;
}

/* Writes whole lines past the caches. */
static inline void stream(char *to, const char *from, ptrdiff_t bytes)
{
#if defined(STREAM)
    ptrdiff_t at = (ptrdiff_t)(-(uintptr_t)to % FM_LINE);
    at = at < bytes ? at : bytes;
    memcpy(to, from, (size_t)at);
    for (; at + FM_LINE <= bytes; at += FM_LINE)
#pragma GCC unroll 4
        for (int i = 0; i < FM_LINE; i += STREAMED)
            STREAM(to + at + i, from + at + i);
    memcpy(to + at, from + at, (size_t)(bytes - at));
#else
    memcpy(to, from, (size_t)bytes);
#endif
}

/* Writes keys to an array that is streamed; `spare` has room for as many. */
static inline void stream_keys(const fm_array *array, const ptrdiff_t *at, ptrdiff_t count, const void *keys,
                               void *spare)
{
    const fm_key_type type = fm_key_types[array->type];
    if (type.kind != KEY_SAME || array->swapped) {
        fm_active->write_keys(spare, type.size, count, type, array->swapped, keys);
        keys = spare;
    }
    stream(fm_address(array, at), keys, count * type.size);
}

/* Writes a row of keys, past the caches or not; `spare` has room for as many. */
static inline void write_row_of_keys(const fm_array *array, const ptrdiff_t *at, int axis, ptrdiff_t count,
                                     const void *keys, void *spare, int streamed)
{
    if (streamed)
        stream_keys(array, at, count, keys, spare);
    else
        fm_write_keys(array, at, axis, count, keys);
}

/* So that other threads find what was streamed before what is written afterwards. */
static inline void end_streaming(void)
{
#if defined(STREAM)
    _mm_sfence();
#endif
}

#endif
