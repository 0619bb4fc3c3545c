/* Selection networks made at run time: for any window, as a list of steps on rows of values. */
#ifndef FM_PROGRAM_H
#define FM_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { FM_PROGRAM_OUTPUTS = 64 };

/* Where a step finds a value: line `place` of the input, or place `place` of scratch memory; `shift` (never
 * positive) says how far to the left of the step's own position. */
typedef struct {
    int32_t place, shift;
    int32_t is_line;
} fm_operand;

/* Compares two values, and one of the two results with a third where `next` says so. Results are stored at places; of
 * those that nobody wants the place is -1. */
typedef struct {
    fm_operand a, b, c;
    enum { FM_ALONE, FM_SMALLER, FM_LARGER } next;
    int32_t smaller, larger; /* of a and b, */
    int32_t low, high;       /* of one of them and c */
    int32_t first;           /* the first position at which the step is wanted */
} fm_step;

/* Neighbouring outputs that are made together. */
typedef struct {
    int rows, columns;
} fm_program_tile;

typedef struct {
    fm_step *steps;
    ptrdiff_t count;
    ptrdiff_t operations;
    int32_t places, lines; /* of scratch memory and of the input */
    int32_t reach;
    fm_program_tile tile;
    fm_operand result[FM_PROGRAM_OUTPUTS]; /* row by row, in windows that begin in tile 0, at position `reach` */
} fm_program;

/* An element of the window: on which input line, and how far along it. */
typedef struct {
    int32_t line, column;
} fm_point;

/* A window: the points that count, ordered by column. Of each plane it has `depth` lines, which are neighbours. */
typedef struct {
    const fm_point *points;
    ptrdiff_t count, depth, rank;
} fm_selection;

/* A program that selects the element of the rank, for the windows of a tile of outputs. Its lines are depth + rows - 1
 * of each plane, and of each of these the elements that have the same place in a tile: position x of line
 * (plane * (depth + rows - 1) + row) * columns + c is element x * columns + c of the row. NULL without memory, or where
 * too many operations would be looked at. It may be another caller's, too, and is given back by fm_program_release. */
const fm_program *fm_program_find(const fm_selection *selection);
/* What an output costs, in operations of a program with few places. */
double fm_program_cost(const fm_program *program);
void fm_program_release(const fm_program *program);

#endif
