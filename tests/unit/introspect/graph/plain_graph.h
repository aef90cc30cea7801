/* Reference graphs from lists of edges, without memory behind them: for the algorithms over them. */
#ifndef HEAPGLASS_TESTS_PLAIN_GRAPH_H
#define HEAPGLASS_TESTS_PLAIN_GRAPH_H

#include "introspect/graph/graph.h"

enum { PLAIN_OBJECTS = 64, PLAIN_EDGES = 512, PLAIN_ROOTS = 64 };

struct plain_edge {
    uint32_t from, to;
    unsigned properties;
};

/* Behind the functions of introspect/heap/heap.h. */
struct heap {
    uint32_t count;
    uint64_t refcount[PLAIN_OBJECTS], footprint[PLAIN_OBJECTS];
    enum gc_state gc[PLAIN_OBJECTS];
    unsigned flags[PLAIN_OBJECTS];
    struct plain_edge edges[PLAIN_EDGES];
    size_t edge_count;
    struct held_root roots[PLAIN_ROOTS];
    size_t root_count;
};

void plain_edge(struct heap *heap, uint32_t from, uint32_t to, unsigned properties);
void plain_root(struct heap *heap, uint32_t object, enum root_kind kind, unsigned properties);

/* Adds hidden references to an object. */
void plain_hidden(struct heap *heap, uint32_t object, unsigned count);

/* Refcounts become what is counted and hidden; what roots and hidden references reach, by retaining
 * references, gets OBJECT_REACHABLE if a root does. plain_graph_free. */
struct graph *plain_graph(struct heap *heap);
void plain_graph_free(struct graph *graph);

/* A random number below `limit`, the same sequence for each seed. */
uint32_t plain_random(uint64_t *seed, uint32_t limit);

#endif
