/* Objects that nothing known refers to: found because their memory is allocated and unclaimed. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_CANDIDATES_H
#define HEAPGLASS_INTROSPECT_HEAP_CANDIDATES_H

#include "introspect/heap/mark.h"

/* Appends the address of each object in an unclaimed pymalloc block: a block is one if a header of a
 * known type is where that type's header lies in a block, with a refcount and a body that fits.
 * What looks like one but for its refcount of 0 is parked on a free list: claimed and counted. */
struct err *candidates_in_pymalloc(struct marking *marking, const struct bitmap *objects,
                                   struct mark_seeds *seeds, struct parked *parked) ERR_CHECK;

/* The same over unclaimed blocks of malloc, chunk by chunk where the heap is glibc's, else at every
 * aligned address of mappings that are known to hold objects (`objects`). These are guesses. */
struct err *candidates_in_malloc(struct marking *marking, const struct bitmap *objects,
                                 struct mark_seeds *seeds) ERR_CHECK;

#endif
