/* Ordinal numbers: sorting the keys of a block tells each element its place in the order.
 *
 * A radix sort of as many leading bits as differ among the keys, and as tell most of them apart: two passes for any
 * width, in which four bytes are moved for an element. The few keys that these bits leave out of order are put in order
 * where they lie. Included where K, the key type, is defined.
 */
#ifndef FM_ORDERING_H
#define FM_ORDERING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGIT = 12, DIGITS = 1 << DIGIT, FEW = 32 };

/* Keys and the order of some of them. */
typedef struct {
    const K *keys;
    uint32_t *places; /* of those that are sorted, below 2**31: when it is done, in the order of their keys */
    K *sorted;        /* these keys */
    uint32_t *other;  /* memory for as many places */
} fm_ordering;

/* The difference of two keys, the second not being the larger. */
static inline uint64_t key_distance(K a, K b)
{
    return (uint64_t)a - (uint64_t)b;
}

/* The leading bits of what a key exceeds the lowest by, as two digits; `shift` bits are below these. */
typedef struct {
    K low;
    int lower, upper, shift; /* bits */
} fm_digits;

static fm_digits choose_digits(K low, K high, size_t count, int place_bits)
{
    const int bits = 64 - __builtin_clzll(key_distance(high, low));
    const int enough = 64 - __builtin_clzll(count); /* more digits than keys take longer than they spare */
    const int most = enough < DIGIT ? enough : DIGIT, beside = 32 - place_bits;
    fm_digits d = {.low = low, .lower = bits};
    if (bits > most) {
        d.lower = bits < 2 * most ? bits / 2 : most;
        d.upper = bits - d.lower < most ? bits - d.lower : most;
        d.upper = d.upper < beside ? d.upper : beside;
    }
    d.shift = bits - d.lower - d.upper;
    return d;
}

static inline uint32_t digits_of(K key, fm_digits d)
{
    return (uint32_t)(key_distance(key, d.low) >> d.shift);
}

static void sort_some(const fm_ordering *o, size_t first, size_t count, int are_all, int place_bits);

/* Reads keys in the order of their digits, and puts them in their own. Most stay where they are; where one has far to
 * go, all that have its digits are sorted by further ones. */
static void finish(const fm_ordering *o, size_t first, size_t count, fm_digits d, int place_bits)
{
    uint32_t *places = o->places + first;
    K *sorted = o->sorted + first, last = d.low;
    for (size_t i = 0, begin = 0; i < count; i++) { /* what is before `begin` need not be looked at */
        const uint32_t place = places[i];
        const K key = o->keys[place];
        size_t j = i;
        if (key >= last) {
            sorted[i] = last = key;
            continue;
        }
        for (; j > begin && j + FEW > i && sorted[j - 1] > key; j--) {
            sorted[j] = sorted[j - 1];
            places[j] = places[j - 1];
        }
        sorted[j] = key;
        places[j] = place;
        if (j + FEW > i)
            continue;
        size_t end = i + 1;
        while (j > begin && digits_of(sorted[j - 1], d) == digits_of(key, d))
            j--;
        while (end < count && digits_of(o->keys[places[end]], d) == digits_of(key, d))
            end++;
        sort_some(o, first + j, end - j, 0, place_bits);
        last = sorted[end - 1];
        begin = end;
        i = end - 1;
    }
}

/* Turns counts into where each digit begins. */
static void accumulate(uint32_t *at, size_t digits)
{
    for (size_t digit = 0, sum = 0; digit < digits; digit++) {
        const uint32_t here = at[digit];
        at[digit] = (uint32_t)sum;
        sum += here;
    }
}

/* Sorts by digits alone. */
static inline void sort_by_digits(const fm_ordering *o, size_t first, size_t count, int are_all, int place_bits, fm_digits digits)
{
    const fm_digits d = digits; /* which nothing that is stored can be a part of */
    const K *restrict keys = o->keys;
    uint32_t *restrict places = o->places + first, *restrict other = o->other + first;
    const uint32_t lower = (1u << d.lower) - 1, place_mask = (1u << place_bits) - 1;
    uint32_t at[DIGITS], at_upper[DIGITS];
    memset(at, 0, sizeof *at << d.lower);
    memset(at_upper, 0, sizeof *at << d.upper);
    for (size_t i = 0; i < count; i++) {
        const uint32_t all = digits_of(keys[are_all ? i : places[i]], d);
        at[all & lower]++;
        at_upper[all >> d.lower]++;
    }
    accumulate(at, (size_t)1 << d.lower);
    accumulate(at_upper, (size_t)1 << d.upper);
    for (size_t i = 0; i < count; i++) {
        const uint32_t place = are_all ? (uint32_t)i : places[i], all = digits_of(keys[place], d);
        other[at[all & lower]++] = all >> d.lower << place_bits | place;
    }
    if (d.upper == 0)
        memcpy(places, other, count * sizeof *places);
    for (size_t i = 0; i < count && d.upper > 0; i++)
        places[at_upper[other[i] >> place_bits]++] = other[i] & place_mask;
}

static inline void sort_some(const fm_ordering *o, size_t first, size_t count, int are_all, int place_bits)
{
    const uint32_t *places = o->places + first;
    if (count == 0)
        return;
    K low = o->keys[are_all ? 0 : places[0]], high = low;
    for (size_t i = 0; i < count; i++) {
        const K key = o->keys[are_all ? i : places[i]];
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    fm_digits d = {.low = low};
    if (low != high) {
        d = choose_digits(low, high, count, place_bits);
        sort_by_digits(o, first, count, are_all, place_bits, d);
    } else
        for (size_t i = 0; i < count && are_all; i++)
            o->places[i] = (uint32_t)i;
    if (d.shift > 0)
        finish(o, first, count, d, place_bits);
    else
        for (size_t i = 0; i < count; i++)
            o->sorted[first + i] = o->keys[places[i]];
}

/* How many bits hold a place below `count`. */
static inline int bits_of_places(size_t count)
{
    return count > 2 ? 64 - __builtin_clzll(count - 1) : 1;
}

/* Sorts keys of the given places, which are below `end`. Equal ones stay in their order. */
static inline void sort_places(const fm_ordering *o, size_t count, size_t end)
{
    sort_some(o, 0, count, 0, bits_of_places(end));
}

/* Sorts the first `count` keys; their places need not be given. */
static inline void sort_all(const fm_ordering *o, size_t count)
{
    sort_some(o, 0, count, 1, bits_of_places(count));
}

#endif
