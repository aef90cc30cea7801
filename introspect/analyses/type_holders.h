/* For each type of a heap, where most of its objects hang. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_TYPE_HOLDERS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_TYPE_HOLDERS_H

#include "base/arena.h"
#include "introspect/graph/graph.h"

struct type_holder {
    char *path;       /* "shop.cache.ORDERS[*]"; NULL: no root leads to any of them */
    uint64_t objects; /* that have this path */
};

struct type_holders {
    struct type_holder *of; /* by type id */
    size_t type_count;
    struct arena texts;
};

/* The merged path that most of a type's objects share, found for all types at once. It is the first one of
 * paths_to_types for that type alone, without a filter. But of paths that are shared by equally many it is
 * the first by text, where paths_to_types, given dominators, puts those first that retain more; and types of the
 * same name have one each, where a command that is given the name takes them together. type_holders_free. */
struct err *type_holders_find(const struct graph *graph, const volatile int *cancel,
                              struct type_holders *ret) ERR_CHECK;
void type_holders_free(struct type_holders *holders);

#endif
