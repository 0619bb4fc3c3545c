/* Ordinal numbers: sorting the keys of a block tells each element its place in the order.
 *
 * Included where K, the key type, is defined. */
#ifndef FM_ORDERING_H
#define FM_ORDERING_H

#include <stdint.h>
#include <string.h>

typedef struct {
    K key;
    uint32_t place; /* of the element in its block */
} item;

/* Sorts by a radix sort by bytes from the lowest, using `other` as the second half of the memory; bytes that
 * all keys share are passed over. Elements with equal keys stay in their order. Returns the sorted items,
 * which lie in one of the two. */
static item *sort_items(item *items, item *other, size_t count)
{
    enum { BYTES = sizeof(K) };
    size_t counts[BYTES][256];
    memset(counts, 0, sizeof counts);
    /* as unsigned numbers in the keys' order: signed keys have their top bit flipped */
    const uint64_t top = (K)-1 < 0 ? (uint64_t)1 << (8 * sizeof(K) - 1) : 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = (uint64_t)items[i].key ^ top;
        for (int b = 0; b < BYTES; b++)
            counts[b][key >> 8 * b & 255]++;
    }
    for (int b = 0; b < BYTES; b++) {
        size_t *at = counts[b], sum = 0;
        if (at[((uint64_t)items[0].key ^ top) >> 8 * b & 255] == count)
            continue;
        for (int digit = 0; digit < 256; digit++) {
            size_t c = at[digit];
            at[digit] = sum;
            sum += c;
        }
        for (size_t i = 0; i < count; i++)
            other[at[((uint64_t)items[i].key ^ top) >> 8 * b & 255]++] = items[i];
        item *swap = items;
        items = other;
        other = swap;
    }
    return items;
}

#endif
