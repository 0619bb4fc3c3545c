/* Floats of every width, byte order and place as vectors of doubles: what columns_block.c reads. */
#ifndef FM_ELEMENTS_H
#define FM_ELEMENTS_H

#include "columns.h"
#include "lanes.h"

/* A vector's worth of narrower elements. */
typedef uint32_t fm_half_u32 __attribute__((vector_size(FM_VEC_BYTES / 2)));
typedef uint16_t fm_quarter_u16 __attribute__((vector_size(FM_VEC_BYTES / 4)));

FM_INLINE fm_vu64 fm_swap_u64(fm_vu64 v)
{
#if defined(__AVX512BW__)
    const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
    return (fm_vu64)_mm512_shuffle_epi8((__m512i)v, order);
#elif defined(__AVX2__)
    const __m256i order = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
    return (fm_vu64)_mm256_shuffle_epi8((__m256i)v, order);
#else
    v = (v >> 8 & 0x00ff00ff00ff00ff) | (v & 0x00ff00ff00ff00ff) << 8;
    v = (v >> 16 & 0x0000ffff0000ffff) | (v & 0x0000ffff0000ffff) << 16;
    return v >> 32 | v << 32;
#endif
}

FM_INLINE fm_vf64 fm_widen_f32(fm_half_u32 v, int swapped)
{
    if (swapped) {
        v = (v >> 8 & 0x00ff00ff) | (v & 0x00ff00ff) << 8;
        v = v >> 16 | v << 16;
    }
    return fm_load_f32(&v);
}

/* The bits of a half, moved to their places in a double, are a number 2**1008 times too small; infinities and NaNs
 * need all of a double's exponent. */
FM_INLINE fm_vf64 fm_widen_f16(fm_quarter_u16 v, int swapped)
{
    if (swapped)
        v = (fm_quarter_u16)(v >> 8 | v << 8);
    fm_vu64 half = __builtin_convertvector(v, fm_vu64), magnitude = half & 0x7fff;
    fm_vu64 special = (fm_vu64)((fm_vi64)magnitude >= 0x7c00) & fm_splat_u64((uint64_t)0x7ff << 52);
    return (fm_vf64)(magnitude << 42 | half >> 15 << 63 | special) * 0x1p1008;
}

FM_INLINE ptrdiff_t fm_float_size(fm_type type)
{
    return type == FM_F64 ? 8 : type == FM_F32 ? 4 : 2;
}

/* Neighbours. */
FM_INLINE fm_vf64 fm_load_elements(const char *p, fm_type type, int swapped)
{
    if (type == FM_F64)
        return swapped ? (fm_vf64)fm_swap_u64((fm_vu64)fm_load_f64(p)) : fm_load_f64(p);
    if (type == FM_F32) {
        fm_half_u32 v;
        memcpy(&v, p, sizeof v);
        return fm_widen_f32(v, swapped);
    }
    fm_quarter_u16 v;
    memcpy(&v, p, sizeof v);
    return fm_widen_f16(v, swapped);
}

/* Elements that lie apart. */
FM_INLINE fm_vf64 fm_gather_elements(const char *const at[FM_LANES], ptrdiff_t offset, fm_type type, int swapped)
{
    if (type == FM_F64) {
        double x[FM_LANES];
        for (int l = 0; l < FM_LANES; l++)
            memcpy(x + l, at[l] + offset, sizeof *x);
        fm_vf64 v = fm_load_f64(x);
        return swapped ? (fm_vf64)fm_swap_u64((fm_vu64)v) : v;
    }
    if (type == FM_F32) {
        fm_half_u32 v;
        for (int l = 0; l < FM_LANES; l++) {
            uint32_t x;
            memcpy(&x, at[l] + offset, sizeof x);
            v[l] = x;
        }
        return fm_widen_f32(v, swapped);
    }
    fm_quarter_u16 v;
    for (int l = 0; l < FM_LANES; l++) {
        uint16_t x;
        memcpy(&x, at[l] + offset, sizeof x);
        v[l] = x;
    }
    return fm_widen_f16(v, swapped);
}

