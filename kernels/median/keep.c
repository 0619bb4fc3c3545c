/* A row of medians, in the place of which elements are put that are no outliers.
 *
 * Unsigned arithmetic wraps, so that the larger of two integers less the smaller is right in every type. Differences of
 * floats are rounded as those of doubles. That of two float32 is, as float32, the double rounded (53 bits are twice 24
 * and 2 more: Figueroa, When is double rounding innocuous?, 1995), and rounding keeps the order: where it is not equal to
 * the threshold, rounded alike, it is on the same side of it as the double is. Where it is, doubles have to tell.
 * Compiled once per instruction set and key width.
 */
#include "missing.h"
#include "vector.h"

#include <math.h>

#define KEEP(name) FM_NAME(FM_JOIN(name, FM_KEY))
#define ALWAYS static inline __attribute__((always_inline))

typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
typedef FM_PASTE(FM_PASTE(int, FM_KEY), _t) S;

/* A loop over elements x and medians y; EXCEEDS is whether their distance does, on the side that is asked for. NaN does
 * not exceed anything and is not exceeded, such as infinitely many of no deviation. */
#define EACH(T, EXCEEDS)                                      \
    for (ptrdiff_t i = 0; i < count; i++) {                   \
        const T x = elements[i], y = medians[i];              \
        const int exceeds = EXCEEDS;                          \
        medians[i] = exceeds ? y : x;                         \
        replaced[i] = (uint8_t)exceeds;                       \
    }

/* Of integers, 0 on the other side. */
#define DISTANCE(x, y, side) \
    ((U)((U)((side) != FM_DARK && (x) > (y) ? (x) : (y)) - (U)((side) != FM_BRIGHT && (x) < (y) ? (x) : (y))))

#define INTEGERS(name, T)                                                                                         \
    ALWAYS void name(const T *restrict elements, T *restrict medians, ptrdiff_t count, fm_side side, U limit,     \
                     uint8_t *restrict replaced)                                                                  \
    {                                                                                                             \
        EACH(T, DISTANCE(x, y, side) > limit)                                                                     \
    }                                                                                                             \
    ALWAYS void name##_far(const T *restrict elements, const T *restrict medians, ptrdiff_t count, fm_side side,  \
                           U *restrict far)                                                                       \
    {                                                                                                             \
        for (ptrdiff_t i = 0; i < count; i++)                                                                     \
            far[i] = DISTANCE(elements[i], medians[i], side);                                                     \
    }

INTEGERS(keep_unsigned, U)
INTEGERS(keep_signed, S)

/* Of distances: a loop with as little in it as this is made vectors of for every width. */
ALWAYS void compare(const U *restrict far, const U *restrict deviations, ptrdiff_t count, double factor,
                    uint8_t *restrict replaced)
{
    for (ptrdiff_t i = 0; i < count; i++)
        replaced[i] = (double)far[i] > (double)deviations[i] * factor;
}

/* The same in integers, of which vectors hold more: for a factor between two others, which are equal, or so far from it
 * that the product of doubles, as it is rounded, lies between theirs. Returns whether for some these do not agree. */
#if FM_KEY == 8
typedef struct {
    uint16_t low, low_part, high, high_part; /* these and so many 65536ths */
} range;

static range range_around(double factor)
{
    const double parts = floor(factor * 65536);
    const uint32_t low = (uint32_t)parts, high = low + (parts == factor * 65536 ? 0 : 2);
    return (range){(uint16_t)(low >> 16), (uint16_t)low, (uint16_t)(high >> 16), (uint16_t)high};
}

/* A multiple, rounded down. */
ALWAYS uint16_t multiple(U x, uint16_t whole, uint16_t part)
{
    return (uint16_t)((uint16_t)(x * whole) + (uint16_t)(((uint32_t)x * part) >> 16));
}

static int is_exact(range r)
{
    return r.low == r.high && r.low_part == r.high_part;
}

ALWAYS int compare_range(const U *restrict far, const U *restrict deviations, ptrdiff_t count, range r, int exact,
                         uint8_t *restrict replaced)
{
    uint8_t unclear = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint8_t may = far[i] > multiple(deviations[i], r.low, r.low_part);
        const uint8_t must = exact ? may : far[i] > multiple(deviations[i], r.high, r.high_part);
        unclear |= may ^ must;
        replaced[i] = must;
    }
    return unclear;
}
#elif FM_KEY == 16
typedef struct {
    uint32_t times; /* of 1 / 2**shift is the lower factor, */
    int is_exact;   /* or else two more the higher one */
    int shift;
} range;

static range range_around(double factor)
{
    range r = {0};
    while (r.shift < 16 && factor != floor(factor) && 2 * factor < (U)-2) {
        factor *= 2;
        r.shift++;
    }
    r.times = (uint32_t)factor;
    r.is_exact = r.times == factor;
    return r;
}

static int is_exact(range r)
{
    return r.is_exact;
}

ALWAYS int compare_range(const U *restrict far, const U *restrict deviations, ptrdiff_t count, range r, int exact,
                         uint8_t *restrict replaced)
{
    uint32_t unclear = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint32_t distance = (uint32_t)far[i] << r.shift, least = (uint32_t)deviations[i] * r.times;
        const uint32_t most = exact ? least : least + 2 * (uint32_t)deviations[i];
        const int must = distance > most;
        unclear |= (distance > least) ^ must;
        replaced[i] = (uint8_t)must;
    }
    return unclear != 0;
}
#endif

