/* A row dealt out by the place that its elements have in a tile, and collected again.
 *
 * Element `tile * i + c` of a row is element i of place c, whose elements follow each other. Four places at a time,
 * which compilers make vectors of. Included where K, the key type, is defined.
 */
#ifndef FM_PLACES_H
#define FM_PLACES_H

#include <stddef.h>
#include <string.h>

enum { DEALT = 4 }; /* places at a time */

#define DEAL(tile)                                      \
    case tile:                                          \
        for (ptrdiff_t i = 0; i < count; i++)           \
            for (int c = 0; c < tile; c++)              \
                to[c * pitch + i] = from[tile * i + c]; \
        break
#define COLLECT(tile)                                   \
    case tile:                                          \
        for (ptrdiff_t i = 0; i < count; i++)           \
            for (int c = 0; c < tile; c++)              \
                to[tile * i + c] = from[c * pitch + i]; \
        break

/* `count` elements for each place of a tile, a power of two. `spare` has room for twice as many elements as there
 * are, as it has below; a tile of at most DEALT needs none. */
static void deal(const K *restrict from, ptrdiff_t count, int tile, K *restrict to, ptrdiff_t pitch, K *restrict spare)
{
    switch (tile) {
        DEAL(1);
        DEAL(2);
        DEAL(DEALT);
    default: {
        const ptrdiff_t share = count * (tile / DEALT);
        deal(from, share, DEALT, spare, share, NULL);
        for (int c = 0; c < DEALT; c++)
            deal(spare + c * share, count, tile / DEALT, to + c * pitch, DEALT * pitch, spare + DEALT * share);
    }
    }
}

static void collect(const K *restrict from, ptrdiff_t count, int tile, ptrdiff_t pitch, K *restrict to,
                    K *restrict spare)
{
    switch (tile) {
        COLLECT(1);
        COLLECT(2);
        COLLECT(DEALT);
    default: {
        const ptrdiff_t share = count * (tile / DEALT);
        for (int c = 0; c < DEALT; c++)
            collect(from + c * pitch, count, tile / DEALT, DEALT * pitch, spare + c * share, spare + DEALT * share);
        collect(spare, share, DEALT, share, to, NULL);
    }
    }
}

#undef DEAL
#undef COLLECT

#endif
