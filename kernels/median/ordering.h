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

enum { DIGIT = 12, DIGITS = 1 << DIGIT, FEW = 32 };

/* The difference of two keys, the second not being the larger. */
static inline uint64_t key_distance(K a, K b)
{
    return (uint64_t)a - (uint64_t)b;
}

/* How an item's upper half is made of a key: the leading bits of what it exceeds the lowest by. Of these are `passes`
 * digits of `width` bits each, with `shift` bits below that are no digit. */
typedef struct {
    K low;
    int lost, shift, width, passes;
} fm_digits;

static fm_digits choose_digits(K low, K high, size_t count)
{
    const int bits = 64 - __builtin_clzll(key_distance(high, low)), kept = bits < 32 ? bits : 32;
    const int most = 64 - __builtin_clzll(count); /* more digits than keys take longer than they spare */
    fm_digits d = {.low = low, .lost = bits - kept, .width = most < DIGIT ? most : DIGIT};
    d.passes = kept > d.width ? 2 : 1;
    if (d.passes * d.width > kept)
        d.width = (kept + d.passes - 1) / d.passes;
    d.shift = kept > d.passes * d.width ? kept - d.passes * d.width : 0;
    return d;
}

static inline uint64_t make_item(const K *keys, uint32_t place, fm_digits d)
{
    return key_distance(keys[place], d.low) >> d.lost << 32 | place;
}

static inline size_t digit_of(uint64_t item, fm_digits d, int pass)
{
    return (size_t)(item >> (32 + d.shift + pass * d.width)) & (((size_t)1 << d.width) - 1);
}

/* The items of all places, or the given ones, in order: see below. */
static inline void sort_these(const K *keys, uint64_t *items, uint64_t *other, size_t count, int are_all);

/* Sorts items, of which the lower halves are places of keys, by these; `other` is memory for as many. The
 * upper halves are overwritten. Equal keys stay in their order. */
static void sort_items(const K *keys, uint64_t *items, uint64_t *other, size_t count)
{
    sort_these(keys, items, other, count, 0);
}

/* The same for items of the first `count` places, which need not have been made. */
static inline void sort_places(const K *keys, uint64_t *items, uint64_t *other, size_t count)
{
    sort_these(keys, items, other, count, 1);
}

/* Whether the item comes after one that stood before it. */
static inline int is_after(const K *keys, uint64_t item, uint64_t other, int is_exact)
{
    if (item >> 32 != other >> 32 || is_exact)
        return item > other;
    return keys[(uint32_t)item] >= keys[(uint32_t)other];
}

/* Puts items in order that are in the order of their digits. Few of these are equal, so most items stay where they
 * are; where one has far to go, all of its digits are sorted by further ones. */
static void finish(const K *keys, uint64_t *items, uint64_t *other, size_t count, fm_digits d)
{
    const int is_exact = d.lost == 0, shift = 32 + d.shift;
    const uint64_t equal = is_exact ? 0 : UINT32_MAX;
    size_t begin = 0; /* what is before is in order */
    for (size_t i = 1; i < count; i++) {
        const uint64_t item = items[i];
        if (item > (items[i - 1] | equal))
            continue;
        size_t j = i;
        for (; j > begin && j + FEW > i && !is_after(keys, item, items[j - 1], is_exact); j--)
            items[j] = items[j - 1];
        items[j] = item;
        if (j + FEW > i)
            continue;
        size_t end = i + 1;
        for (; j > begin && items[j - 1] >> shift == item >> shift;)
            j--;
        for (; end < count && items[end] >> shift == item >> shift;)
            end++;
        sort_items(keys, items + j, other, end - j);
        begin = i = end;
    }
}

static inline void sort_these(const K *keys, uint64_t *items, uint64_t *other, size_t count, int are_all)
{
    if (count == 0)
        return;
    K low = keys[are_all ? 0 : (uint32_t)items[0]], high = low;
    for (size_t i = 0; i < count; i++) {
        const K key = keys[are_all ? i : (uint32_t)items[i]];
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    if (low == high) {
        for (size_t i = 0; i < count && are_all; i++)
            items[i] = i;
        return;
    }
    const fm_digits d = choose_digits(low, high, count);
    const size_t digits = (size_t)1 << d.width;
    uint32_t at[2][DIGITS];
    memset(at[0], 0, digits * sizeof **at);
    memset(at[1], 0, digits * sizeof **at);
    for (size_t i = 0; i < count; i++) {
        const uint64_t item = make_item(keys, are_all ? (uint32_t)i : (uint32_t)items[i], d);
        at[0][digit_of(item, d, 0)]++;
        at[1][digit_of(item, d, 1)]++;
    }
    for (int pass = 0; pass < d.passes; pass++)
        for (size_t digit = 0, sum = 0; digit < digits; digit++) {
            const uint32_t here = at[pass][digit];
            at[pass][digit] = (uint32_t)sum;
            sum += here;
        }
    for (size_t i = 0; i < count; i++) {
        const uint64_t item = make_item(keys, are_all ? (uint32_t)i : (uint32_t)items[i], d);
        other[at[0][digit_of(item, d, 0)]++] = item;
    }
    if (d.passes == 1)
        memcpy(items, other, count * sizeof *items);
    for (size_t i = 0; i < count && d.passes == 2; i++)
        items[at[1][digit_of(other[i], d, 1)]++] = other[i];
    if (d.shift > 0 || d.lost > 0)
        finish(keys, items, other, count, d);
}

#endif
