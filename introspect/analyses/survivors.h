/* Objects that came, went, or came and stayed between moments of one process, by address.
 * Which are the same: introspect/analyses/same_objects.h. Of survivors `unproven` counts those of which nothing more
 * can be said than that address, type and size are. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_SURVIVORS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_SURVIVORS_H

#include "introspect/graph/graph.h"
#include "table/table.h"

struct object_set {
    const struct heap *heap; /* borrowed */
    uint8_t *has;            /* by id: whether the object is in the set */
    uint64_t count, footprint, unproven;
};

/* Whether two heaps have objects of the same types at the same addresses: moments of one process, or
 * processes of which one was forked from the other. */
bool heaps_share_addresses(const struct heap *one, const struct heap *other);

/* Those of a heap that another one has not. object_set_free. */
struct err *objects_missing_in(const struct heap *heap, const struct heap *other,
                               const volatile int *cancel, struct object_set *ret) ERR_CHECK;
/* Those of `last` that `middle` has, too, and `first` has not. object_set_free. */
struct err *survivors_find(const struct heap *first, const struct heap *middle,
                           const struct heap *last, const volatile int *cancel,
                           struct object_set *ret) ERR_CHECK;

/* An empty one. object_set_free. */
struct err *object_set_open(struct object_set *set, const struct heap *heap) ERR_CHECK;
void object_set_add(struct object_set *set, uint32_t id); /* one that is not in it */
void object_set_free(struct object_set *set);

/* ---- what they are --------------------------------------------------------------------------- */

struct set_type {
    const struct type *type;
    uint64_t objects, footprint; /* of the set */
};

/* Those that are reached by one path, with "*" for keys and indices, and not through others of the set. */
struct set_path {
    char *path; /* NULL: no root leads there */
    const struct type *type;
    uint64_t count;
    uint64_t example;            /* address of one of them */
    uint64_t objects, footprint; /* with those of the set that hang on them */
};

struct set_summary {
    struct set_type *types; /* biggest footprint first */
    struct set_path *paths;
    size_t type_count, path_count;
};

/* The graph is that of the set's heap. set_summary_free. */
struct err *set_summarise(const struct object_set *set, const struct graph *graph,
                          const volatile int *cancel, struct set_summary *ret) ERR_CHECK;
void set_summary_free(struct set_summary *summary);

struct set_rows {
    struct table table;
    const struct set_summary *summary;
    size_t next, limit;
};

void set_type_rows_open(struct set_rows *rows, const struct set_summary *summary, size_t limit);
void set_path_rows_open(struct set_rows *rows, const struct set_summary *summary, size_t limit);

#endif
