/* Hidden references (audit.h) that have become more: what every healthy process has of them stays as it is, so
 * growth alone tells of a C extension that forgets to give references back. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_HIDDEN_GROWTH_H
#define HEAPGLASS_INTROSPECT_ANALYSES_HIDDEN_GROWTH_H

#include "base/arena.h"
#include "introspect/graph/graph.h"
#include "table/table.h"

struct hidden_count {
    const char *type;     /* owned by the counts */
    uint64_t address;     /* of a type: 0 */
    uint64_t objects;     /* that have hidden references */
    uint64_t hidden;      /* references */
    uint64_t unexplained; /* of them: without even a guess who holds them */
};

/* They outlive their heap. */
struct hidden_counts {
    struct hidden_count *types;   /* by name */
    struct hidden_count *objects; /* by address */
    size_t type_count, object_count;
    struct arena names;
};

/* hidden_counts_free. */
struct err *hidden_counts_collect(const struct graph *graph, const volatile int *cancel,
                                  struct hidden_counts *ret) ERR_CHECK;
void hidden_counts_free(struct hidden_counts *counts);

struct hidden_change {
    struct hidden_count before, after;
};

struct hidden_changes {
    /* Those that have more than before, most unexplained first, then most. */
    struct hidden_change *types, *objects;
    size_t type_count, object_count;
};

/* Objects are compared by address, unless it is an unrelated process. Names are borrowed from both.
 * hidden_changes_free. */
struct err *hidden_changes_find(const struct hidden_counts *before,
                                const struct hidden_counts *after, bool objects,
                                struct hidden_changes *ret) ERR_CHECK;
void hidden_changes_free(struct hidden_changes *changes);

struct hidden_rows {
    struct table table;
    const struct hidden_change *changes;
    size_t count, next;
    bool objects;
};

void hidden_type_rows_open(struct hidden_rows *rows, const struct hidden_changes *changes,
                           size_t limit);
void hidden_object_rows_open(struct hidden_rows *rows, const struct hidden_changes *changes,
                             size_t limit);

#endif
