/* Dominators: who alone keeps an object alive, and what would be freed with it.
 *
 * The tree hangs from a virtual root over all roots; objects with hidden references hang from one of its
 * children, "hidden references". An object that is reached from neither (garbage) is not in the tree:
 * it retains nothing, since nothing keeps it. */
#ifndef HEAPGLASS_INTROSPECT_GRAPH_DOMINATORS_H
#define HEAPGLASS_INTROSPECT_GRAPH_DOMINATORS_H

#include "introspect/graph/graph.h"

struct dominators;

/* Not objects, but in the tree. DOMINATORS_ROOT is the parent of DOMINATORS_HIDDEN. */
#define DOMINATORS_ROOT   (UINT32_MAX - 1)
#define DOMINATORS_HIDDEN (UINT32_MAX - 2)

/* The graph is borrowed. */
struct err *dominators_build(const struct graph *graph, const volatile int *cancel,
                             struct dominators **ret) ERR_CHECK;
void dominators_destroy(struct dominators *dominators); /* NULL is fine */

/* The immediate dominator: an id, DOMINATORS_ROOT or DOMINATORS_HIDDEN; HEAP_NONE for an object that
 * nothing reaches, and for DOMINATORS_ROOT. */
uint32_t dominators_parent(const struct dominators *dominators, uint32_t id);

/* In bytes of footprint; `id` may also be DOMINATORS_ROOT or DOMINATORS_HIDDEN. 0 outside of the tree. */
uint64_t dominators_retained(const struct dominators *dominators, uint32_t id);

/* The children of a node, biggest retained first, then by id. *ret is owned. O(objects). */
struct err *dominators_children(const struct dominators *dominators, uint32_t id, uint32_t **ret,
                                size_t *count) ERR_CHECK;

/* What would be freed with all objects of a group at once: no object is added twice if one of the group
 * dominates another. `group` says for each id which group it is in, below `group_count`; others are in
 * none. retained[group] gets bytes. O(objects). */
struct err *dominators_retained_by_group(const struct dominators *dominators,
                                         uint32_t (*group)(const void *context, uint32_t id),
                                         const void *context, uint32_t group_count,
                                         uint64_t *retained) ERR_CHECK;

#endif
