/* What a file that is compiled once per instruction set needs: its own names, and the table it fills. */
#ifndef FM_LEVEL_H
#define FM_LEVEL_H

#include "fastmath.h"
#include "names.h"

struct fm_columns;
struct fm_key_type;
struct fm_engines;
struct fm_missing_kernels;

enum { FM_KEY_WIDTHS = 4 }; /* 8, 16, 32 and 64 bits */

/* One member per kernel; a level's table is filled in level.c. */
typedef struct fm_kernels {
    const char *name;

    /* Filters (kernels/median): elements to keys and back, and the engines of each key width. */
    void (*read_keys)(const char *elements, ptrdiff_t stride, ptrdiff_t count, struct fm_key_type type,
                      int swapped, void *keys);
    void (*write_keys)(char *elements, ptrdiff_t stride, ptrdiff_t count, struct fm_key_type type, int swapped,
                       const void *keys);
    const struct fm_engines *engines[FM_KEY_WIDTHS];
    const struct fm_missing_kernels *missing[FM_KEY_WIDTHS];

    /* Sums, products and exponentials of one chunk or block: sum_chunk.c, columns_block.c, dot_block.c,
     * int_chunk.c, exp_chunk.c. */
    int (*sum_f64)(const void *x, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest);
    int (*peel_f64)(const void *x, size_t n, const int *e, int levels, int64_t *units);
    double (*largest_f64)(const void *x, ptrdiff_t stride, size_t n);
    void (*add_columns_f64)(struct fm_columns *sums, const void *x, ptrdiff_t stride, size_t rows, size_t columns);
    void (*round_columns_f64)(struct fm_columns *sums, size_t columns, double error, double *result);
    size_t (*sum_f32)(const void *x, size_t n, double *sums); /* how many; exact unless the inexact flag is raised */
    int (*sum_f16)(const void *x, size_t n, double *sum);
    int (*dot_f64)(const void *a, const void *b, size_t n, int e, int64_t *units, double *rest);
    void (*exp_f64)(const double *x, double *result, size_t n);
    fm_int128 (*sum_int[FM_I64 + 1])(const void *x, size_t n); /* by type, FM_BOOL to FM_I64 */
} fm_kernels;

/* The table in use; set once, before any kernel can be called. */
extern const fm_kernels *fm_active;

#endif
