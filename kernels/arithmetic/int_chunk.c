/* Exact sums of one chunk of integers: plain loops, which compilers turn into vectors. */
#include "chunk.h"
#include "intsum.h"
#include "level.h"
#include "lanes.h"

static fm_int128 from_int64(int64_t sum)
{
    return (fm_int128){(uint64_t)sum, sum < 0 ? -1 : 0};
}

/* 2**15 values of at most 16 bits fit in 32, and 2**15 of 32 in 64. */
#define SUM(name, type, total)                                \
    fm_int128 FM_NAME(name)(const void *x, size_t n)          \
    {                                                         \
        typedef type element FM_UNALIGNED;                    \
        const element *values = x;                            \
        total sum = 0;                                        \
        for (size_t i = 0; i < n; i++)                        \
            sum += (total)values[i];                          \
        return from_int64((int64_t)sum);                      \
    }
SUM(fm_chunk_sum_u8, uint8_t, uint32_t)
SUM(fm_chunk_sum_i8, int8_t, int32_t)
SUM(fm_chunk_sum_u16, uint16_t, uint32_t)
SUM(fm_chunk_sum_i16, int16_t, int32_t)
SUM(fm_chunk_sum_u32, uint32_t, uint64_t)
SUM(fm_chunk_sum_i32, int32_t, int64_t)
#undef SUM

fm_int128 FM_NAME(fm_chunk_sum_bool)(const void *x, size_t n)
{
    const unsigned char *values = x;
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] != 0;
    return from_int64(sum);
}

/* The sum of n <= 2**15 unsigned values modulo 2**64, and of their upper halves: these, times 2**32, are
 * less than n * 2**32 < 2**63 below the true sum, which settles it. */
FM_INLINE fm_int128 sum_64(const char *p, size_t n, uint64_t flip)
{
    enum { STREAMS = 4 }; /* as in running.h */
    fm_vu64 low[STREAMS] = {{0}}, high[STREAMS] = {{0}}, flips = fm_splat_u64(flip);
    size_t part = n / (STREAMS * FM_LANES) * FM_LANES, i = 0;
    for (; i < part; i += FM_LANES)
        for (size_t k = 0; k < STREAMS; k++) {
            fm_vu64 v = (fm_vu64)fm_load_f64(p + (k * part + i) * sizeof(uint64_t)) ^ flips;
            low[k] += v;
            high[k] += v >> 32;
        }
    i = STREAMS * part;
    uint64_t lows = fm_add_lanes(low[0] + low[1] + low[2] + low[3]);
    uint64_t highs = fm_add_lanes(high[0] + high[1] + high[2] + high[3]);
    for (; i < n; i++) {
        uint64_t v;
        memcpy(&v, p + i * sizeof v, sizeof v);
        v ^= flip;
        lows += v;
        highs += v >> 32;
    }
    uint64_t above = lows - (highs << 32); /* what the lower halves added, modulo 2**64: all of it */
    fm_uwide sum = ((fm_uwide)highs << 32) + above;
    return fm_int128_from((fm_wide)sum);
}

fm_int128 FM_NAME(fm_chunk_sum_u64)(const void *x, size_t n)
{
    return sum_64(x, n, 0);
}

/* Flipping the sign bit of a signed value adds 2**63 and makes it unsigned. */
fm_int128 FM_NAME(fm_chunk_sum_i64)(const void *x, size_t n)
{
    fm_int128 sum = sum_64(x, n, (uint64_t)1 << 63);
    return fm_int128_from(fm_int128_value(sum) - ((fm_wide)n << 63));
}
