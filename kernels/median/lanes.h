/* Vectors of keys as the compiler's own, for the sake of comparisons: a comparison gives a mask.
 *
 * Included where vector.h is. */
#ifndef FM_MEDIAN_LANES_H
#define FM_MEDIAN_LANES_H

#include "vector.h"

typedef K lanes __attribute__((vector_size(sizeof(V))));

static inline lanes load(const void *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline lanes choose(lanes mask, lanes a, lanes b)
{
    return (a & mask) | (b & ~mask);
}

static inline int any(lanes mask)
{
    uint64_t words[sizeof mask / 8], found = 0;
    memcpy(words, &mask, sizeof mask);
    for (size_t i = 0; i < sizeof mask / 8; i++)
        found |= words[i];
    return found != 0;
}

#endif