#if FM_KEY <= 16
/* Not inlined, for all sides share it. */
static __attribute__((noinline)) int compare_whole(const U *far, const U *deviations, ptrdiff_t count, range r,
                                                   uint8_t *replaced)
{
    return is_exact(r) ? compare_range(far, deviations, count, r, 1, replaced)
                       : compare_range(far, deviations, count, r, 0, replaced);
}
#endif

ALWAYS void keep_by_deviations(int has_sign, const U *elements, U *medians, const U *deviations, ptrdiff_t count,
                               fm_side side, double factor, uint8_t *replaced)
{
    enum { SOME = 256 };
    U far[SOME];
#if FM_KEY <= 16
    const int is_small = factor < (U)-2;
    const range around = is_small ? range_around(factor) : (range){0};
#endif
    for (ptrdiff_t i = 0; i < count; i += SOME) {
        const ptrdiff_t some = count - i < SOME ? count - i : SOME;
        if (has_sign)
            keep_signed_far((const S *)elements + i, (const S *)medians + i, some, side, far);
        else
            keep_unsigned_far(elements + i, medians + i, some, side, far);
#if FM_KEY <= 16
        if (!is_small || compare_whole(far, deviations + i, some, around, replaced + i))
#endif
            compare(far, deviations + i, some, factor, replaced + i);
        for (ptrdiff_t k = i; k < i + some; k++) {
            const U x = elements[k], y = medians[k];
            medians[k] = replaced[k] ? y : x;
        }
    }
}

#if FM_KEY >= 32
#if FM_KEY == 32
typedef float F;
#else
typedef double F;
#endif

/* Negative on the other side. */
ALWAYS double distance(double x, double y, fm_side side)
{
    return side == FM_DARK ? y - x : side == FM_BRIGHT ? x - y : fabs(x - y);
}

ALWAYS void keep_doubles(const F *restrict elements, F *restrict medians, ptrdiff_t count, fm_side side, double limit,
                         uint8_t *restrict replaced)
{
    EACH(F, distance(x, y, side) > limit)
}

ALWAYS void keep_floats_by_deviations(const F *restrict elements, F *restrict medians, const F *restrict deviations,
                                      ptrdiff_t count, fm_side side, double factor, uint8_t *restrict replaced)
{
    EACH(F, distance(x, y, side) > (double)deviations[i] * factor)
}
#endif

#if FM_KEY == 32
ALWAYS float short_distance(float x, float y, fm_side side)
{
    return side == FM_DARK ? y - x : side == FM_BRIGHT ? x - y : fabsf(x - y);
}

/* Takes elements for outliers that may be some. Returns whether it is not clear of all. */
ALWAYS int keep_short(const F *restrict elements, F *restrict medians, ptrdiff_t count, fm_side side, F limit,
                      uint8_t *restrict replaced)
{
    int unclear = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const F x = elements[i], y = medians[i], d = short_distance(x, y, side);
        const int may_exceed = d >= limit;
        unclear |= d == limit;
        medians[i] = may_exceed ? y : x;
        replaced[i] = (uint8_t)may_exceed;
    }
    return unclear;
}

ALWAYS void keep_floats(const F *elements, F *medians, ptrdiff_t count, fm_side side, double limit, uint8_t *replaced)
{
    enum { SOME = 64 };
    for (ptrdiff_t i = 0; i < count; i += SOME) {
        const ptrdiff_t some = count - i < SOME ? count - i : SOME;
        if (keep_short(elements + i, medians + i, some, side, (F)limit, replaced + i))
            keep_doubles(elements + i, medians + i, some, side, limit, replaced + i);
    }
}
#elif FM_KEY == 64
#define keep_floats keep_doubles
#endif

static int is_signed(fm_type type)
{
    return type == FM_I8 || type == FM_I16 || type == FM_I32 || type == FM_I64;
}

ALWAYS void keep_of_side(const fm_outliers *o, fm_side side, fm_type type, const void *elements, void *medians,
                         const void *deviations, ptrdiff_t count, uint8_t *replaced)
{
    const U limit = o->whole < (U)-1 ? (U)o->whole : (U)-1;
#if FM_KEY >= 32
    if (type >= FM_F16 && deviations)
        keep_floats_by_deviations(elements, medians, deviations, count, side, o->threshold, replaced);
    else if (type >= FM_F16)
        keep_floats(elements, medians, count, side, o->threshold, replaced);
    else
#endif
    if (deviations)
        keep_by_deviations(is_signed(type), elements, medians, deviations, count, side, o->threshold, replaced);
    else if (is_signed(type))
        keep_signed(elements, medians, count, side, limit, replaced);
    else
        keep_unsigned(elements, medians, count, side, limit, replaced);
}

void KEEP(keep)(const fm_outliers *o, fm_type type, const void *elements, void *medians, const void *deviations,
                ptrdiff_t count, uint8_t *replaced)
{
    switch (o->side) {
    case FM_BRIGHT: keep_of_side(o, FM_BRIGHT, type, elements, medians, deviations, count, replaced); break;
    case FM_DARK: keep_of_side(o, FM_DARK, type, elements, medians, deviations, count, replaced); break;
    default: keep_of_side(o, FM_BOTH_SIDES, type, elements, medians, deviations, count, replaced); break;
    }
}

void KEEP(keep_flagged)(const uint8_t *restrict flags, const void *restrict from, void *restrict to, ptrdiff_t count)
{
    const U *elements = from;
    U *medians = to;
    for (ptrdiff_t i = 0; i < count; i++) {
        const U x = elements[i], y = medians[i];
        medians[i] = flags[i] ? x : y;
    }
}
