/* A fixed-point number wide enough for any sum of doubles or of products of two doubles.
 *
 * R. M. Neal, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571 (2015),
 * section 2: digits of 32 bits in words of 64, so that carries can wait.
 */
#ifndef FM_EXACT_H
#define FM_EXACT_H

#include <stdint.h>

__extension__ typedef __int128 fm_wide;
__extension__ typedef unsigned __int128 fm_uwide;

enum {
    FM_EXACT_LOW = -2176,  /* word[0] counts units of 2**FM_EXACT_LOW; the smallest product is 2**-2148 */
    FM_EXACT_WORDS = 136,  /* up to 2**2176: 2**64 products below 2**2048 fit with room */
};

typedef struct {
    int64_t word[FM_EXACT_WORDS];
    int low, high;  /* words outside low..high are zero; low > high: all are */
    uint32_t added; /* terms since carries were last passed on */
    int nan, plus_infinity, minus_infinity;
} fm_exact;

void fm_exact_clear(fm_exact *sum);
/* Adds any double, value * 2**exponent, and (negative ? -1 : 1) * magnitude * 2**exponent. The lowest bit
 * added weighs at least 2**FM_EXACT_LOW. */
void fm_exact_add(fm_exact *sum, double value);
void fm_exact_add_int(fm_exact *sum, int64_t value, int exponent);
void fm_exact_add_wide(fm_exact *sum, int negative, fm_uwide magnitude, int exponent);
void fm_exact_add_product(fm_exact *sum, double a, double b);
void fm_exact_merge(fm_exact *sum, fm_exact *other);

/* In two's complement, the lowest digit first. */
void fm_exact_digits(fm_exact *sum, uint32_t digits[FM_EXACT_WORDS]);

int fm_exact_special(const fm_exact *sum); /* whether an infinity or a NaN was added */
/* The double nearest to the sum, ties to even; a zero is +0.0. */
double fm_exact_round(fm_exact *sum);
/* 1 and *result if every number within `error` of the sum rounds to the same double, else 0. */
int fm_exact_round_within(fm_exact *sum, double error, double *result);

#endif
