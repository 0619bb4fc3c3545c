/* The generated networks of footprints (networks/shapes.py). */
#ifndef FM_SHAPES_H
#define FM_SHAPES_H

#include "network.h"

typedef struct fm_shape {
    fm_network network; /* up to one without a run */
    const char *members; /* of its planes, rows and columns: 1 for elements that count */
} fm_shape;

#endif
