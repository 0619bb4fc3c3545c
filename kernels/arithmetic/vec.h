/* The vectors of the instruction set a file is compiled for, through GCC's and Clang's vector types. */
#ifndef FM_VEC_H
#define FM_VEC_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
enum { FM_VEC_BYTES = 64 };
#define FM_EVEN_LANES 0, 8, 2, 10, 4, 12, 6, 14
#elif defined(__AVX2__)
enum { FM_VEC_BYTES = 32 };
#define FM_EVEN_LANES 0, 4, 2, 6
#else
enum { FM_VEC_BYTES = 16 };
#define FM_EVEN_LANES 0, 2
#endif
enum { FM_LANES = FM_VEC_BYTES / 8 }; /* of 64 bits */

typedef double fm_vf64 __attribute__((vector_size(FM_VEC_BYTES)));
typedef uint64_t fm_vu64 __attribute__((vector_size(FM_VEC_BYTES)));
typedef int64_t fm_vi64 __attribute__((vector_size(FM_VEC_BYTES)));

#define FM_INLINE static inline __attribute__((always_inline))

FM_INLINE fm_vf64 fm_load_f64(const void *p)
{
    fm_vf64 v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Every other one of two vectors' elements, in some order: one instruction. */
FM_INLINE fm_vf64 fm_evens_f64(fm_vf64 a, fm_vf64 b)
{
    return __builtin_shufflevector(a, b, FM_EVEN_LANES);
}

FM_INLINE fm_vf64 fm_splat_f64(double x)
{
    return x - (fm_vf64){0};
}

FM_INLINE fm_vu64 fm_splat_u64(uint64_t x)
{
    return x - (fm_vu64){0};
}

FM_INLINE fm_vf64 fm_abs_f64(fm_vf64 v)
{
    return (fm_vf64)((fm_vu64)v & fm_splat_u64(UINT64_MAX >> 1));
}

/* chosen ? a : b, where every lane of `chosen` is all ones or zero */
FM_INLINE fm_vf64 fm_select_f64(fm_vi64 chosen, fm_vf64 a, fm_vf64 b)
{
    return (fm_vf64)(((fm_vi64)a & chosen) | ((fm_vi64)b & ~chosen));
}

/* The larger of two numbers, b if there is a NaN: what compilers make no single instruction of otherwise. */
FM_INLINE fm_vf64 fm_max_f64(fm_vf64 a, fm_vf64 b)
{
#if defined(__AVX512F__)
    return (fm_vf64)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
    return (fm_vf64)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
    return (fm_vf64)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return fm_select_f64(a > b, a, b);
#endif
}

/* 2**exponent, for the exponents of normal numbers. */
FM_INLINE double fm_power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* As many floats as doubles. Compilers make several instructions of __builtin_convertvector. */
FM_INLINE fm_vf64 fm_load_f32(const void *p)
{
#if defined(__AVX512F__)
    return (fm_vf64)_mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined(__AVX2__)
    return (fm_vf64)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
    float __attribute__((vector_size(FM_VEC_BYTES / 2))) v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, fm_vf64);
#endif
}

/* a * b + c rounded once where FM_HAS_FMA. */
#if defined(__AVX512F__)
#define FM_HAS_FMA 1
FM_INLINE fm_vf64 fm_fma_f64(fm_vf64 a, fm_vf64 b, fm_vf64 c)
{
    return (fm_vf64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#elif defined(__FMA__) && defined(__AVX2__)
#define FM_HAS_FMA 1
FM_INLINE fm_vf64 fm_fma_f64(fm_vf64 a, fm_vf64 b, fm_vf64 c)
{
    return (fm_vf64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#elif defined(__aarch64__)
#define FM_HAS_FMA 1
FM_INLINE fm_vf64 fm_fma_f64(fm_vf64 a, fm_vf64 b, fm_vf64 c)
{
    return (fm_vf64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
#define FM_HAS_FMA 0
FM_INLINE fm_vf64 fm_fma_f64(fm_vf64 a, fm_vf64 b, fm_vf64 c) /* rounded twice */
{
    return a * b + c;
}
#endif

#endif
