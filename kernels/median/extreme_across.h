/* Extremes across rows, for extreme.c: of low windows directly, of high ones by running extremes from both ends of strips
 * that are as high (van Herk; Gil and Werman). Of a row at least a vector is read, and written. */
#ifndef FM_EXTREME_ACROSS_H
#define FM_EXTREME_ACROSS_H

#include "extreme_along.h"

enum {
    BATCH = 4, /* rows of outputs that are made together, so that less is loaded and stored */
    LOW = 12,  /* rows of a window of which outputs are made directly, */
    LOW_IN_ONE_PLACE = 7, /* or where these share the ways of the first cache */
};

/* Makes the extremes of a window and of those one, two and three rows below it: all but the first and last three of the
 * rows these have are in each. */
ALWAYS void join_low(const K *const *rows, int size, K *const *out, ptrdiff_t count, int largest)
{
    for (way w = way_along(out[0], count); w.at < count; step(&w)) {
        const ptrdiff_t at = w.at;
        V v = LOAD(rows[3] + at);
        for (int i = 4; i < size; i++)
            v = extreme(v, LOAD(rows[i] + at), largest);
        const V above = LOAD(rows[2] + at), two_above = extreme(LOAD(rows[1] + at), above, largest);
        const V below = LOAD(rows[size] + at), two_below = extreme(below, LOAD(rows[size + 1] + at), largest);
        STORE(out[0] + at, extreme(extreme(v, LOAD(rows[0] + at), largest), two_above, largest));
        STORE(out[1] + at, extreme(extreme(v, below, largest), two_above, largest));
        STORE(out[2] + at, extreme(extreme(v, above, largest), two_below, largest));
        STORE(out[3] + at, extreme(extreme(v, LOAD(rows[size + 2] + at), largest), two_below, largest));
    }
}

/* The same for windows of two or three rows. */
ALWAYS void join_lowest(const K *const *rows, int size, K *const *out, ptrdiff_t count, int largest)
{
    for (way w = way_along(out[0], count); w.at < count; step(&w)) {
        const ptrdiff_t at = w.at;
        V v[BATCH + 2];
#pragma GCC unroll 6
        for (int i = 0; i < BATCH + size - 1; i++)
            v[i] = LOAD(rows[i] + at);
#pragma GCC unroll 2
        for (int i = 0; i < BATCH; i += 2) {
            const V common = size < 3 ? v[i + 1] : extreme(v[i + 1], v[i + 2], largest);
            STORE(out[i] + at, extreme(v[i], common, largest));
            STORE(out[i + 1] + at, extreme(common, v[i + size], largest));
        }
    }
}

ALWAYS void either_join_across(const K *const *rows, int size, K *const *out, ptrdiff_t count, int largest)
{
    switch (size) {
    case 2: join_lowest(rows, 2, out, count, largest); break;
    case 3: join_lowest(rows, 3, out, count, largest); break;
    case 5: join_low(rows, 5, out, count, largest); break;
    case 7: join_low(rows, 7, out, count, largest); break;
    default: join_low(rows, size, out, count, largest); break;
    }
}

static void join_across(const K *const *rows, int size, K *const *out, ptrdiff_t count, int largest)
{
    if (largest)
        either_join_across(rows, size, out, count, 1);
    else
        either_join_across(rows, size, out, count, 0);
}

/* From extremes of what comes after some rows, those from each of these on. */
ALWAYS void run_up_rows(const K *const *rows, int number, const K *after, K *out, ptrdiff_t stride, ptrdiff_t count,
                        int largest)
{
    for (way w = way_along(out, count); w.at < count; step(&w)) {
        const ptrdiff_t at = w.at;
        V v = LOAD(after + at);
        for (int i = number - 1; i >= 0; i--) {
            v = extreme(v, LOAD(rows[i] + at), largest);
            STORE(out + i * stride + at, v);
        }
    }
}

/* Rows become extremes from each on to the last. */
ALWAYS void either_run_up(const K *const *rows, ptrdiff_t number, K *out, ptrdiff_t stride, ptrdiff_t count, int largest)
{
    const K *after = rows[number - 1];
    for (; number >= BATCH; after = out + number * stride) {
        number -= BATCH;
        run_up_rows(rows + number, BATCH, after, out + number * stride, stride, count, largest);
    }
    if (number == 3)
        run_up_rows(rows, 3, after, out, stride, count, largest);
    else if (number == 2)
        run_up_rows(rows, 2, after, out, stride, count, largest);
    else if (number == 1)
        run_up_rows(rows, 1, after, out, stride, count, largest);
}

static void run_up(const K *const *rows, ptrdiff_t number, K *out, ptrdiff_t stride, ptrdiff_t count, int largest)
{
    if (largest)
        either_run_up(rows, number, out, stride, count, 1);
    else
        either_run_up(rows, number, out, stride, count, 0);
}

/* Rows that are met at a time: those that enter the running extremes, and those of the strip before, with which these
 * make outputs. */
typedef struct {
    const K *const *entering;
    const K *before;
    ptrdiff_t stride;
    const K *running;
    K *after; /* the running extremes afterwards, elsewhere: a last vector is made of some elements again */
    K *const *out;
} meeting;

ALWAYS void run_down_rows(const meeting *m, int number, ptrdiff_t count, int largest)
{
    for (way w = way_along(m->out[0], count); w.at < count; step(&w)) {
        const ptrdiff_t at = w.at;
        V v = LOAD(m->running + at);
        for (int i = 0; i < number; i++) {
            v = extreme(v, LOAD(m->entering[i] + at), largest);
            STORE(m->out[i] + at, extreme(v, LOAD(m->before + i * m->stride + at), largest));
        }
        STORE(m->after + at, v);
    }
}

ALWAYS void either_run_down(const meeting *m, int number, ptrdiff_t count, int largest)
{
    if (number == 4)
        run_down_rows(m, 4, count, largest);
    else if (number == 3)
        run_down_rows(m, 3, count, largest);
    else if (number == 2)
        run_down_rows(m, 2, count, largest);
    else
        run_down_rows(m, 1, count, largest);
}

static void run_down(const meeting *m, int number, ptrdiff_t count, int largest)
{
    if (largest)
        either_run_down(m, number, count, 1);
    else
        either_run_down(m, number, count, 0);
}

#endif
