/* The histograms of histogram.c and counted_bytes.c, for windows of up to 255 a side and for larger ones. */
#ifndef FM_HISTOGRAMS_H
#define FM_HISTOGRAMS_H

#include "engine.h"
#include "missing.h"
#include "vector.h"

enum {
    BINS = 16,       /* of a half of a key */
    LOOK_EVERY = 16, /* rows, for whether to stop */
};

/* WIDEN reads counts into a vector of WIDE bytes; SET_BYTES is how many bytes of a mask are set. */
#if defined(FM_LEVEL_V3) || defined(FM_LEVEL_V4)
#define WIDE 32
#define WIDEN_8(p) ((wide_8)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(p))))
#define WIDEN_16(p) ((wide_16)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p))))
#define SET_BYTES(mask) (unsigned)__builtin_popcount((unsigned)_mm256_movemask_epi8((__m256i)(mask)))
#elif defined(FM_LEVEL_V2)
#define WIDE 16
#define WIDEN_8(p) ((wide_8)_mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)(p))))
#define WIDEN_16(p) ((wide_16)_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p))))
#define SET_BYTES(mask) (unsigned)__builtin_popcount((unsigned)_mm_movemask_epi8((__m128i)(mask)))
#endif

#define COLUMN uint8_t
#define TOTAL uint16_t
#define COUNTS(name) FM_JOIN(name, 8)
#include "histogram_counts.h"
#undef COLUMN
#undef TOTAL
#undef COUNTS
#define COLUMN uint16_t
#define TOTAL uint32_t
#define COUNTS(name) FM_JOIN(name, 16)
#include "histogram_counts.h"

#endif
