/* What an engine is given, and what it is. select.c chooses one, blocks.c cuts the work into parts and runs
 * them. */
#ifndef FM_ENGINE_H
#define FM_ENGINE_H

#include "array.h"
#include "lines.h"
#include "network.h"
#include "shapes.h"
#include "window.h"

#include <stdatomic.h>

/* A box of outputs of the array: one part of the work. */
typedef struct {
    ptrdiff_t start[FM_MAX_NDIM];
    ptrdiff_t extent[FM_MAX_NDIM];
} fm_block;

struct fm_cleaning;
struct fm_doubles;
struct fm_numbering;

/* A call of fm_rank_filter as its engine sees it. */
typedef struct {
    fm_source source;
    const fm_array *output;
    const ptrdiff_t *size;
    ptrdiff_t lead[FM_MAX_NDIM]; /* how far a window begins before its output */
    ptrdiff_t rank;

    int inner, outer, far; /* axes: along inner outputs are neighbours; outer and far are -1 where not used */
    const fm_network *network;
    const fm_line *line;
    const unsigned char *footprint; /* NULL for boxes; for the engines `ordinal` and `band` it has so many runs along
                                     * inner */
    ptrdiff_t run_count;
    struct fm_doubles *doubles; /* for the engine of doubles */
    const struct fm_numbering *numbering; /* for that which numbers elements */
    const fm_program *program; /* for the interpreter */
    const fm_run *lines;       /* of its window along the inner axis, those along outer together */
    ptrdiff_t line_count;
    ptrdiff_t along, across; /* for the extremes: the window's extents along inner and outer in this pass; */
    int in_place;            /* whether it reads what it overwrites; `along` is 1 then */

    int workers;
    const struct fm_cleaning *cleaning; /* what is done to medians, block by block; may be NULL */
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

/* One plane at a time: at most `rows` along outer and `columns` along inner, about equal parts. */
void fm_cut_plane(const fm_filter *filter, ptrdiff_t rows, ptrdiff_t columns, fm_block *largest);

fm_status fm_run_engine(const fm_engine *engine, fm_filter *filter, int workers);

/* A filter of the same windows, without arrays, of elements of another kind; these want a network of their own. */
static inline fm_filter fm_same_windows(const fm_filter *f)
{
    return (fm_filter){
        .size = f->size,
        .rank = f->rank,
        .inner = f->inner,
        .outer = f->outer,
        .far = f->far,
        .footprint = f->footprint,
        .program = f->program,
        .lines = f->lines,
        .line_count = f->line_count,
    };
}

/* A filter of doubles by their bits, the engine that compares these as doubles, and that for all other blocks; the two
 * cut alike. */
typedef struct fm_doubles {
    fm_filter filter;
    const fm_engine *engine, *other;
} fm_doubles;

enum {
    FM_MOST_SCRATCH = 8 << 20,   /* bytes for each thread */
    FM_LONGEST_HISTOGRAM = 4096, /* side of the windows of the engine `histogram`, */
    FM_LONGEST_BINNED = 255,    /* of `binned`, */
    FM_LONGEST_CONSTANT = 400,   /* and of `constant_time`, so that enough is left of a tile */
};

/* The engines of one key width at one instruction set. */
typedef struct fm_engines {
    int lanes;                  /* keys that are compared at a time */
    const fm_network *networks; /* up to one without a run; */
    const fm_shape *shapes;     /* those of footprints, */
    const fm_line *lines;       /* and those of lines */
    const fm_engine *three, *network, *line, *interpret, *extreme, *ordinal, *weighted, *band;
    const fm_engine *histogram;               /* for keys of 8 bits alone; */
    const fm_engine *binned, *constant_time;  /* for others */
    const struct fm_engines *doubles; /* of 64 bits alone: engines of small windows that compare keys as doubles, */
    const fm_engine *by_doubles;      /* and that which uses them where it can; both may be missing */
    const fm_engine *narrow;          /* that which makes elements narrower where it can; may be missing, */
    const fm_engine *by_numbers;      /* and that which filters their numbers */
} fm_engines;

#endif
