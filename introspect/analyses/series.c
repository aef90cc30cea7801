#include "introspect/analyses/series.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_ROOM = 1024,
    SLOTS = 4 * SERIES_MAX_TYPES, /* a power of two */
    POINT = 2,                    /* numbers in a type's point: objects, footprint */
    LEAST_BYTES = 1024,           /* what grows less is no growth to look at */
    LEAST_OBJECTS = 32,
};

void series_free(struct series *series) {
    for (size_t i = 0; i < series->type_count; i++) {
        free(series->types[i].name);
        free(series->types[i].points);
    }
    free(series->types);
    free(series->slots);
    *series = (struct series){0};
}

/* ---- types by name --------------------------------------------------------------------------- */

static size_t hash_of(const char *name) {
    uint64_t hash = 14695981039346656037u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of a type: its own, or the free one where it belongs. */
static uint32_t *slot_of(const struct series *series, const char *name) {
    for (size_t at = hash_of(name);; at++) {
        uint32_t *slot = &series->slots[at % SLOTS];
        if (!*slot || !strcmp(series->types[*slot - 1].name, name))
            return slot;
    }
}

/* Types that were not there at first and are not any more say nothing of growth. */
static bool came_and_went(const struct series_type *type) {
    return !type->footprint.last && !type->objects.last && !type->objects.first &&
           !type->footprint.first;
}

static void forget_gone(struct series *series) {
    size_t left = 0;
    for (size_t i = 0; i < series->type_count; i++) {
        struct series_type *type = &series->types[i];
        if (came_and_went(type)) {
            free(type->name);
            free(type->points);
        } else {
            series->types[left++] = *type;
        }
    }
    series->type_count = left;
    memset(series->slots, 0, SLOTS * sizeof *series->slots);
    for (size_t i = 0; i < left; i++)
        *slot_of(series, series->types[i].name) = (uint32_t)i + 1;
    series->room = 2 * left > LEAST_ROOM ? 2 * left : LEAST_ROOM;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void drop_every_second(struct series *series) {
    size_t left = (series->kept + 1) / 2;
    for (size_t i = 0; i < left; i++) {
        series->kept_seconds[i] = series->kept_seconds[2 * i];
        memcpy(series->kept_measures[i], series->kept_measures[2 * i],
               sizeof series->kept_measures[i]);
    }
    for (size_t k = 0; k < series->type_count; k++) {
        uint64_t *points = series->types[k].points;
        for (size_t i = 0; points && i < left; i++)
            memcpy(&points[i * POINT], &points[2 * i * POINT], POINT * sizeof *points);
    }
    series->kept = left;
    series->stride *= 2;
}

static struct err *make_tables(struct series *series) {
    series->stride = 1;
    series->room = LEAST_ROOM;
    series->types = calloc(SERIES_MAX_TYPES, sizeof *series->types);
    series->slots = calloc(SLOTS, sizeof *series->slots);
    return series->types && series->slots ? NULL : err_no_memory();
}

struct err *series_begin(struct series *series, double seconds, const uint64_t measures[MEASURES]) {
    if (!series->slots)
        TRY(make_tables(series));
    if (series->newest_is_extra)
        series->kept--;
    if (series->type_count >= series->room)
        forget_gone(series);
    if (series->kept == SERIES_MAX_ROUNDS)
        drop_every_second(series);
    series->newest_is_extra = series->rounds % series->stride != 0;
    series->seconds = seconds;
    series->others = 0;
    series->rounds++;
    series->kept_seconds[series->kept] = seconds;
    for (size_t i = 0; i < MEASURES; i++) {
        series->kept_measures[series->kept][i] = measures[i];
        trend_add(&series->measures[i], measures[i]);
    }
    series->kept++;
    for (size_t i = 0; i < series->type_count; i++) {
        struct series_type *type = &series->types[i];
        type->seen = false;
        type->objects_before = type->objects.last;
        type->footprint_before = type->footprint.last;
    }
    return NULL;
}

/* Takes the numbers of the newest round for a type. */
static struct err *take(struct series *series, struct series_type *type, uint64_t objects,
                        uint64_t footprint) {
    bool changed = objects != type->objects_before || footprint != type->footprint_before;
    if (changed && !type->points && series->rounds > 1) {
        type->points = calloc(SERIES_MAX_ROUNDS * POINT, sizeof *type->points);
        if (!type->points)
            return err_no_memory();
        for (size_t i = 0; i + 1 < series->kept; i++) {
            type->points[i * POINT] = type->objects_before;
            type->points[i * POINT + 1] = type->footprint_before;
        }
    }
    if (type->points) {
        type->points[(series->kept - 1) * POINT] = objects;
        type->points[(series->kept - 1) * POINT + 1] = footprint;
    }
    trend_add(&type->objects, objects);
    trend_add(&type->footprint, footprint);
    type->seen = true;
    return NULL;
}

struct err *series_set(struct series *series, const char *name, uint64_t objects,
                       uint64_t footprint) {
    uint32_t *slot = slot_of(series, name);
    if (*slot)
        return take(series, &series->types[*slot - 1], objects, footprint);
    if (series->type_count == SERIES_MAX_TYPES) {
        series->others += objects;
        return NULL;
    }
    struct series_type *type = &series->types[series->type_count];
    *type = (struct series_type){.name = strdup(name)};
    if (!type->name)
        return err_no_memory();
    *slot = (uint32_t)++series->type_count;
    /* In the rounds before it had nothing. */
    if (series->rounds > 1) {
        trend_add(&type->objects, 0);
        trend_add(&type->footprint, 0);
        type->objects.count = type->footprint.count = series->rounds - 1;
    }
    return take(series, type, objects, footprint);
}

const struct series_type *series_find(const struct series *series, const char *name) {
    const uint32_t *slot = series->slots ? slot_of(series, name) : NULL;
    return slot && *slot ? &series->types[*slot - 1] : NULL;
}

bool series_is_set(const struct series *series, const char *name) {
    const struct series_type *type = series_find(series, name);
    return type && type->seen;
}

struct err *series_end(struct series *series, bool all) {
    for (size_t i = 0; i < series->type_count; i++) {
        struct series_type *type = &series->types[i];
        if (!type->seen)
            TRY(take(series, type, all ? 0 : type->objects_before,
                     all ? 0 : type->footprint_before));
    }
    return NULL;
}

/* ---- trends ---------------------------------------------------------------------------------- */

static struct trend_points type_points(const struct series *series, const struct series_type *type,
                                       size_t which) {
    return (struct trend_points){.seconds = series->kept_seconds,
                                 .values = type->points ? type->points + which : NULL,
                                 .stride = POINT,
                                 .count = type->points ? series->kept : 0};
}

static struct trend_points measure_points(const struct series *series,
                                          enum series_measure measure) {
    return (struct trend_points){.seconds = series->kept_seconds,
                                 .values = &series->kept_measures[0][measure],
                                 .stride = MEASURES,
                                 .count = series->kept};
}

struct series_trend series_measure_trend(const struct series *series, enum series_measure measure) {
    const struct trend_points points = measure_points(series, measure);
    return (struct series_trend){
        trend_judge(&series->measures[measure], &points,
                    measure == MEASURE_OBJECTS ? LEAST_OBJECTS : LEAST_BYTES),
        trend_slope(&points)};
}

struct series_trend series_type_trend(const struct series *series, const struct series_type *type) {
    const struct trend_points objects = type_points(series, type, 0);
    const struct trend_points footprint = type_points(series, type, 1);
    enum trend_kind by_footprint = trend_judge(&type->footprint, &footprint, LEAST_BYTES);
    enum trend_kind by_objects = trend_judge(&type->objects, &objects, LEAST_OBJECTS);
    bool objects_tell = by_footprint != TREND_STEADY && by_objects == TREND_STEADY &&
                        trend_net(&type->footprint) > 0;
    bool only_objects = by_footprint == TREND_FLAT;
    return (struct series_trend){objects_tell || only_objects ? by_objects : by_footprint,
                                 trend_slope(&footprint)};
}

static size_t copy_points(const struct trend_points *points, double *to) {
    for (size_t i = 0; i < points->count; i++)
        to[i] = (double)points->values[i * points->stride];
    return points->count;
}

size_t series_measure_points(const struct series *series, enum series_measure measure, double *to) {
    const struct trend_points points = measure_points(series, measure);
    return copy_points(&points, to);
}

size_t series_type_points(const struct series *series, const struct series_type *type, double *to) {
    const struct trend_points points = type_points(series, type, 1);
    return copy_points(&points, to);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Steady growth, other growth over the whole time, the rest. */
static int rank(const struct series_row *row) {
    return row->trend.kind == TREND_STEADY ? 0 : row->trend.kind == TREND_RISING ? 1 : 2;
}

static int compare_rows(const void *left, const void *right) {
    const struct series_row *a = left, *b = right;
    int64_t grown_a = trend_net(&a->type->footprint), grown_b = trend_net(&b->type->footprint);
    int64_t more_a = trend_net(&a->type->objects), more_b = trend_net(&b->type->objects);
    if (rank(a) != rank(b))
        return rank(a) - rank(b);
    if (grown_a != grown_b)
        return grown_a > grown_b ? -1 : 1;
    if (more_a != more_b)
        return more_a > more_b ? -1 : 1;
    return strcmp(a->type->name, b->type->name);
}

struct err *series_rows(const struct series *series, struct series_row **rows, size_t *count) {
    *count = 0;
    *rows = calloc(series->type_count + 1, sizeof **rows);
    if (!*rows)
        return err_no_memory();
    for (size_t i = 0; i < series->type_count; i++) {
        const struct series_type *type = &series->types[i];
        if (type->points && !came_and_went(type))
            (*rows)[(*count)++] = (struct series_row){type, series_type_trend(series, type)};
    }
    if (*count)
        qsort(*rows, *count, sizeof **rows, compare_rows);
    return NULL;
}
