/* What a file that is compiled once per instruction set needs: its own names, and the table it fills. */
#ifndef FM_LEVEL_H
#define FM_LEVEL_H

#include "fastmath.h"

#define FM_JOIN_(a, b) a##_##b
#define FM_JOIN(a, b) FM_JOIN_(a, b)
#define FM_NAME(name) FM_JOIN(name, FM_LEVEL) /* sum_f64 -> sum_f64_v3 */

struct fm_key_type;
struct fm_engines;

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
} fm_kernels;

/* The table in use; set once, before any kernel can be called. */
extern const fm_kernels *fm_active;

#endif
