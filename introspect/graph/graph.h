/* The reference graph of a heap: who refers to whom, by object id, both ways.
 *
 * References are in compressed sparse rows: those of an object lie side by side, in its decoder's
 * order. Only references to objects of the heap are in the graph. Labels are not: they are decoded
 * again when somebody asks. Guessed references retain and count no more than their target's refcount
 * leaves unexplained. All functions are thread-safe; O(1) unless they say otherwise. */
#ifndef HEAPGLASS_INTROSPECT_GRAPH_GRAPH_H
#define HEAPGLASS_INTROSPECT_GRAPH_GRAPH_H

#include "introspect/graph/root_list.h"
#include "introspect/heap/heap.h"

struct graph_options {
    unsigned threads;           /* 0: as many as there are processors */
    const volatile int *cancel; /* non-zero: ERR_CANCELLED, soon; may be NULL */
};

/* Fields are for the inline functions below; use those. */
struct graph {
    const struct heap *heap;
    uint32_t object_count;
    uint64_t *first;          /* of each object's references; one more at the end */
    uint32_t *targets;        /* ids */
    uint8_t *properties;      /* REFERENCE_RETAINS | ... */
    uint64_t *first_referrer; /* of the references to each object; one more at the end */
    uint32_t *referrers;      /* REFERRER_SHIFT: id and properties */
    struct root_list roots;
    uint32_t *guessed; /* ids of the targets of guessed references that are believed; sorted */
    size_t guessed_count;
};

/* A referrer's id, and whether that reference retains and counts. */
enum { REFERRER_SHIFT = 2, REFERRER_PROPERTIES = REFERENCE_RETAINS | REFERENCE_COUNTED };

/* The heap is borrowed and must have been built with ids of objects. */
struct err *graph_build(const struct heap *heap, const struct graph_options *options,
                        struct graph **ret) ERR_CHECK;
void graph_destroy(struct graph *graph); /* NULL is fine */

static inline uint64_t graph_reference_count(const struct graph *graph) {
    return graph->first[graph->object_count];
}

struct graph_references {
    const uint32_t *targets;
    const uint8_t *properties;
    size_t count;
};

/* What object `id` refers to. */
ALWAYS_INLINE struct graph_references graph_references(const struct graph *graph, uint32_t id) {
    uint64_t first = graph->first[id];
    return (struct graph_references){graph->targets + first, graph->properties + first,
                                     graph->first[id + 1] - first};
}

struct graph_referrers {
    const uint32_t *items;
    size_t count;
};

/* Who refers to object `id`: one item for each reference, by ascending id of the referrer. */
ALWAYS_INLINE struct graph_referrers graph_referrers(const struct graph *graph, uint32_t id) {
    uint64_t first = graph->first_referrer[id];
    return (struct graph_referrers){graph->referrers + first,
                                    graph->first_referrer[id + 1] - first};
}

ALWAYS_INLINE uint32_t referrer_id(uint32_t item) {
    return item >> REFERRER_SHIFT;
}
ALWAYS_INLINE unsigned referrer_properties(uint32_t item) {
    return item & REFERRER_PROPERTIES;
}

/* Decodes an object's references again, with what names them: `position` is the index into
 * graph_references, whose target and properties it gets. */
typedef void graph_visit(void *context, size_t position, uint32_t target,
                         const struct reference *reference);
void graph_labelled(const struct graph *graph, uint32_t id, graph_visit *visit, void *context);
/* The same of the references from position `first` on, at most `count`: all are decoded, but for the others that is
 * about all that is done. */
void graph_labelled_part(const struct graph *graph, uint32_t id, uint64_t first, uint64_t count,
                         graph_visit *visit, void *context);

/* The references to `id` that its refcount counts: by objects of the heap, and by exact roots. */
struct graph_counted {
    uint64_t by_objects, by_roots;
    uint64_t by_guesses;    /* of by_objects and by_roots, those that are guessed */
    uint64_t by_definition; /* 1 for a static object: what its definition in C begins with */
};
/* O(references to it + log roots). */
struct graph_counted graph_counted(const struct graph *graph, uint32_t id);

/* Whether an object's refcount tells how many references it has. Not of immortal objects, nor of those
 * that CPython 3.11 has in its data with a refcount of 999,999,999. */
bool refcount_tells(const struct heap *heap, uint32_t id);

/* refcount less all counted references found; 0 if the refcount tells nothing. Positive: held from where nobody could
 * look; negative: more found than there are. */
int64_t graph_hidden(const struct graph *graph, uint32_t id);

#endif
