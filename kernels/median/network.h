/* What a compiled selection network is. The networks take minutes to compile: they include this and little else. */
#ifndef FM_NETWORK_H
#define FM_NETWORK_H

#include <stddef.h>

/* A compiled selection network, which runs down the array; see networks/emit.py. */
typedef struct fm_network {
    /* Makes groups `x` to `end` of LANES tiles, counted from that in which the windows of the first outputs begin,
     * one below the other, or side by side if windows have one row. `in` and `out` are at group `x`. What the first
     * `reach` groups write is of no use, and they read as many groups before the first one. Rows of outputs are
     * `step` elements apart, or `pitch` if tiles are wider than a column. */
    void (*run)(const void *in, void *out, void *scratch, size_t x, size_t end, ptrdiff_t step);
    int planes, rows, columns, rank;
    int tile_rows, tile_columns; /* a group is tile_rows rows of the array */
    int lead;         /* rows of the first group before the first window */
    int reach;        /* groups from that in which a window begins to that in which it ends */
    int extra;        /* tiles that a window reaches further along */
    int pitch, plane; /* elements of a row for each column of a tile; of all rows of a plane of input */
    size_t scratch_bytes;
} fm_network;

enum {
    FM_NETWORK_WIDTH = 512,        /* bytes of a row of outputs in scratch memory */
    FM_NETWORK_INPUT = 192 * 1024, /* bytes of all input there: with the outputs it fits the second cache */
};

#endif
