/* Selection networks made at run time: for any window, as a list of steps on rows of values. */
#ifndef FM_PROGRAM_H
#define FM_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Where a step finds a value: line `place` of the input, or place `place` of scratch memory; `shift` (never
 * positive) says how far to the left of the step's own position. */
typedef struct {
    int32_t place, shift;
    int32_t is_line;
} fm_operand;

/* Stores the smaller and the larger of two values; a place of -1 is not wanted. */
typedef struct {
    fm_operand a, b;
    int32_t smaller, larger;
    int32_t first; /* the first position at which the step is wanted */
} fm_step;

typedef struct {
    fm_step *steps;
    ptrdiff_t count;
    ptrdiff_t operations;
    int32_t places;
    fm_operand result; /* of the window that begins at position 0, at position `reach` */
    int32_t reach;
} fm_program;

/* An element of the window: on which input line, and how far along it. */
typedef struct {
    int32_t line, column;
} fm_point;

/* A program that selects the element of a rank. The points are ordered by column. NULL without memory, or
 * where more than `most` operations would be looked at. */
fm_program *fm_program_new(const fm_point *points, ptrdiff_t count, ptrdiff_t rank, ptrdiff_t most);
void fm_program_free(fm_program *program);

#endif
