/* The generated networks of footprints (networks/shapes.py), compiled once per instruction set and key width. */
#include "generated.h"
#include "shapes.h"

#include "shape_networks.h"

extern const fm_shape NETWORK(fm_shapes)[];
const fm_shape NETWORK(fm_shapes)[] = {SHAPES {{0}, 0}};
