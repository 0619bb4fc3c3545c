/* Threads, started once and reused. */
#ifndef FM_POOL_H
#define FM_POOL_H

#include "fastmath.h"

/* Does the index-th part of a job. `lane` is below the job's number of workers and is no other running
 * part's, so it can name scratch memory. */
typedef void (*fm_task)(void *context, ptrdiff_t index, int lane);

/* The number of workers that `count` parts can use; `workers` below 1 means every core. */
int fm_workers(int workers, ptrdiff_t count);

/* Runs parts 0 to count-1 on up to `workers` threads, the caller's among them; returns when all are done.
 * Parts are to be short (milliseconds): between them the watch, which may be NULL, is asked whether to
 * stop. FM_OK or FM_STOPPED. Which thread runs a part is left open. */
fm_status fm_parallel(ptrdiff_t count, int workers, fm_task task, void *context, const fm_watch *watch);

#endif
