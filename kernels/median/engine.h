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

/* A compiled selection network; see networks/emit.py. Input and output lie in streams, `stream` elements apart,
 * which hold rows of groups, `pitch` groups apart; a group is one element in each of tile_columns streams. */
typedef struct {
    /* Makes `count` groups of outputs. `in` is at the group in which the first output's window ends. */
    void (*run)(const void *in, ptrdiff_t pitch, void *out, void *scratch, ptrdiff_t count);
    int planes, rows, columns, rank;
    int tile_rows, tile_columns;
    int lead;   /* columns of the first group before the first window */
    int reach;  /* groups from that in which a window begins to that in which it ends */
    int tile;   /* groups made at a time: run writes whole tiles */
    int stream;
    size_t scratch_bytes;
} fm_network;

enum {
    FM_NETWORK_INPUT = 128 * 1024, /* bytes of all streams of input: with those of output they fit the second cache */
    FM_NETWORK_SLACK = 256,        /* bytes that run may read before a stream's first group, and after its last */
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
