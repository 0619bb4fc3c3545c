/* The generated networks of windows of one line (networks/lines.py). */
#ifndef FM_LINES_H
#define FM_LINES_H

#include <stddef.h>

enum {
    FM_LONGEST_LINE = 31,
    FM_LONGEST_SINGLE = 6,   /* of those that have a tile of one output, too: to deal rows out would cost more; */
    FM_LONGEST_IN_PLACE = 9, /* and of those along a single row that network.c selects from in place */
    FM_LARGEST_LINE_TILE = 8,
};

/* Selects from the windows of `tile` outputs that follow each other, for `count` positions, at least a vector: of
 * element and output i at rows[i] and outputs[i]. The last vector ends with the last position. */
typedef struct fm_line {
    void (*run)(const void *const *rows, void *const *outputs, void *scratch, ptrdiff_t count);
    int length, tile;
    size_t scratch_bytes;
} fm_line;

#endif
