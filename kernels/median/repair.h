/* A box of outputs from whose windows little is missing: repair.c, repair_copy.c and repair_rows.c. */
#ifndef FM_REPAIR_H
#define FM_REPAIR_H

#include "missing_job.h"

#include <limits.h>

enum { FM_NOWHERE = INT_MIN };

/* An element of a box that is missing, or a NaN that makes windows NaN. */
typedef struct {
    int x;
    uint8_t low, nan; /* replaced by the lowest element; a NaN that is not missing */
} fm_hole;

/* What is kept for a box. Lines are those of its copy, which begins and ends with the border. */
typedef struct {
    const fm_tract *box;
    int lines, columns;      /* outputs of the box, */
    int height, width;       /* and elements of the window */
    int padded;              /* columns with the border */
    fm_array bits;           /* the input, its elements taken for keys, */
    fm_source elements;      /* and its border */
    int begin, end;          /* columns inside of the array */
    int *mirrored;           /* for each other one the column that holds the same, or FM_NOWHERE; */
    int is_quick;            /* whether all these are inside, and elements lie side by side */
    ptrdiff_t *rows;         /* of the array, for each line; -1 where that is constant */
    int most, count;
    fm_hole *list;              /* line after line */
    int *first;              /* of each line with the border; one more for the end */
    fm_mixture mixture;
    int harmless, harmless_low; /* so many holes of one kind leave the usual rank right; whether that is low */
    char *copy;              /* of the elements; */
    int keyed;               /* the lines before this one, if they are needed still, are keys by now */
    char *line;
    uint8_t *flags;
    int *found;              /* places in a line */
    int entered, left;       /* the lines that columns count are those from `left` on before `entered` */
    uint8_t *gone, *low, *nan; /* holes of each column in these lines, and how many of them are such; */
    uint64_t *holed;         /* a bit for each column with a hole */
    uint8_t *gone_sums, *low_sums, *nan_sums, *sliding; /* of windows */
    uint32_t *to;
    uint8_t *findings;
    char *outputs;           /* if these are keys, where they are, */
    char *chosen;            /* and some of them as keys */
    fm_places places;
    size_t bytes;
} fm_repair;

static inline ptrdiff_t fm_along(const ptrdiff_t *of, int axis)
{
    return axis < 0 ? 1 : of[axis];
}

static inline char *fm_copy_of(const fm_job *j, const fm_repair *r, int line, int x)
{
    return r->copy + ((line * r->box->line + x) << j->type_width);
}

/* ---- The copy (repair_copy.c) ---- */

/* Finds out which columns are inside of the array, and where the others and the lines are read. */
void fm_find_inside(const fm_job *j, fm_repair *r);
/* Finds holes, and copies a box that has some. 0 if there are too many. */
int fm_find_holes(const fm_job *j, fm_repair *r);
/* Replaces the holes in the copy. */
void fm_replace_holes(const fm_job *j, fm_repair *r);

/* ---- Rows (repair_rows.c) ---- */

/* Corrects the outputs of row y, after those of the rows before. */
void fm_correct_row(const fm_job *j, fm_repair *r, int y);

#endif
