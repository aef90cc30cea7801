/* What the tracing process and the one that asked for it share (tracer.c, tracer_process.c). */
#ifndef HEAPGLASS_ATTACH_TRACER_PROCESS_H
#define HEAPGLASS_ATTACH_TRACER_PROCESS_H

#include "attach/tracer.h"

#include <stdatomic.h>

enum { TRACER_THREAD_LIMIT = 32768 };

/* Messages are one byte. */
enum tracer_command { TRACER_STOP = 'S', TRACER_RESUME = 'R' };
enum tracer_answer { TRACER_STOPPED = 's', TRACER_RESUMED = 'r', TRACER_FAILED = 'f' };

enum tracer_failure {
    FAILURE_NONE,
    FAILURE_GONE,        /* the process has ended */
    FAILURE_REFUSED,     /* PTRACE_SEIZE said no: `number` */
    FAILURE_DEADLINE,    /* thread `tid` in state `state` did not stop */
    FAILURE_TIMER,       /* no timer to guard us: `number` */
    FAILURE_THREADS,     /* too many threads */
    FAILURE_MAX_PAUSE,   /* the longest pause was over */
    FAILURE_MAIN_STOPPED /* the process that asked was stopped */
};

/* Memory that both processes see. */
struct tracer_shared {
    _Atomic int holds; /* 1 from the last thread stopped to just before the first one runs on */
    enum tracer_failure failure;
    int number;
    pid_t tid;
    char state;
    bool was_stopped;
    uint64_t pause_start, pause_end; /* CLOCK_MONOTONIC, ns */
    size_t thread_count;
    struct tracer_thread threads[TRACER_THREAD_LIMIT];
};

struct tracer_request {
    pid_t pid, main_pid;
    int socket;
    uint64_t max_pause; /* ns */
    struct tracer_shared *shared;
};

/* The life of the tracing process, from fork to exit. */
void tracer_process(const struct tracer_request *request) __attribute__((noreturn));

uint64_t tracer_now(void); /* CLOCK_MONOTONIC, ns */

#endif
