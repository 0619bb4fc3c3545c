/* A call of a filter for windows from which elements may be missing, as the files that share it see it. */
#ifndef FM_MISSING_JOB_H
#define FM_MISSING_JOB_H

#include "engine.h"
#include "missing.h"

#include <string.h>

/* Outputs along each axis: how many, and from which on. */
typedef struct {
    ptrdiff_t from[FM_MAX_NDIM], span[FM_MAX_NDIM];
} fm_region;

/* A block of outputs with the elements that their windows hold, line by line as in memory. */
typedef struct {
    ptrdiff_t start[FM_MAX_NDIM];                           /* of the outputs, in the array */
    ptrdiff_t extent[FM_MAX_NDIM], padded[FM_MAX_NDIM];     /* of the outputs; with the border */
    ptrdiff_t stride[FM_MAX_NDIM], out_stride[FM_MAX_NDIM]; /* in elements */
    ptrdiff_t line, out_line;                               /* elements from one line to the next */
    ptrdiff_t lines, out_lines;
} fm_tract;

typedef struct {
    const fm_array *input, *output;
    const fm_array *median; /* where deviations are wanted, and medians besides */
    const struct fm_cleaning *cleaning; /* where outputs are cleaned: `median` is the output then; else NULL */
    const fm_window *window;
    const fm_missing *missing;
    const fm_watch *watch;
    int deviates;
    int numbers, repairs;           /* whether tiles are to be made, or repair.c may do it, */
    int weighs;                     /* or missing_weighted.c, */
    int outer;                      /* and along which axis, or -1, besides the inner one */
    fm_source source, mask;
    int ndim, inner;
    ptrdiff_t lead[FM_MAX_NDIM];
    fm_region region; /* the outputs that are to be made */
    int type_width, width, count_width; /* of keys, of keys that can count, of counts: 0 for 8 bits to 3 for 64 */
    const fm_missing_kernels *type_keys, *keys, *counts;
    fm_ranks ranks;
    fm_run *runs;
    ptrdiff_t run_count;
    int64_t empty, nan; /* keys */
    int omits, poisons; /* what NaNs do */
    fm_tract box, block; /* the largest of each: boxes are cut into blocks */
    char *scratch;
    size_t scratch_bytes;
    atomic_int stopped, failed;
} fm_job;

/* Whether the lowest or the highest elements are wanted. */
static inline int fm_is_extreme(const fm_job *j)
{
    return j->ranks.rank == 0 || j->ranks.rank == j->ranks.elements - 1;
}

/* The part of a job that a thread is at. */
typedef struct {
    fm_job *job;
    int lane;
} fm_lane;

/* For an fm_watch whose context is an fm_lane. */
int fm_lane_stops(void *lane);
/* Whether that was done without an error; the job stops if not. */
int fm_lane_goes_on(const fm_lane *lane, fm_status status);

/* The key of a number in a float type. */
int64_t fm_float_key(fm_type type, double number);

/* Scratch memory of a block. Counts are made where something is missing only. */
typedef struct {
    char *type_keys, *type_chosen, *type_lower; /* of the type's width */
    char *keys, *chosen, *lower;                /* of a width that can count, which may be the same */
    char *high, *low, *deviations;
    uint8_t *flags;
    char *missing_counts, *low_counts, *nan_counts; /* of the padded block */
    char *missing_sums, *low_sums, *nan_sums;       /* of a line */
    char *sliding;
    uint32_t *to, *to_lower;
    uint8_t *findings;
    struct fm_cell *cells;
    fm_tile tile;
    fm_places places;
    size_t bytes;
} fm_room;

/* What there is in a block. */
typedef struct {
    int missing, lows, nans;
} fm_presence;

/* ---- How the outputs are cut (missing_tracts.c) ---- */

/* Along which axis to read. */
int fm_choose_inner(const fm_job *j);
/* Whether tiles of elements in order are to be used; sets the axes if so. */
int fm_suits_numbers(fm_job *j);
/* How many holes make a box one for blocks. */
int fm_most_holes(const fm_job *j, const fm_tract *box);
/* Choose the extent of blocks, and of boxes; 0 if there are more elements than can be counted. */
int fm_choose_blocks(fm_job *j);
int fm_choose_boxes(fm_job *j);
ptrdiff_t fm_count_tracts(const fm_job *j, const fm_region *region, const fm_tract *largest);
void fm_tract_at(const fm_job *j, const fm_region *region, const fm_tract *largest, ptrdiff_t index, fm_tract *t);
/* The window's runs as distances from where it begins. */
void fm_find_places(const fm_job *j, const ptrdiff_t *stride, fm_places *places);
fm_room fm_lay_out_block(const fm_job *j, const fm_tract *block, void *scratch);

/* ---- Blocks (missing_read.c, missing_block.c) ---- */

/* Reads the keys and flags of `count` neighbours along the inner axis. Returns which flags there are. */
int fm_read_line(const fm_job *j, const ptrdiff_t *from, ptrdiff_t count, void *keys, uint8_t *flags);
/* How missing elements of the job are to be replaced in lines of so many elements, for each of which there is a cell. */
void fm_mix(const fm_job *j, ptrdiff_t line, fm_mixture *mixture);
/* Reads the keys and flags of a block, and replaces what is missing. */
fm_presence fm_read_block(const fm_job *j, const fm_tract *block, const fm_room *r);
/* Makes a block of outputs. 0 if it was stopped or failed, which the job then says. */
int fm_make_block(const fm_lane *lane, const fm_tract *block, void *scratch);

/* ---- Boxes (repair.c) ---- */

/* Whether boxes may be made so; sets the outer axis if so. */
int fm_suits_repair(fm_job *j);
size_t fm_repair_scratch(const fm_job *j);
/* Makes a box of outputs by the plain filter, and corrects those with something missing. 0 if that was not done,
 * because too much is missing, or because it was stopped or failed. */
int fm_repair_box(const fm_lane *lane, const fm_tract *box, void *scratch);

/* ---- Large windows (missing_weighted.c) ---- */

int fm_suits_weights(const fm_job *j);
/* Chooses the extent of blocks; these sort the whole array. */
void fm_choose_weighed(fm_job *j);
size_t fm_weighed_scratch(const fm_job *j);
/* Makes a block of outputs. 0 if it was stopped. */
int fm_weigh_block(const fm_lane *lane, const fm_tract *block, void *scratch);

#endif
