/* Ordinal numbers: sorting the keys of a block tells each element its place in the order.
 *
 * A radix sort of as many leading bits as differ among the keys, and as tell most of them apart: two passes
 * for any width. The few keys that these bits leave equal are sorted where they lie.
 * Included where K, the key type, is defined.
 */
#ifndef FM_ORDERING_H
#define FM_ORDERING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 48 };

/* The difference of two keys, the second not being the larger. */
static inline uint64_t key_distance(K a, K b)
{
    return (uint64_t)a - (uint64_t)b;
}

/* A pass over `count` items by the digit that is `shift` bits up. `at` is how often each digit occurs. */
static void radix_pass(const uint64_t *from, uint64_t *to, size_t count, int shift, uint32_t *at)
{
    uint32_t sum = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        uint32_t c = at[digit];
        at[digit] = sum;
        sum += c;
    }
    for (size_t i = 0; i < count; i++)
        to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

static void insertion_sort(const K *keys, uint64_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t item = items[i];
        K key = keys[(uint32_t)item];
        size_t j = i;
        for (; j > 0 && keys[(uint32_t)items[j - 1]] > key; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

/* Sorts items, of which the lower halves are places of keys, by these; `other` is memory for as many. The
 * upper halves are overwritten. Equal keys stay in their order. */
static void sort_items(const K *keys, uint64_t *items, uint64_t *other, size_t count)
{
    if (count <= FEW) {
        insertion_sort(keys, items, count);
        return;
    }
    K low = keys[(uint32_t)items[0]], high = low;
    for (size_t i = 1; i < count; i++) {
        K key = keys[(uint32_t)items[i]];
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    if (low == high)
        return;
    int bits = 64 - __builtin_clzll(key_distance(high, low)), shift = bits > 2 * DIGIT ? bits - 2 * DIGIT : 0;
    int passes = bits > DIGIT ? 2 : 1;
    uint64_t *from = passes == 2 ? items : other, *to = passes == 2 ? other : items;
    uint32_t counts[2][DIGITS];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < count; i++) {
        uint32_t place = (uint32_t)items[i], digits = (uint32_t)(key_distance(keys[place], low) >> shift);
        counts[0][digits & (DIGITS - 1)]++;
        counts[1][digits >> DIGIT]++;
        from[i] = (uint64_t)digits << 32 | place;
    }
    radix_pass(from, to, count, 32, counts[0]);
    if (passes == 2)
        radix_pass(to, from, count, 32 + DIGIT, counts[1]);
    if (shift == 0)
        return;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && items[end] >> 32 == items[i] >> 32;)
            end++;
        if (end - i > 1)
            sort_items(keys, items + i, other, end - i);
    }
}

#endif
