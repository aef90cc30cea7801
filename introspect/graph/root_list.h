/* The roots of a heap's objects, as a list by the object that they hold.
 *
 * It has all roots that point to an object of the heap: exact ones, static types and immortal interned
 * strings, and guessed ones that the object's refcount leaves room for. */
#ifndef HEAPGLASS_INTROSPECT_GRAPH_ROOT_LIST_H
#define HEAPGLASS_INTROSPECT_GRAPH_ROOT_LIST_H

#include "introspect/heap/heap.h"
#include "introspect/runtime/roots.h"

struct held_root {
    uint32_t object; /* id of what it holds */
    struct root root;
};

struct root_list {
    struct held_root *items; /* by object, then kind, then holder and place in it */
    size_t count;
};

/* Every root as it is found, guessed ones not yet sorted out. root_list_clear. */
struct err *root_list_collect(const struct heap *heap, struct root_list *ret) ERR_CHECK;
void root_list_clear(struct root_list *list);

/* The roots that hold an object; *count of them. O(log n). */
const struct held_root *root_list_of(const struct root_list *list, uint32_t object, size_t *count);

/* Adds a root's name as people know it: "shop.cache", "local batch in reindex() jobs.py:88". For a
 * ROOT_MODULE it is how a path begins: what it refers to follows without a blank. */
void root_name(const struct heap *heap, const struct root *root, struct strbuf *out);

#endif
