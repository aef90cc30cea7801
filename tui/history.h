/* The refreshes as series: what the process used and how many objects each type had. For all threads: it
 * has its own lock. */
#ifndef HEAPGLASS_TUI_HISTORY_H
#define HEAPGLASS_TUI_HISTORY_H

#include "introspect/analyses/series.h"
#include "tui/refresh.h"

struct history;

struct err *history_create(struct history **ret) ERR_CHECK;
void history_destroy(struct history *history); /* NULL is fine */

/* Adds a refresh. */
struct err *history_add(struct history *history, const struct refresh *refresh) ERR_CHECK;

/* For work on the series itself: nobody changes it until it is given back. */
const struct series *history_lock(struct history *history);
void history_unlock(struct history *history);

enum { HISTORY_POINTS = SERIES_MAX_ROUNDS };

/* The values of a type's footprint or of a measure over the refreshes; `to` has room for HISTORY_POINTS.
 * Return how many. A type that never changed has none. */
size_t history_type_points(struct history *history, const char *type, double *to);
size_t history_measure_points(struct history *history, enum series_measure measure, double *to);
/* The trend of a type: "steady", "sawtooth", ...; "" if there is none. */
const char *history_type_trend(struct history *history, const char *type, double *per_second);

#endif
