/* Filters of elements by their numbers: see numbers.c. */
#ifndef FM_NUMBERS_H
#define FM_NUMBERS_H

#include "engine.h"

/* The engine of 16 bits that filters numbers, and its network if it has one. */
typedef struct fm_numbering {
    const fm_engine *engine;
    const fm_network *network;
} fm_numbering;

#endif
