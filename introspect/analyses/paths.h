/* Shortest paths from roots: a tree over the reference graph, and what is read off it. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_PATHS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_PATHS_H

#include "introspect/graph/dominators.h"
#include "introspect/graph/graph.h"

/* What paths may not lead through. */
struct path_filter {
    const bool *types;             /* by type id; NULL: all may */
    bool roots[ROOT_KINDS];        /* kinds of root to leave out */
    const char *const *attributes; /* labels of references, such as ".cache" */
    size_t attribute_count;
    bool no_guesses;
    /* First all that lasts is reached, then what else running frames, their exceptions and guessed roots
     * lead to: an object's path does not depend on who uses it in that moment. */
    bool lasting_first;
    uint32_t barrier; /* an object through which no path leads, though to it; HEAP_NONE: none */
};

/* A breadth-first tree from the roots, or from one object. Of two ways that are equally long the one
 * from the earlier kind of root counts, then that by the lower address. The globals of a module count as
 * its roots' own, as a frame's variables do. */
struct path_tree {
    const struct graph *graph;
    uint32_t
        *parent; /* HEAP_NONE: not reached; PATH_FROM_ROOT | index into the roots; else an id */
    uint32_t reached;
};

/* True for the dict that a module's name leads to: a root in name alone. */
static inline bool path_root_is_namespace(const struct root *root) {
    return root->kind == ROOT_MODULE && !(root->reference.properties & REFERENCE_RETAINS);
}

#define PATH_FROM_ROOT (UINT32_C(1) << 31)

/* `from`: HEAP_NONE for the roots, else the object whose parent becomes itself. path_tree_free. */
struct err *path_tree_grow(const struct graph *graph, uint32_t from,
                           const struct path_filter *filter, const volatile int *cancel,
                           struct path_tree *ret) ERR_CHECK;
void path_tree_free(struct path_tree *tree);

struct path_hop {
    uint32_t owner, target;
    struct reference reference;
};

struct path {
    const struct held_root *root;
    struct path_hop *hops;
    size_t hop_count;
};

struct paths {
    struct path *items;
    size_t count;
    size_t all; /* with those beyond the limit */
};

/* The shortest path to an object by each of its last referrers, and the roots that hold it themselves:
 * shortest first, then by kind of root, then by address. `via`: only paths through that object;
 * HEAP_NONE: all. At most `limit`. paths_free. */
struct err *paths_to_object(const struct graph *graph, uint32_t id, uint32_t via,
                            const struct path_filter *filter, size_t limit,
                            const volatile int *cancel, struct paths *ret) ERR_CHECK;
void paths_free(struct paths *paths);

/* The same one by one: path `index` is made when it is asked for, the others cost nothing. A graph with 10⁷ objects
 * takes 40 MB of memory here. path_ways_destroy. */
struct path_ways;
struct err *path_ways_find(const struct graph *graph, uint32_t id, uint32_t via,
                           const struct path_filter *filter, const volatile int *cancel,
                           struct path_ways **ret) ERR_CHECK;
void path_ways_destroy(struct path_ways *ways); /* NULL is fine */
size_t path_ways_count(const struct path_ways *ways);
/* How many hops a path has, and what it begins with. O(1). */
uint32_t path_ways_length(const struct path_ways *ways, size_t index);
const struct held_root *path_ways_root(const struct path_ways *ways, size_t index);
/* path_free. */
struct err *path_ways_path(const struct path_ways *ways, size_t index, struct path *ret) ERR_CHECK;
void path_free(struct path *path);

/* Adds why no root leads to an object: "no root leads there: garbage, or ..."; a tab stands where the line may be
 * broken. */
void path_none_text(const struct graph *graph, uint32_t id, struct strbuf *out);

/* Fills in the first reference of a hop's owner that keeps its target. */
void path_hop_name(const struct graph *graph, struct path_hop *hop);

/* Adds the whole path: root and steps. */
void path_text(const struct heap *heap, const struct path *path, struct strbuf *out);

/* ---- merged over many objects ---------------------------------------------------------------- */

enum { MERGED_EXAMPLES = 8 };

struct merged_path {
    char *text; /* "shop.cache.ORDERS[*]" */
    const struct held_root *root;
    uint32_t owner;    /* the last referrer; HEAP_NONE if there are several, or none */
    uint64_t owners;   /* how many they are */
    uint64_t count;    /* objects that are found this way */
    uint64_t retained; /* bytes that would be freed with them */
    uint32_t examples[MERGED_EXAMPLES]; /* the first of them; then HEAP_NONE */
};

struct merged_paths {
    struct merged_path *items; /* most objects first */
    size_t count;
    uint64_t objects; /* of these types, in all */
    uint64_t
        hidden; /* of them not reached from roots, but with hidden references to what holds them */
    uint64_t unreached; /* not reached at all */
};

/* The shortest path of every object whose type is in `types` (by type id), with keys and indices as "*". What many
 * steps lead to, as in a linked list, is told with what comes before it: see PATH_CLASS_TRUNK.
 * `dominators` may be NULL: then nothing is known of what they retain. merged_paths_free. */
struct err *paths_to_types(const struct graph *graph, const struct dominators *dominators,
                           const bool *types, const struct path_filter *filter,
                           const volatile int *cancel, struct merged_paths *ret) ERR_CHECK;
void merged_paths_free(struct merged_paths *paths);

#endif
