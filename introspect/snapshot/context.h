/* What an object most likely looks like: like the one of its type before it.
 *
 * Columns hold the difference to that, mostly 0. Types share places where their numbers collide, which costs a
 * few bytes and nothing else: writer and reader do the same, and begin anew with each part. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_CONTEXT_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_CONTEXT_H

#include "base/inline.h"

#include <stdint.h>
#include <string.h>

enum { CONTEXTS = 4096, CONTEXT_POSITIONS = 24 };

struct contexts {
    uint64_t refcount[CONTEXTS], size[CONTEXTS], footprint[CONTEXTS]; /* by type */
    uint64_t references[CONTEXTS];                                    /* how many, by type */
    uint64_t target[CONTEXTS + 1], argument[CONTEXTS + 1]; /* by type and position of a reference */
};

static inline void contexts_reset(struct contexts *contexts) {
    memset(contexts, 0, sizeof *contexts);
}

ALWAYS_INLINE uint32_t context_of_type(uint32_t type) {
    return type % CONTEXTS;
}

/* The last place is that of all references beyond the first ones. */
ALWAYS_INLINE uint32_t context_of_reference(uint32_t type, uint32_t position) {
    return position < CONTEXT_POSITIONS ? (type * 31 + position) % CONTEXTS : CONTEXTS;
}

#endif
