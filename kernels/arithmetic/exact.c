/* The exact accumulator: adding, carrying, rounding. */
#include "exact.h"

#include <math.h>
#include <string.h>

enum { DIGIT = 32, CARRY_AFTER = 1 << 29 };

void fm_exact_clear(fm_exact *sum)
{
    memset(sum, 0, sizeof *sum);
    sum->low = FM_EXACT_WORDS;
    sum->high = -1;
}

static void cover(fm_exact *sum, int low, int high)
{
    if (low < sum->low)
        sum->low = low;
    if (high > sum->high)
        sum->high = high;
}

/* Brings every word into [0, 2**32) but the highest, which keeps the sign and lies in [-2**31, 2**31). */
static void carry(fm_exact *sum)
{
    sum->added = 0;
    for (int i = sum->low; i <= sum->high; i++) {
        int64_t word = sum->word[i];
        if (i == sum->high) {
            if (word == (int32_t)word)
                break;
            sum->high++;
        }
        sum->word[i] = word & 0xffffffff;
        sum->word[i + 1] += word >> DIGIT;
    }
}

/* Every term changes a word by less than 2**32, so 2**29 of them stay far from 2**63. */
static void count_term(fm_exact *sum)
{
    if (++sum->added >= CARRY_AFTER)
        carry(sum);
}

void fm_exact_add_int(fm_exact *sum, int64_t value, int exponent)
{
    if (!value)
        return;
    int at = (exponent - FM_EXACT_LOW) / DIGIT, shift = (exponent - FM_EXACT_LOW) % DIGIT;
    fm_wide shifted = (fm_wide)value * ((fm_wide)1 << shift);
    int64_t *word = sum->word + at;
    word[0] += (int64_t)(shifted & 0xffffffff);
    word[1] += (int64_t)(shifted >> DIGIT & 0xffffffff);
    word[2] += (int64_t)(shifted >> 2 * DIGIT);
    cover(sum, at, at + 2);
    count_term(sum);
}

void fm_exact_add_wide(fm_exact *sum, int negative, fm_uwide magnitude, int exponent)
{
    int at = (exponent - FM_EXACT_LOW) / DIGIT, shift = (exponent - FM_EXACT_LOW) % DIGIT;
    uint64_t over = shift ? (uint64_t)(magnitude >> (4 * DIGIT - shift)) : 0;
    magnitude <<= shift;
    int64_t *word = sum->word + at;
    for (int i = 0; i < 4; i++) {
        int64_t digit = (int64_t)(uint32_t)(magnitude >> i * DIGIT);
        word[i] += negative ? -digit : digit;
    }
    word[4] += negative ? -(int64_t)over : (int64_t)over;
    cover(sum, at, at + 4);
    count_term(sum);
}

/* A finite double is mantissa * 2**exponent. */
static int64_t split(double value, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int field = (int)(bits >> 52 & 0x7ff);
    int64_t mantissa = (int64_t)(bits & 0xfffffffffffff);
    if (field)
        mantissa |= (int64_t)1 << 52;
    *exponent = (field ? field : 1) - 1075;
    return bits >> 63 ? -mantissa : mantissa;
}

void fm_exact_add(fm_exact *sum, double value)
{
    if (isfinite(value)) {
        int exponent;
        int64_t mantissa = split(value, &exponent);
        fm_exact_add_int(sum, mantissa, exponent);
    } else if (isnan(value)) {
        sum->nan = 1;
    } else if (value > 0) {
        sum->plus_infinity = 1;
    } else {
        sum->minus_infinity = 1;
    }
}

void fm_exact_add_product(fm_exact *sum, double a, double b)
{
    if (!isfinite(a) || !isfinite(b)) {
        fm_exact_add(sum, a * b);
        return;
    }
    int ea, eb;
    fm_wide product = (fm_wide)split(a, &ea) * split(b, &eb);
    if (product)
        fm_exact_add_wide(sum, product < 0, (fm_uwide)(product < 0 ? -product : product), ea + eb);
}

void fm_exact_merge(fm_exact *sum, fm_exact *other)
{
    carry(sum);
    carry(other);
    for (int i = other->low; i <= other->high; i++)
        sum->word[i] += other->word[i];
    cover(sum, other->low, other->high);
    carry(sum);
    sum->nan |= other->nan;
    sum->plus_infinity |= other->plus_infinity;
    sum->minus_infinity |= other->minus_infinity;
}

