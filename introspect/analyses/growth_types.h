/* Growth by type: counts that outlive their heap, and what has changed between two of them. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_GROWTH_TYPES_H
#define HEAPGLASS_INTROSPECT_ANALYSES_GROWTH_TYPES_H

#include "base/arena.h"
#include "introspect/analyses/series.h"
#include "introspect/heap/heap.h"
#include "table/table.h"

struct type_count {
    const char *name; /* owned by the counts */
    uint64_t objects, footprint;
};

/* Those of one name are one: classes that are made again and again, or by another process. */
struct type_counts {
    struct type_count *items; /* by name */
    size_t count;
    struct arena names;
};

/* The objects need no ids. type_counts_free. */
struct err *type_counts_collect(const struct heap *heap, struct type_counts *ret) ERR_CHECK;
void type_counts_free(struct type_counts *counts);

/* Ends a round of a series that has begun: these are its types. */
struct err *type_counts_end_round(const struct type_counts *counts,
                                  struct series *series) ERR_CHECK;

struct type_change {
    const char *name;
    uint64_t objects_before, objects_after, footprint_before, footprint_after;
};

struct type_changes {
    struct type_change
        *items; /* what grew most first, by footprint, then by objects; then by name */
    size_t count;
    size_t changed; /* of them, those whose objects or footprint differ */
    size_t grown;   /* ... and come first: with more memory, or more objects in as much */
};

/* Every type of either; names are borrowed from both. type_changes_free. */
struct err *type_changes_find(const struct type_counts *before, const struct type_counts *after,
                              struct type_changes *ret) ERR_CHECK;
void type_changes_free(struct type_changes *changes);

struct type_change_rows {
    struct table table;
    const struct type_changes *changes;
    size_t next, limit;
};

void type_change_rows_open(struct type_change_rows *rows, const struct type_changes *changes,
                           size_t limit);

#endif
