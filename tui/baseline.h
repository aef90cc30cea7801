/* What is said of the baseline: the refresh that others are compared with. */
#ifndef HEAPGLASS_TUI_BASELINE_H
#define HEAPGLASS_TUI_BASELINE_H

#include "tui/view.h"

/* False: there is nothing to compare with yet. */
bool baseline_is_there(const struct view_context *context);

/* Adds which one it is: "refresh 1 at 15:44:03, 2:05 before", "before.hgs, 1:00:00 before". */
void baseline_name(const struct view_context *context, struct strbuf *out);

/* Adds how to get one: what to press, or which option. */
void baseline_advice(const struct view_context *context, struct strbuf *out);

/* Seconds from the baseline to this refresh; 0 if clocks disagree. */
double baseline_seconds(const struct view_context *context);

/* The containers that have grown since; both refreshes have PRODUCT_CONTAINERS. They are looked for once. On the
 * worker that opens pages. grown_containers_drop. */
struct err *baseline_containers(const struct view_context *context, struct work *work,
                                struct grown_containers **ret) ERR_CHECK;

/* The type of a name; SUBJECT_NONE if there is none any more. */
struct subject subject_of_type_name(const struct heap *heap, const char *name);

/* The object at an address; SUBJECT_NONE if there is none. */
struct subject subject_at(const struct heap *heap, uint64_t address);

#endif