void fm_exact_digits(fm_exact *sum, uint32_t digits[FM_EXACT_WORDS])
{
    carry(sum);
    int negative = sum->high >= 0 && sum->word[sum->high] < 0;
    for (int i = 0; i < FM_EXACT_WORDS; i++)
        digits[i] = i > sum->high && negative ? UINT32_MAX : (uint32_t)sum->word[i];
}

int fm_exact_special(const fm_exact *sum)
{
    return sum->nan | sum->plus_infinity | sum->minus_infinity;
}

/* The leading digits: the sum lies in [head, head + 1) * 2**exponent where `sticky`, else it is
 * head * 2**exponent; then its sign. */
typedef struct {
    fm_uwide head;
    int exponent, sticky, negative;
} leading;

static uint64_t digit(const fm_exact *sum, int i)
{
    return i < 0 ? 0 : (uint64_t)sum->word[i];
}

static leading lead(fm_exact *sum)
{
    leading l = {0};
    carry(sum);
    l.negative = sum->high >= 0 && sum->word[sum->high] < 0;
    if (l.negative) { /* kept negated: the caller is done with the sum */
        for (int i = sum->low; i <= sum->high; i++)
            sum->word[i] = -sum->word[i];
        carry(sum);
    }
    int top = sum->high;
    while (top >= sum->low && !sum->word[top])
        top--;
    if (top < sum->low)
        return l;
    l.head = (fm_uwide)digit(sum, top) << 2 * DIGIT | digit(sum, top - 1) << DIGIT | digit(sum, top - 2);
    l.exponent = FM_EXACT_LOW + DIGIT * (top - 2);
    for (int i = top - 3; i >= sum->low && !l.sticky; i--)
        l.sticky = sum->word[i] != 0;
    return l;
}

static int bit_length(fm_uwide value)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

/* The double nearest to head * 2**exponent, with something below head's last bit where sticky. head has
 * fewer than 100 bits. Works on the encoding: a mantissa that rounds up to 2**53 carries into the
 * exponent field by itself, from subnormal to normal and from the largest double to infinity too. */
static double nearest(fm_uwide head, int exponent, int sticky, int negative)
{
    int length = bit_length(head), last = exponent + length - 53;
    if (last < -1074)
        last = -1074;
    int shift = last - exponent;
    uint64_t mantissa;
    if (shift <= 0) {
        mantissa = (uint64_t)(head << -shift);
    } else if (shift > length) {
        mantissa = 0;
    } else {
        fm_uwide below = head & (((fm_uwide)1 << shift) - 1), half = (fm_uwide)1 << (shift - 1);
        mantissa = (uint64_t)(head >> shift);
        mantissa += below > half || (below == half && (sticky || (mantissa & 1)));
    }
    uint64_t infinity = (uint64_t)0x7ff << 52;
    uint64_t bits = last > 971 ? infinity : ((uint64_t)(last + 1074) << 52) + mantissa;
    if (!mantissa)
        bits = 0;
    bits |= (uint64_t)negative << 63;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static double special(const fm_exact *sum)
{
    if (sum->nan || (sum->plus_infinity && sum->minus_infinity))
        return NAN;
    return sum->plus_infinity ? INFINITY : -INFINITY;
}

double fm_exact_round(fm_exact *sum)
{
    if (fm_exact_special(sum))
        return special(sum);
    leading l = lead(sum);
    return nearest(l.head, l.exponent, l.sticky, l.negative);
}

/* The true value's magnitude lies in [head - b, head + b] with b at least error + 1 in units of
 * 2**exponent, and rounding is monotonic: both ends rounding alike settles it. */
int fm_exact_round_within(fm_exact *sum, double error, double *result)
{
    if (error == 0 || fm_exact_special(sum)) {
        *result = fm_exact_round(sum);
        return 1;
    }
    leading l = lead(sum);
    double units = ldexp(error, -l.exponent);
    if (!(units < 0x1p62))
        return 0;
    fm_uwide b = (fm_uwide)(uint64_t)units + 2;
    if (l.head <= b)
        return 0;
    *result = nearest(l.head - b, l.exponent, 0, l.negative);
    return *result == nearest(l.head + b, l.exponent, 0, l.negative);
}
