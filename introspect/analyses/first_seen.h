/* For a process that is captured again and again: in which refresh each of its objects was there first. What is kept of
 * it outlives the heaps. Which objects are the same: introspect/analyses/same_objects.h.
 * One whose own parts were all exchanged since the last refresh is taken for another one. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_FIRST_SEEN_H
#define HEAPGLASS_INTROSPECT_ANALYSES_FIRST_SEEN_H

#include "introspect/analyses/survivors.h"

struct first_seen {
    uint16_t *of;      /* by id: the number of the refresh; numbers beyond 65,535 are that one */
    uint8_t *unproven; /* by id: nothing proves that it is still the one that was first there */
    uint32_t count;    /* the heap's objects */
    uint64_t unproven_count;
};

/* Of the first capture: all objects are new. first_seen_free. */
struct err *first_seen_start(const struct heap *heap, unsigned number,
                             struct first_seen *ret) ERR_CHECK;
/* Of the next one: objects that the previous one has keep their numbers. `previous_heap` and `previous` are needed
 * no longer then. On all threads; O(objects). first_seen_free. */
struct err *first_seen_follow(const struct heap *previous_heap, const struct first_seen *previous,
                              const struct heap *heap, unsigned number, const volatile int *cancel,
                              struct first_seen *ret) ERR_CHECK;
void first_seen_free(struct first_seen *seen); /* a zeroed one is fine */

/* Those that came after one refresh and were there at another one: of numbers after + 1 .. until. The heap is the
 * one that `seen` is of. object_set_free. */
struct err *first_seen_between(const struct heap *heap, const struct first_seen *seen,
                               unsigned after, unsigned until, struct object_set *ret) ERR_CHECK;

#endif
