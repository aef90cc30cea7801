/* Rounds over time: what the process uses, and the objects of each type, in one capture after another.
 *
 * Memory is bounded however many rounds there are: sums over all of them, and at most SERIES_MAX_ROUNDS
 * points, of which every second is dropped when they are full. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_SERIES_H
#define HEAPGLASS_INTROSPECT_ANALYSES_SERIES_H

#include "base/err.h"
#include "introspect/analyses/trend.h"

enum {
    SERIES_MAX_ROUNDS = TREND_MAX_POINTS,
    SERIES_MAX_TYPES = 16384, /* further ones: see `others` */
};

/* What is known of the whole process; bytes but for the first. */
enum series_measure {
    MEASURE_OBJECTS,
    MEASURE_FOOTPRINT, /* of all objects */
    MEASURE_RSS,
    MEASURE_SPLIT_OBJECTS, /* the parts of RSS: see memory_split.h */
    MEASURE_SPLIT_FREE,
    MEASURE_SPLIT_OTHER,
    MEASURE_SPLIT_FILES,
    MEASURE_SPLIT_REST,
    MEASURE_USS,
    MEASURE_SWAP,
    MEASURE_CGROUP, /* in use by its memory cgroup; 0: none */
    MEASURES,
};

/* Those of one name are one: classes that are made again and again. */
struct series_type {
    char *name; /* owned */
    bool seen;  /* in the current round */
    struct trend_track objects, footprint;
    uint64_t objects_before, footprint_before; /* in the round before the current one */
    uint64_t *points; /* objects and footprint of each kept round; NULL: never changed */
};

struct series {
    uint64_t rounds; /* so far */
    double seconds;  /* of the newest, since the first */

    /* Rounds that are kept: every `stride`-th, and always the newest one. */
    size_t kept, stride;
    double kept_seconds[SERIES_MAX_ROUNDS];
    uint64_t kept_measures[SERIES_MAX_ROUNDS][MEASURES];
    bool newest_is_extra; /* the last of them goes with the next round */

    struct trend_track measures[MEASURES];
    struct series_type *types;
    size_t type_count;
    size_t room;     /* types that there may be until those that are gone are looked for */
    uint64_t others; /* objects of types that found no room, in the newest round */
    uint32_t *slots; /* a hash table of indices of types + 1 */
};

/* Zeroed is an empty series. */
void series_free(struct series *series);

/* Begins a round, `seconds` after the first. All types keep what they had. */
struct err *series_begin(struct series *series, double seconds,
                         const uint64_t measures[MEASURES]) ERR_CHECK;
/* What a type has in this round. Once for each type and round. */
struct err *series_set(struct series *series, const char *name, uint64_t objects,
                       uint64_t footprint) ERR_CHECK;
/* NULL if no type of that name was ever set. */
const struct series_type *series_find(const struct series *series, const char *name);
/* Whether that was done. */
bool series_is_set(const struct series *series, const char *name);
/* Ends it. `all`: types that were not set have no objects any more. */
struct err *series_end(struct series *series, bool all) ERR_CHECK;

/* The trend of a measure, or of a type, and its rate per second. Growth below some bytes or objects is
 * no trend. A type grows steadily if its objects or its footprint do. */
struct series_trend {
    enum trend_kind kind;
    double per_second; /* of the measure, or of the type's footprint */
};
struct series_trend series_measure_trend(const struct series *series, enum series_measure measure);
struct series_trend series_type_trend(const struct series *series, const struct series_type *type);

/* The kept values, for drawing: `to` has room for SERIES_MAX_ROUNDS of them; returns their count. */
size_t series_measure_points(const struct series *series, enum series_measure measure, double *to);
size_t series_type_points(const struct series *series, const struct series_type *type, double *to);

/* Types whose objects or footprint changed, steady growth first, then most growth of footprint; without
 * those that came and went. The array is the caller's to free. */
struct series_row {
    const struct series_type *type;
    struct series_trend trend;
};
struct err *series_rows(const struct series *series, struct series_row **rows,
                        size_t *count) ERR_CHECK;

#endif
