/* Threads, started once and reused.
 *
 * Jobs stand in a list; a free thread joins the first job that has room. The caller always works on its
 * own job, so a job is finished even where no thread can be started. No thread exists before the first
 * job that asks for two workers, and idle threads sleep. After fork the child begins with none.
 */
#include "pool.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORKERS = 256, LOOK_EVERY = 20 * 1000 * 1000 /* nanoseconds */ };

typedef struct job {
    fm_task task;
    void *context;
    ptrdiff_t count;
    atomic_ptrdiff_t next;
    atomic_int stopped;
    int lanes, joined, running; /* under the lock */
    struct job *following;
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_waits = PTHREAD_COND_INITIALIZER;
static pthread_cond_t lane_left = PTHREAD_COND_INITIALIZER;
static job *jobs;
static int threads;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* The child has only the forking thread: no workers, and nobody's jobs. */
static void after_fork_child(void)
{
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&work_waits, NULL);
    pthread_cond_init(&lane_left, NULL);
    jobs = NULL;
    threads = 0;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static int should_stop(const fm_watch *watch)
{
    return watch && watch->stop && watch->stop(watch->context);
}

static void work(job *j, int lane, const fm_watch *watch)
{
    while (!atomic_load_explicit(&j->stopped, memory_order_relaxed)) {
        ptrdiff_t index = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (index >= j->count)
            return;
        j->task(j->context, index, lane);
        if (should_stop(watch))
            atomic_store(&j->stopped, 1);
    }
}

static job *joinable(void)
{
    job *j = jobs;
    while (j && (j->joined == j->lanes || atomic_load(&j->next) >= j->count || atomic_load(&j->stopped)))
        j = j->following;
    return j;
}

/* Whoever starts a thread hands his floating-point environment on, which may round or flush otherwise. */
static void *thread_main(void *unused)
{
    fesetenv(FE_DFL_ENV);
    pthread_mutex_lock(&lock);
    for (;;) {
        job *j = joinable();
        if (!j) {
            pthread_cond_wait(&work_waits, &lock);
            continue;
        }
        int lane = j->joined++;
        j->running++;
        pthread_mutex_unlock(&lock);
        work(j, lane, NULL);
        pthread_mutex_lock(&lock);
        if (--j->running == 0)
            pthread_cond_broadcast(&lane_left);
    }
    return NULL;
}

/* With the lock held. A thread that cannot be started is done without. */
static void start_threads(int wanted)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t id;
    while (threads < wanted && pthread_create(&id, &attributes, thread_main, NULL) == 0)
        threads++;
    pthread_attr_destroy(&attributes);
}

static void enlist(job *j)
{
    pthread_mutex_lock(&lock);
    start_threads(j->lanes - 1);
    j->following = jobs;
    jobs = j;
    pthread_cond_broadcast(&work_waits);
    pthread_mutex_unlock(&lock);
}

/* Takes the job off the list and waits until no thread works on it, looking at the watch meanwhile. */
static void finish(job *j, const fm_watch *watch)
{
    pthread_mutex_lock(&lock);
    for (job **p = &jobs; *p; p = &(*p)->following)
        if (*p == j) {
            *p = j->following;
            break;
        }
    while (j->running) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_EVERY;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&lane_left, &lock, &until);
        if (!j->running)
            break;
        pthread_mutex_unlock(&lock); /* the watch may take other locks */
        if (should_stop(watch))
            atomic_store(&j->stopped, 1);
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
}

int fm_workers(int workers, ptrdiff_t count)
{
    long most = workers < 1 ? sysconf(_SC_NPROCESSORS_ONLN) : workers;
    if (most > MAX_WORKERS)
        most = MAX_WORKERS;
    if (most > count)
        most = (long)count;
    return most < 1 ? 1 : (int)most;
}

fm_status fm_parallel(ptrdiff_t count, int workers, fm_task task, void *context, const fm_watch *watch)
{
    job j = {.task = task, .context = context, .count = count, .lanes = fm_workers(workers, count), .joined = 1};
    if (j.lanes > 1)
        enlist(&j);
    work(&j, 0, watch);
    if (j.lanes > 1)
        finish(&j, watch);
    return atomic_load(&j.stopped) ? FM_STOPPED : FM_OK;
}
