#include "tui/worker.h"

#include "base/gauge.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { STACK_SIZE = 8 << 20 };

struct queued {
    struct job job;
    struct err *err;
    bool cancelled;
    struct queued *next;
};

struct queue {
    struct queued *first, **end; /* `end`: where the next one goes */
};

struct work {
    struct worker *worker;
    volatile int cancel;
};

struct worker {
    pthread_t thread;
    int fd; /* counts jobs that have ended */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    struct queue waiting, ended;
    struct queued *current; /* NULL: none runs */
    bool quit;
    struct work work;
    struct timespec started;
    char phase[64];
    double share;       /* as the job says; negative: see the gauge */
    struct gauge gauge; /* has no need of the lock */
};

/* ---- on the worker's thread -------------------------------------------------------------------- */

const volatile int *work_cancel(const struct work *work) {
    return &work->cancel;
}

void work_phase(struct work *work, const char *phase) {
    struct worker *worker = work->worker;
    pthread_mutex_lock(&worker->lock);
    snprintf(worker->phase, sizeof worker->phase, "%s", phase);
    worker->share = -1;
    gauge_part(0, 0, 0);
    pthread_mutex_unlock(&worker->lock);
}

void work_share(struct work *work, size_t part, size_t whole) {
    struct worker *worker = work->worker;
    pthread_mutex_lock(&worker->lock);
    worker->share = whole ? (double)part / (double)whole : -1;
    pthread_mutex_unlock(&worker->lock);
}

static void append(struct queue *queue, struct queued *queued) {
    queued->next = NULL;
    *queue->end = queued;
    queue->end = &queued->next;
}

static struct queued *take_first(struct queue *queue) {
    struct queued *first = queue->first;
    queue->first = first->next;
    if (!queue->first)
        queue->end = &queue->first;
    return first;
}

static struct queued *begin_next(struct worker *worker) {
    worker->current = take_first(&worker->waiting);
    __atomic_store_n(&worker->work.cancel, worker->current->cancelled, __ATOMIC_RELAXED);
    worker->phase[0] = '\0';
    worker->share = -1;
    gauge_part(0, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &worker->started);
    return worker->current;
}

static void *serve(void *argument) {
    struct worker *worker = argument;
    gauge_attach(&worker->gauge);
    pthread_mutex_lock(&worker->lock);
    for (;;) {
        while (!worker->waiting.first && !worker->quit)
            pthread_cond_wait(&worker->changed, &worker->lock);
        if (!worker->waiting.first)
            break;
        struct queued *current = begin_next(worker);
        pthread_mutex_unlock(&worker->lock);
        if (current->cancelled && !current->job.must_run)
            current->err = err_new(ERR_CANCELLED, "cancelled");
        else
            current->err = current->job.run(current->job.context, &worker->work);
        pthread_mutex_lock(&worker->lock);
        worker->current = NULL;
        append(&worker->ended, current);
        ssize_t written = write(worker->fd, &(uint64_t){1}, sizeof(uint64_t));
        (void)written; /* it counts: there is always room */
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* ---- on the owner's ---------------------------------------------------------------------------- */

static int start_thread(struct worker *worker) {
    /* Signals are for the screen's thread, and the threads that this one starts inherit that; but for those of a
     * crash, at which the terminal has to be given back. */
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigdelset(&all, crashes[i]);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, &attributes, serve, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

struct err *worker_create(struct worker **ret) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return err_no_memory();
    worker->work.worker = worker;
    worker->waiting.end = &worker->waiting.first;
    worker->ended.end = &worker->ended.first;
    worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    int error = worker->fd < 0 ? errno : start_thread(worker);
    if (error) {
        if (worker->fd >= 0)
            close(worker->fd);
        free(worker);
        return err_errno(ERR_FAILED, error, "no thread can be started");
    }
    *ret = worker;
    return NULL;
}

void worker_destroy(struct worker *worker) {
    if (!worker)
        return;
    worker_cancel(worker, NULL);
    pthread_mutex_lock(&worker->lock);
    worker->quit = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    worker_finish(worker);
    close(worker->fd);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void worker_submit(struct worker *worker, struct job job) {
    struct queued *queued = calloc(1, sizeof *queued);
    if (!queued) {
        job.done(job.context, err_no_memory());
        return;
    }
    queued->job = job;
    pthread_mutex_lock(&worker->lock);
    if (worker->quit) { /* nobody would run it */
        pthread_mutex_unlock(&worker->lock);
        free(queued);
        job.done(job.context, err_new(ERR_CANCELLED, "cancelled"));
        return;
    }
    append(&worker->waiting, queued);
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void worker_cancel(struct worker *worker, void (*done)(void *context, struct err *err)) {
    pthread_mutex_lock(&worker->lock);
    for (struct queued *queued = worker->waiting.first; queued; queued = queued->next) {
        if (!done || queued->job.done == done)
            queued->cancelled = true;
    }
    if (worker->current && (!done || worker->current->job.done == done))
        __atomic_store_n(&worker->work.cancel, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&worker->lock);
}

int worker_fd(const struct worker *worker) {
    return worker->fd;
}

void worker_finish(struct worker *worker) {
    uint64_t count;
    pthread_mutex_lock(&worker->lock);
    ssize_t got = read(worker->fd, &count, sizeof count);
    (void)got; /* only makes it unreadable again */
    struct queued *ended = worker->ended.first;
    worker->ended = (struct queue){0};
    worker->ended.end = &worker->ended.first;
    pthread_mutex_unlock(&worker->lock);
    while (ended) {
        struct queued *next = ended->next;
        ended->job.done(ended->job.context, ended->err);
        free(ended);
        ended = next;
    }
}

bool worker_is_idle(struct worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool idle = !worker->current && !worker->waiting.first && !worker->ended.first;
    pthread_mutex_unlock(&worker->lock);
    return idle;
}

struct worker_status worker_status(struct worker *worker) {
    struct worker_status status = {0};
    struct timespec now;
    pthread_mutex_lock(&worker->lock);
    clock_gettime(CLOCK_MONOTONIC, &now); /* a job that begins meanwhile has begun before */
    status.running = worker->current != NULL;
    if (worker->current) {
        snprintf(status.title, sizeof status.title, "%s", worker->current->job.title);
        memcpy(status.phase, worker->phase, sizeof status.phase);
        status.share = worker->share < 0 ? gauge_percent(&worker->gauge) / 100.0 : worker->share;
        status.seconds = (double)(now.tv_sec - worker->started.tv_sec) +
                         (double)(now.tv_nsec - worker->started.tv_nsec) / 1e9;
    }
    pthread_mutex_unlock(&worker->lock);
    return status;
}
