/* What an engine is given, and what it is. select.c chooses one, blocks.c cuts the work into parts and runs
 * them. */
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

struct fm_network;

/* A call of fm_rank_filter as its engine sees it. */
typedef struct {
    fm_source source;
    const fm_array *output;
    const ptrdiff_t *size;
    ptrdiff_t lead[FM_MAX_NDIM]; /* how far a window begins before its output */
    ptrdiff_t rank;

    int inner, outer, far; /* axes: along inner outputs are neighbours; outer and far are -1 where not used */
    const struct fm_network *network;
    const fm_run *runs; /* for the ordinal engine */
    ptrdiff_t run_count;
    const fm_program *program; /* for the interpreter */
    const fm_run *lines;       /* of its window along the inner axis, those along outer together */
    ptrdiff_t line_count;
    int axis;         /* for the extremes: that of the pass, */
    ptrdiff_t length; /* and the window's length along it */

    const fm_watch *watch; /* for lane 0 alone */
    atomic_int stopped;
} fm_filter;

/* Whether to stop; to be asked every few milliseconds. */
static inline int fm_should_stop(fm_filter *f, int lane)
{
    if (lane == 0 && f->watch && f->watch->stop && f->watch->stop(f->watch->context))
        atomic_store_explicit(&f->stopped, 1, memory_order_relaxed);
    return atomic_load_explicit(&f->stopped, memory_order_relaxed);
}

/* Room in scratch memory, aligned to 64 bytes if that is. */
static inline void *fm_take(char **p, size_t bytes)
{
    void *at = *p;
    *p += (bytes + 63) / 64 * 64;
    return at;
}

/* Work is cut into blocks of equal extent, the last along an axis being smaller. */
typedef struct {
    void (*cut)(const fm_filter *filter, fm_block *largest); /* chooses the extent */
    size_t (*scratch)(const fm_filter *filter, const fm_block *largest); /* bytes; 0: it cannot be done */
    void (*part)(fm_filter *filter, const fm_block *block, void *scratch, int lane); /* scratch is aligned to 64 */
} fm_engine;

/* Rows along inner and outer, one plane at a time. */
void fm_cut_strips(const fm_filter *filter, fm_block *largest);

fm_status fm_run_engine(const fm_engine *engine, fm_filter *filter, int workers);

/* A compiled selection network; see networks/emit.py. Input and output lie in streams, `stream` elements apart,
 * which hold rows of groups, `pitch` groups apart; a group is one element in each of tile_columns streams. */
typedef struct fm_network {
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

enum {
    FM_MOST_SCRATCH = 8 << 20,   /* bytes for each thread */
    FM_LONGEST_RUNNING = 128,    /* window of the engine `running` */
    FM_LONGEST_HISTOGRAM = 4096, /* side of the windows of the engine `histogram`, */
    FM_LONGEST_CONSTANT = 400,   /* and of `constant_time`, so that enough is left of a tile */
};

/* The engines of one key width at one instruction set. */
typedef struct fm_engines {
    int lanes;                  /* keys that are compared at a time */
    const fm_network *networks; /* up to one without a run */
    const fm_engine *network, *interpret, *extreme, *running, *constant_time, *ordinal;
    const fm_engine *histogram; /* for keys of 8 bits alone */
} fm_engines;

#endif
