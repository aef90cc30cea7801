#include "tui/history.h"

#include "source/measures.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct history {
    pthread_mutex_t lock;
    struct series series;
    struct timespec first;
};

struct err *history_create(struct history **ret) {
    struct history *history = calloc(1, sizeof *history);
    if (!history)
        return err_no_memory();
    pthread_mutex_init(&history->lock, NULL);
    *ret = history;
    return NULL;
}

void history_destroy(struct history *history) {
    if (!history)
        return;
    series_free(&history->series);
    pthread_mutex_destroy(&history->lock);
    free(history);
}

struct err *history_add(struct history *history, const struct refresh *refresh) {
    struct timespec taken = source_info(refresh->source)->capture.taken_at;
    uint64_t measures[MEASURES];
    source_measures(refresh->source, measures);
    pthread_mutex_lock(&history->lock);
    if (!history->series.rounds)
        history->first = taken;
    double seconds = (double)(taken.tv_sec - history->first.tv_sec) +
                     (double)(taken.tv_nsec - history->first.tv_nsec) / 1e9;
    if (seconds < history->series.seconds) /* the clock was set back */
        seconds = history->series.seconds;
    struct err *err = series_begin(&history->series, seconds, measures);
    if (!err)
        err = type_counts_end_round(&refresh->counts->counts, &history->series);
    pthread_mutex_unlock(&history->lock);
    return err;
}

const struct series *history_lock(struct history *history) {
    pthread_mutex_lock(&history->lock);
    return &history->series;
}

void history_unlock(struct history *history) {
    pthread_mutex_unlock(&history->lock);
}

size_t history_type_points(struct history *history, const char *type, double *to) {
    pthread_mutex_lock(&history->lock);
    const struct series_type *found = series_find(&history->series, type);
    size_t count = found && found->points ? series_type_points(&history->series, found, to) : 0;
    pthread_mutex_unlock(&history->lock);
    return count;
}
