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

/* The values of a type's footprint over the refreshes; `to` has room for HISTORY_POINTS. Returns how many: none of a
 * type that never changed. */
size_t history_type_points(struct history *history, const char *type, double *to);

#endif
