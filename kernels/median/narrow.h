/* Filters of elements that may be made narrower ones: see narrow.c. */
#ifndef FM_NARROW_H
#define FM_NARROW_H

#include "engine.h"

typedef struct {
    fm_filter filter; /* of the elements as wide as they are; it is first, so that the engine finds the others */
    const fm_engine *engine;
    struct {
        const fm_engine *engine; /* NULL where there is none */
        const fm_network *network;
        const fm_line *line;
    } narrower[FM_KEY_WIDTHS];
} fm_narrowing;

#endif
