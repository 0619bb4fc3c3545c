/* Selection networks for windows that share no elements, smallest first (networks/selection.py). */
#ifndef FM_SELECTIONS_H
#define FM_SELECTIONS_H

#include "names.h"

typedef struct fm_selection {
    int elements; /* an odd number; 0 after the last */
    /* Of so many vectors of keys, one after the other, writes the one that is the middle one in each lane. */
    void (*select)(const void *vectors, void *middle);
} fm_selection;

enum { FM_MOST_SELECTED = 81 };

#endif
