/* A thread that does one job after another, so that the screen never waits.
 *
 * All functions are for the thread that owns the worker, the one of the screen. A job's `run` is called on
 * the worker's thread; what it makes lies in its context until `done` takes it over on the owner's. */
#ifndef HEAPGLASS_TUI_WORKER_H
#define HEAPGLASS_TUI_WORKER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct worker;
struct work; /* what a running job is told and tells */

struct job {
    const char *title; /* for people: "retained sizes"; borrowed */
    struct err *(*run)(void *context, struct work *work)ERR_CHECK;
    /* Called exactly once for each job, by worker_finish or worker_destroy: takes the context back, and the
     * error (ERR_CANCELLED for a job that was cancelled, run or not). */
    void (*done)(void *context, struct err *err);
    void *context;
    bool must_run; /* also if it is cancelled before its turn */
};

struct err *worker_create(struct worker **ret) ERR_CHECK;
/* Cancels and waits for what runs; every job is done then, those that `done` submits meanwhile, too. NULL is fine. */
void worker_destroy(struct worker *worker);

/* Appends a job; one that cannot be (no memory) is done at once. */
void worker_submit(struct worker *worker, struct job job);
/* Asks all jobs of this `done`, running or waiting, to end as cancelled; NULL: all jobs. */
void worker_cancel(struct worker *worker, void (*done)(void *context, struct err *err));

/* Readable when worker_finish has something to do. */
int worker_fd(const struct worker *worker);
/* Calls `done` for all jobs that have ended since. */
void worker_finish(struct worker *worker);

bool worker_is_idle(struct worker *worker);

struct worker_status {
    bool running;
    char title[64], phase[64];
    double seconds; /* since the job began */
    double share;   /* done of the phase, 0 .. 1; negative: not known */
};
struct worker_status worker_status(struct worker *worker);

/* ---- for jobs, on the worker's thread --------------------------------------------------------- */

/* Becomes non-zero when the job is to end with ERR_CANCELLED. */
const volatile int *work_cancel(const struct work *work);
/* Says what it does now; copied. */
void work_phase(struct work *work, const char *phase);
void work_share(struct work *work, size_t part, size_t whole);

#endif
