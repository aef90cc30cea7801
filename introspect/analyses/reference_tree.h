/* References or referrers of an object, level by level: a tree, or the nodes and edges of a picture. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_REFERENCE_TREE_H
#define HEAPGLASS_INTROSPECT_ANALYSES_REFERENCE_TREE_H

#include "introspect/graph/graph.h"

enum reference_direction { TOWARDS_REFERENCES, TOWARDS_REFERRERS };

struct reference_node {
    uint32_t id;     /* HEAP_NONE: what is referred to is no object of the heap */
    uint32_t parent; /* index of its node; the first is its own */
    unsigned depth;  /* 0: the object that was asked for */
    uint64_t address;
    struct reference reference; /* between it and its parent; of the owner, whichever that is */
    bool shown_before;          /* its own are where it first came */
    uint64_t left_out;          /* of its own references or referrers, for `limit` */
};

struct reference_tree {
    const struct graph *graph;
    enum reference_direction direction;
    struct reference_node *nodes; /* depth first: a node's children follow it */
    size_t count;
};

/* `depth` levels below the object, at most `limit` of each node's own, and MAX_REFERENCE_NODES in all.
 * reference_tree_free. */
enum { MAX_REFERENCE_NODES = 1 << 18 };
struct err *reference_tree_grow(const struct graph *graph, uint32_t id,
                                enum reference_direction direction, unsigned depth, size_t limit,
                                const volatile int *cancel, struct reference_tree *ret) ERR_CHECK;
void reference_tree_free(struct reference_tree *tree);

/* Adds the label of a node's reference, with "(weak)", "(guessed)" where it is. */
void reference_node_label(const struct reference_tree *tree, const struct reference_node *node,
                          bool marked, struct strbuf *out);
bool reference_is_weak(const struct reference *reference);
/* Adds " (weak)", " (guessed)", " (owned by another)" where it is. */
void reference_add_marks(const struct reference *reference, struct strbuf *out);

/* Adds the tree as a graph in the DOT language of Graphviz: refcounts in the nodes, roots as houses,
 * references that are part of a cycle in colour. `values`: with previews. */
struct err *reference_tree_dot(const struct reference_tree *tree, bool values,
                               struct strbuf *out) ERR_CHECK;

#endif
