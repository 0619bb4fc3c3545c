/* What an engine is given, and what it is. filter.c chooses one, cuts the work into parts and runs them. */
#ifndef FM_ENGINE_H
#define FM_ENGINE_H

#include "array.h"
#include "window.h"

#include <stdatomic.h>

/* A box of outputs of the array: one part of the work. */
typedef struct {
    ptrdiff_t start[FM_MAX_NDIM];
    ptrdiff_t extent[FM_MAX_NDIM];
} fm_block;

/* A call of fm_rank_filter as its engine sees it. */
typedef struct {
    fm_source source;
    const fm_array *output;
    const ptrdiff_t *size;
    ptrdiff_t lead[FM_MAX_NDIM]; /* how far a window begins before its output */
    ptrdiff_t rank;

    int inner, outer, far; /* axes: along inner outputs are neighbours; outer and far are -1 where not used */
    const fm_run *runs; /* for the ordinal engine */
    ptrdiff_t run_count;
    const fm_program *program; /* for the interpreter */
    const fm_run *lines;       /* of its window along the inner axis, those along outer together */
    ptrdiff_t line_count;

    const fm_watch *watch; /* for lane 0 alone */
    atomic_int stopped;
} fm_filter;

/* A compiled selection network, which runs down the array; see networks/emit.py. */
typedef struct {
    /* Makes `count` groups of LANES tiles. `in` is at the group in which the windows of the first end; as many
     * groups as `reach` before the first output are written too, and twice as many before `in` are read. */
    void (*run)(const void *in, void *out, void *scratch, size_t count);
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

/* The engines of one key width at one instruction set. */
typedef struct fm_engines {
    int lanes;                  /* keys that are compared at a time */
    const fm_network *networks; /* up to one without a run */
    size_t (*three_scratch)(void);
    void (*three_part)(const fm_filter *filter, const fm_block *block, void *scratch);
    size_t (*network_scratch)(const fm_network *network);
    void (*network_part)(const fm_network *network, const fm_filter *filter, const fm_block *block, void *scratch);
    size_t (*interpret_scratch)(const fm_filter *filter, const fm_block *largest);
    void (*interpret_part)(const fm_filter *filter, const fm_block *block, void *scratch);
    size_t (*constant_time_scratch)(void);
    void (*constant_time_part)(const fm_filter *filter, const fm_block *block, void *scratch);
    size_t (*ordinal_scratch)(const fm_filter *filter, const fm_block *largest);
    void (*ordinal_part)(fm_filter *filter, const fm_block *block, void *scratch, int lane);
} fm_engines;

#endif
