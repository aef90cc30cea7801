/* Stops a process and lets it run on, whatever happens to us.
 *
 * All ptrace calls are made by a small process of its own, the *tracer*, forked beforehand. The
 * kernel lets the threads of a dead tracer run on, so nothing can keep the target stopped:
 *  - the tracer lets go when we say so, are gone (end of file on the socket) or are stopped
 *    ourselves, and when the longest pause is over;
 *  - before its first PTRACE_INTERRUPT it arms a timer with which the kernel kills it, even if it is
 *    stopped or gets no processor;
 *  - it is in a session of its own, out of reach of the terminal's Ctrl-C and Ctrl-Z;
 *  - we kill it when it is stopped or silent. */
#ifndef HEAPGLASS_ATTACH_TRACER_H
#define HEAPGLASS_ATTACH_TRACER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tracer_thread {
    pid_t tid;
    int32_t progress; /* the tracer's own */
    int32_t signal;   /* that it was about to take; delivered when it runs on */
    uint32_t register_count;
    uint64_t registers[40]; /* general ones, in the kernel's order (NT_PRSTATUS) */
    uint64_t thread_pointer;
};

struct tracer;

/* Forks the tracer of a process. The target is not touched yet. `cancel` as in struct
 * capture_options. */
struct err *tracer_create(pid_t pid, double max_pause, const volatile int *cancel,
                          struct tracer **ret) ERR_CHECK;

/* Stops every thread. ERR_SOURCE: not allowed or gone; ERR_BUDGET: not all of them stopped in time
 * (they run on, and the first that did not stop is named). After an error there is nothing to do
 * but to destroy the tracer. */
struct err *tracer_stop(struct tracer *tracer) ERR_CHECK;

/* False once the target runs on, be it before its time; cheap, for any thread. */
bool tracer_holds(const struct tracer *tracer);

/* Lets the target run on. An error if it ran on earlier: what was read since is not of one moment. ERR_BUDGET also if it
 * was held for longer than allowed, which a busy machine can make it. */
struct err *tracer_resume(struct tracer *tracer) ERR_CHECK;

/* Ends the tracer; a target that is still stopped runs on. NULL is fine. */
void tracer_destroy(struct tracer *tracer);

/* After tracer_stop: */
const struct tracer_thread *tracer_threads(const struct tracer *tracer, size_t *count);
/* It was stopped by a signal (Ctrl-Z) before. */
bool tracer_was_stopped(const struct tracer *tracer);

/* After the target runs on: first PTRACE_INTERRUPT to last PTRACE_DETACH, in seconds. */
double tracer_pause(const struct tracer *tracer);

#endif
