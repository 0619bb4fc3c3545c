/* Elements to keys and back, a row at a time. Compiled once per instruction set. */
#include "keys.h"

#include <string.h>

/* Sign and magnitude to the order of signed integers and back: where the sign is set, flip the other bits.
 * `nan` is the positive quiet NaN, which is above every number. */
#define FLOAT_KEY(S, U, bits, magnitude, infinity, nan)                                           \
    static inline U fold_##bits(U x)                                                              \
    {                                                                                             \
        return x ^ ((U)((S)x >> (bits - 1)) & magnitude);                                         \
    }                                                                                             \
    static inline U float_key_##bits(U x)                                                         \
    {                                                                                             \
        return fold_##bits((x & magnitude) > infinity ? nan : x);                                 \
    }
FLOAT_KEY(int16_t, uint16_t, 16, 0x7fffu, 0x7c00u, 0x7e00u)
FLOAT_KEY(int32_t, uint32_t, 32, 0x7fffffffu, 0x7f800000u, 0x7fc00000u)
FLOAT_KEY(int64_t, uint64_t, 64, 0x7fffffffffffffffu, 0x7ff0000000000000u, 0x7ff8000000000000u)

static inline uint8_t swap_8(uint8_t x) { return x; }
static inline uint16_t swap_16(uint16_t x) { return __builtin_bswap16(x); }
static inline uint32_t swap_32(uint32_t x) { return __builtin_bswap32(x); }
static inline uint64_t swap_64(uint64_t x) { return __builtin_bswap64(x); }

static inline uint8_t same_8(uint8_t x) { return x; }
static inline uint16_t same_16(uint16_t x) { return x; }
static inline uint32_t same_32(uint32_t x) { return x; }
static inline uint64_t same_64(uint64_t x) { return x; }

static inline uint8_t flip_8(uint8_t x) { return x ^ 0x80u; }
static inline uint16_t flip_16(uint16_t x) { return x ^ 0x8000u; }
static inline uint32_t flip_32(uint32_t x) { return x ^ 0x80000000u; }
static inline uint64_t flip_64(uint64_t x) { return x ^ 0x8000000000000000u; }

/* Keys of 16 bits are unsigned, so a float16 is flipped besides. */
static inline uint16_t read_float_16(uint16_t x) { return flip_16(float_key_16(x)); }
static inline uint16_t write_float_16(uint16_t x) { return fold_16(flip_16(x)); }
#define read_float_32 float_key_32
#define write_float_32 fold_32
#define read_float_64 float_key_64
#define write_float_64 fold_64

/* One loop per conversion; a stride of one element gets a loop of its own, which vectorises. */
#define LOOP(U, count, from, from_stride, to, to_stride, expression)                              \
    do {                                                                                          \
        if ((from_stride) == sizeof(U) && (to_stride) == sizeof(U))                               \
            for (ptrdiff_t i = 0; i < count; i++) {                                               \
                U x;                                                                              \
                memcpy(&x, from + i * (ptrdiff_t)sizeof(U), sizeof x);                            \
                x = expression;                                                                   \
                memcpy(to + i * (ptrdiff_t)sizeof(U), &x, sizeof x);                              \
            }                                                                                     \
        else                                                                                      \
            for (ptrdiff_t i = 0; i < count; i++) {                                               \
                U x;                                                                              \
                memcpy(&x, from + i * (from_stride), sizeof x);                                   \
                x = expression;                                                                   \
                memcpy(to + i * (to_stride), &x, sizeof x);                                       \
            }                                                                                     \
    } while (0)

#define CONVERT(U, bits, direction, before, after)                                                \
    static void direction##_##bits(const char *restrict from, ptrdiff_t from_stride, ptrdiff_t count, \
                                   unsigned kind, int swapped, char *restrict to, ptrdiff_t to_stride) \
    {                                                                                             \
        if (kind == KEY_SAME && !swapped && from_stride == sizeof(U) && to_stride == sizeof(U))   \
            memcpy(to, from, (size_t)count * sizeof(U));                                          \
        else if (kind == KEY_SAME && !swapped)                                                    \
            LOOP(U, count, from, from_stride, to, to_stride, same_##bits(x));                     \
        else if (kind == KEY_SAME)                                                                \
            LOOP(U, count, from, from_stride, to, to_stride, swap_##bits(x));                     \
        else if (kind == KEY_FLIP && !swapped)                                                    \
            LOOP(U, count, from, from_stride, to, to_stride, flip_##bits(x));                     \
        else if (kind == KEY_FLIP)                                                                \
            LOOP(U, count, from, from_stride, to, to_stride, after(flip_##bits(before(x))));      \
        else if (!swapped)                                                                        \
            LOOP(U, count, from, from_stride, to, to_stride, direction##_float_##bits(x));        \
        else                                                                                      \
            LOOP(U, count, from, from_stride, to, to_stride, after(direction##_float_##bits(before(x)))); \
    }

static inline uint8_t read_float_8(uint8_t x) { return x; } /* there is no float of 8 bits */
#define write_float_8 read_float_8

CONVERT(uint8_t, 8, read, swap_8, same_8)
CONVERT(uint16_t, 16, read, swap_16, same_16)
CONVERT(uint32_t, 32, read, swap_32, same_32)
CONVERT(uint64_t, 64, read, swap_64, same_64)
CONVERT(uint8_t, 8, write, same_8, swap_8)
CONVERT(uint16_t, 16, write, same_16, swap_16)
CONVERT(uint32_t, 32, write, same_32, swap_32)
CONVERT(uint64_t, 64, write, same_64, swap_64)

void FM_NAME(read_keys)(const char *elements, ptrdiff_t stride, ptrdiff_t count, fm_key_type type, int swapped,
                        void *keys)
{
    switch (type.size) {
    case 1: read_8(elements, stride, count, type.kind, swapped, keys, 1); break;
    case 2: read_16(elements, stride, count, type.kind, swapped, keys, 2); break;
    case 4: read_32(elements, stride, count, type.kind, swapped, keys, 4); break;
    case 8: read_64(elements, stride, count, type.kind, swapped, keys, 8); break;
    }
}

void FM_NAME(write_keys)(char *elements, ptrdiff_t stride, ptrdiff_t count, fm_key_type type, int swapped,
                         const void *keys)
{
    switch (type.size) {
    case 1: write_8(keys, 1, count, type.kind, swapped, elements, stride); break;
    case 2: write_16(keys, 2, count, type.kind, swapped, elements, stride); break;
    case 4: write_32(keys, 4, count, type.kind, swapped, elements, stride); break;
    case 8: write_64(keys, 8, count, type.kind, swapped, elements, stride); break;
    }
}
