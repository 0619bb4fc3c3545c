/* Elements of every type as doubles. */
#include "widen.h"

#include <math.h>
#include <string.h>

/* The bits of a half, moved to their places in a double, are a number 2**1008 times too small; infinities and NaNs
 * need all of a double's exponent. */
static inline double from_half(uint16_t half)
{
    uint64_t magnitude = half & 0x7fff, bits = magnitude << 42 | (uint64_t)(half >> 15) << 63;
    bits |= magnitude >= 0x7c00 ? (uint64_t)0x7ff << 52 : 0;
    double small;
    memcpy(&small, &bits, sizeof small);
    return small * 0x1p1008;
}

static uint16_t to_half(double x)
{
    uint16_t sign = signbit(x) ? 0x8000 : 0;
    double magnitude = fabs(x);
    if (isnan(x))
        return sign | 0x7e00;
    if (magnitude >= 65520) /* halfway between the largest half and 2**16 */
        return sign | 0x7c00;
    int exponent; /* magnitude < 2**exponent */
    frexp(magnitude, &exponent);
    if (magnitude == 0 || exponent < -13)
        exponent = -13;
    int units = (int)nearbyint(ldexp(magnitude, 11 - exponent)); /* of 2**(exponent - 11) */
    return (uint16_t)(sign + ((exponent + 13) << 10) + units);   /* the leading bit is one in the exponent */
}

#define EACH(type, expression)                                 \
    {                                                          \
        const type *x = from;                                  \
        for (size_t i = 0; i < n; i++)                         \
            to[i] = (expression);                              \
        return 1;                                              \
    }

int fm_widen(fm_type type, const void *from, size_t n, double *to)
{
    switch (type) {
    case FM_BOOL:
        EACH(uint8_t, x[i] != 0)
    case FM_U8:
        EACH(uint8_t, x[i])
    case FM_I8:
        EACH(int8_t, x[i])
    case FM_U16:
        EACH(uint16_t, x[i])
    case FM_I16:
        EACH(int16_t, x[i])
    case FM_U32:
        EACH(uint32_t, x[i])
    case FM_I32:
        EACH(int32_t, x[i])
    case FM_F16:
        EACH(uint16_t, from_half(x[i]))
    case FM_F32:
        EACH(float, (double)x[i])
    case FM_U64: {
        const uint64_t *x = from;
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++) {
            any |= x[i];
            to[i] = (double)x[i];
        }
        return any < (uint64_t)1 << 53;
    }
    case FM_I64: {
        const int64_t *x = from;
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++) {
            any |= (uint64_t)(x[i] < 0 ? ~x[i] : x[i]);
            to[i] = (double)x[i];
        }
        return any < (uint64_t)1 << 53;
    }
    default:
        memcpy(to, from, n * sizeof *to);
        return 1;
    }
}
#undef EACH

void fm_widen_in_two(fm_type type, const void *from, size_t n, double *high, double *low)
{
    const uint64_t *x = from;
    for (size_t i = 0; i < n; i++) {
        uint64_t upper = x[i] & 0xffffffff00000000;
        high[i] = type == FM_U64 ? (double)upper : (double)(int64_t)upper;
        low[i] = (double)(x[i] & 0xffffffff);
    }
}

void fm_narrow(fm_type type, const double *from, size_t n, void *to)
{
    float *floats = to;
    uint16_t *halves = to;
    for (size_t i = 0; i < n; i++)
        if (type == FM_F32)
            floats[i] = (float)from[i];
        else
            halves[i] = to_half(from[i]);
}
