/* fm_int128 as the compilers' own 128-bit type. */
#ifndef FM_INTSUM_H
#define FM_INTSUM_H

#include "exact.h"
#include "fastmath.h"

static inline fm_wide fm_int128_value(fm_int128 x)
{
    return (fm_wide)x.high * ((fm_wide)1 << 64) + x.low;
}

static inline fm_int128 fm_int128_from(fm_wide value)
{
    return (fm_int128){(uint64_t)value, (int64_t)(value >> 64)};
}

enum { FM_INT_CHUNK = 1 << 15 }; /* elements; the loops in int_chunk.c rest on it */

#endif
