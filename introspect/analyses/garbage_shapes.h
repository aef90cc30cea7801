/* Groups of garbage that look alike. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_GARBAGE_SHAPES_H
#define HEAPGLASS_INTROSPECT_ANALYSES_GARBAGE_SHAPES_H

#include "base/arena.h"
#include "introspect/analyses/garbage.h"

/* Groups with as many objects, the same cycle and the same finalizers. */
struct garbage_shape {
    const char *cycle, *finalizers; /* "": none; garbage_cycle_text, garbage_finalizers */
    uint64_t gc_objects, objects;   /* of each group */
    uint64_t footprint;             /* of all groups */
    size_t first, group_count;      /* in garbage_shapes.groups */
};

struct garbage_shapes {
    struct garbage_shape *items; /* largest footprint first */
    size_t count;
    uint32_t *groups; /* indices into garbage.groups, by shape; in their order there */
    struct arena texts;
};

/* O(groups and what they have). ERR_CANCELLED if *cancel became non-zero (may be NULL).
 * garbage_shapes_free. */
struct err *garbage_shapes_find(const struct garbage *garbage, const volatile int *cancel,
                                struct garbage_shapes *ret) ERR_CHECK;
void garbage_shapes_free(struct garbage_shapes *shapes); /* a zeroed one is fine */

#endif