/* Exchanges blocks of `size` elements of rows that many apart, from blocks of 1 on: a transposition in the end. */
#if defined(__AVX512F__)
#define FM_EXCHANGES                                                                                         \
    FM_EXCHANGE(1, (0, 8, 2, 10, 4, 12, 6, 14), (1, 9, 3, 11, 5, 13, 7, 15))                               \
    FM_EXCHANGE(2, (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15))                               \
    FM_EXCHANGE(4, (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))
#elif defined(__AVX2__)
#define FM_EXCHANGES FM_EXCHANGE(1, (0, 4, 2, 6), (1, 5, 3, 7)) FM_EXCHANGE(2, (0, 1, 4, 5), (2, 3, 6, 7))
#else
#define FM_EXCHANGES FM_EXCHANGE(1, (0, 2), (1, 3))
#endif
#define FM_UNPACK(...) __VA_ARGS__

FM_INLINE void fm_transpose(fm_vf64 v[FM_LANES])
{
#define FM_EXCHANGE(size, first, second)                                                    \
    for (int i = 0; i < FM_LANES; i++)                                                      \
        if (!(i & size)) {                                                                  \
            fm_vf64 a = v[i], b = v[i + size];                                              \
            v[i] = __builtin_shufflevector(a, b, FM_UNPACK first);                          \
            v[i + size] = __builtin_shufflevector(a, b, FM_UNPACK second);                  \
        }
    FM_EXCHANGES
#undef FM_EXCHANGE
}

/* A vector of columns from column c on, row by row, `pitch` doubles apart. */
FM_INLINE void fm_read_elements(const fm_columns *s, fm_placement placement, size_t c, const char *p, ptrdiff_t stride,
                                size_t rows, double *to, size_t pitch, fm_type type, int swapped)
{
    ptrdiff_t size = fm_float_size(type);
    if (placement == FM_SIDE_BY_SIDE) {
        p += (ptrdiff_t)c * size;
        for (size_t r = 0; r < rows; r++, p += stride) {
            fm_vf64 v = fm_load_elements(p, type, swapped);
            memcpy(to + r * pitch, &v, sizeof v);
        }
        return;
    }
    const char *at[FM_LANES];
    for (int l = 0; l < FM_LANES; l++)
        at[l] = p + s->lane[c + (size_t)l];
    size_t r = 0;
    for (; placement == FM_ALONG && stride == size && r + FM_LANES <= rows; r += FM_LANES) {
        fm_vf64 v[FM_LANES];
        for (int l = 0; l < FM_LANES; l++)
            v[l] = fm_load_elements(at[l] + (ptrdiff_t)r * size, type, swapped);
        fm_transpose(v);
        for (size_t l = 0; l < FM_LANES; l++)
            memcpy(to + (r + l) * pitch, v + l, sizeof *v);
    }
    for (; r < rows; r++) {
        fm_vf64 v = fm_gather_elements(at, (ptrdiff_t)r * stride, type, swapped);
        memcpy(to + r * pitch, &v, sizeof v);
    }
}

/* What a macro makes of each type and byte order as constants. */
#define FM_FOR_TYPE(type, swapped, DO)                      \
    switch (type) {                                         \
    case FM_F16:                                            \
        (swapped) ? DO(FM_F16, 1) : DO(FM_F16, 0);          \
        break;                                              \
    case FM_F32:                                            \
        (swapped) ? DO(FM_F32, 1) : DO(FM_F32, 0);          \
        break;                                              \
    default:                                                \
        (swapped) ? DO(FM_F64, 1) : DO(FM_F64, 0);          \
    }

static void fm_read_rows(const fm_columns *s, fm_placement placement, size_t c, const char *p, ptrdiff_t stride,
                         size_t rows, double *to, size_t pitch)
{
#define FM_READ(type, swapped) fm_read_elements(s, placement, c, p, stride, rows, to, pitch, type, swapped)
    FM_FOR_TYPE(s->type, s->swapped, FM_READ)
#undef FM_READ
}

#endif
