#include "cli/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_AFTER_MS = 700, EVERY_MS = 250 };

struct progress {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    const char *phase;
    bool ending;
};

static void add_milliseconds(struct timespec *time, long milliseconds) {
    time->tv_nsec += milliseconds % 1000 * 1000000;
    time->tv_sec += milliseconds / 1000 + time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
}

static void *show(void *argument) {
    struct progress *progress = argument;
    struct timespec start, next;
    bool shown = false;
    clock_gettime(CLOCK_MONOTONIC, &start);
    next = start;
    add_milliseconds(&next, FIRST_AFTER_MS);
    pthread_mutex_lock(&progress->mutex);
    while (!progress->ending) {
        if (pthread_cond_timedwait(&progress->wake, &progress->mutex, &next) != ETIMEDOUT)
            continue;
        double seconds =
            (double)(next.tv_sec - start.tv_sec) + (double)(next.tv_nsec - start.tv_nsec) / 1e9;
        fprintf(stderr, "\r\033[K%s, %.1f s", progress->phase, seconds);
        shown = true;
        add_milliseconds(&next, EVERY_MS);
    }
    pthread_mutex_unlock(&progress->mutex);
    if (shown)
        fputs("\r\033[K", stderr);
    return NULL;
}

struct progress *progress_start(bool quiet) {
    if (quiet || !isatty(STDERR_FILENO))
        return NULL;
    struct progress *progress = calloc(1, sizeof *progress);
    if (!progress)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&progress->mutex, NULL);
    progress->phase = "starting";
    if (pthread_create(&progress->thread, NULL, show, progress)) {
        pthread_cond_destroy(&progress->wake);
        pthread_mutex_destroy(&progress->mutex);
        free(progress);
        return NULL;
    }
    return progress;
}

void progress_phase(void *context, const char *phase) {
    struct progress *progress = context;
    if (!progress)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->phase = phase;
    pthread_mutex_unlock(&progress->mutex);
}

void progress_end(struct progress *progress) {
    if (!progress)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->ending = true;
    pthread_cond_signal(&progress->wake);
    pthread_mutex_unlock(&progress->mutex);
    pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->wake);
    pthread_mutex_destroy(&progress->mutex);
    free(progress);
}
