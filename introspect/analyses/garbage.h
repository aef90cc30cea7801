/* Garbage: what gc.collect() would find now, by CPython's own rule, and how it hangs together.
 *
 * Of all objects that an interpreter's collector tracks (but for frozen ones) the references among them
 * that tp_traverse visits are taken off their refcounts. What has some left is held from outside; that,
 * and all that it leads to, stays. The rest is collectable (Modules/gcmodule.c: deduce_unreachable). */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_GARBAGE_H
#define HEAPGLASS_INTROSPECT_ANALYSES_GARBAGE_H

#include "introspect/graph/graph.h"

/* Objects that hang together: a connected component of what is collectable. */
struct garbage_group {
    uint64_t gc_objects; /* what gc.collect() would count */
    uint64_t objects;    /* with objects that gc does not track and that only they keep */
    uint64_t footprint;  /* of all of them, in bytes */
    size_t first;        /* its members, in garbage.members; those that gc tracks come first */
};

struct garbage {
    const struct graph *graph;
    struct garbage_group *groups; /* largest footprint first, then by address */
    size_t group_count;
    uint32_t *members; /* ids, by group */
    size_t member_count;
    uint64_t gc_objects, footprint;
    uint64_t frozen; /* objects in the permanent generation */
    uint8_t *state;  /* by id: enum garbage_state */
};

enum garbage_state {
    GARBAGE_NONE,
    GARBAGE_TRACKED,   /* gc.collect() would find it */
    GARBAGE_DEPENDENT, /* not tracked; only garbage keeps it */
};

/* What the collector of one interpreter would find; to it the objects of others are outside.
 * garbage_free. */
struct err *garbage_find(const struct graph *graph, int64_t interpreter, const volatile int *cancel,
                         struct garbage *ret) ERR_CHECK;
void garbage_free(struct garbage *garbage);

/* How many objects of each type a group has, most first; at most `limit`. Returns the count. */
struct garbage_type {
    const struct type *type;
    uint64_t objects;
};
size_t garbage_types(const struct garbage *garbage, const struct garbage_group *group,
                     struct garbage_type *types, size_t limit);

/* The id of the object of a group that people would look at first: an instance of a Python class, if one is
 * among its first. */
uint32_t garbage_first_object(const struct garbage *garbage, const struct garbage_group *group);

/* What a search for cycles notes: for one thread at a time. garbage_search_end. */
struct garbage_search {
    const struct garbage *garbage; /* borrowed */
    uint32_t *stamps, stamp;       /* by id: the last search that came there */
};

struct err *garbage_search_start(const struct garbage *garbage,
                                 struct garbage_search *ret) ERR_CHECK;
void garbage_search_end(struct garbage_search *search); /* a zeroed one is fine */

/* Adds a cycle in the group: "shop.Node.peer → shop.Node.peer → (itself)". */
void garbage_cycle_text(struct garbage_search *search, const struct garbage_group *group,
                        struct strbuf *out);

/* Adds what is to run when the group is freed: "__del__ of shop.Node, 2 weakref callbacks"; nothing if
 * there is nothing. */
void garbage_finalizers(const struct garbage *garbage, const struct garbage_group *group,
                        struct strbuf *out);

#endif
