/* Chunks: the pieces that arrays are cut into, and types to read them where they are not aligned. */
#ifndef FM_CHUNK_H
#define FM_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum {
    FM_STRIP = 512,    /* columns that are summed side by side */
    FM_STRIP_ROOM = 8, /* elements that a vector may read and write past the last column's sums */
    FM_BLOCK = 8192,   /* elements that are summed quickly at a time; the bound in running.h rests on it */
    FM_CHUNK = 2048,   /* elements that are copied, or added exactly, at a time. Two such chunks fit in L1 */
    FM_SUMS_MAX = 32,  /* sums that a block of floats comes to */
    FM_LEVELS_MAX = 4, /* extraction levels that fit in registers */
    FM_LEVEL_BITS = 52,
    FM_LOWEST_UNIT = -1074, /* exponents e, so that 1.5 * 2**(e + 52) is normal and finite */
    FM_HIGHEST_UNIT = 970,
    FM_LOWEST_RUNNING = -511, /* the same for running.h */
    FM_HIGHEST_RUNNING = 459
};

#define FM_UNALIGNED __attribute__((aligned(1), may_alias))
typedef uint16_t fm_unaligned_u16 FM_UNALIGNED;
typedef uint32_t fm_unaligned_u32 FM_UNALIGNED;
typedef uint64_t fm_unaligned_u64 FM_UNALIGNED;

#endif
