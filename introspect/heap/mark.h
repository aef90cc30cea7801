/* Marking: from some objects to all that they hold on to, with several threads.
 *
 * The traversal is kept busy by prefetching: an object waits in a short queue while its header
 * comes from memory, then in a second one while what its header points to comes, and is visited
 * only then. See docs/ARCHITECTURE.md. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_MARK_H
#define HEAPGLASS_INTROSPECT_HEAP_MARK_H

#include "base/vec.h"
#include "introspect/heap/bitmap.h"
#include "introspect/heap/footprint.h"
#include "introspect/heap/interned.h"
#include "introspect/heap/sums.h"

/* Blocks that free lists keep. */
struct parked {
    uint64_t count, bytes;
};

/* Where a guessed reference is. */
struct guess_source {
    uint64_t target;
    uint64_t owner; /* an object; 0: a root */
};

struct marking {
    struct allocators allocators;
    struct type_table *types;
    struct interned interned;     /* dicts whose references hold nothing */
    const uint64_t *interpreters; /* addresses; they keep what belongs to static types (3.12+) */
    size_t interpreter_count;
    unsigned threads;
    const volatile int *cancel; /* cancel.h */

    struct bitmap odd;     /* objects at 8 modulo 16 */
    struct bitmap claimed; /* starts of owned buffers, and of malloc's blocks that hold objects */
    uint64_t double_claims, first_double_claim;
    struct damage_list damage;

    /* What was met, by type id, and in all. Objects that are met while `unreachable` is set count as
     * that. */
    bool unreachable;
    struct vec(struct heap_sums) sums;
    struct footprint footprint;

    /* Guessed references of roots and of the reachable objects visited so far, with repetitions: nothing is
     * marked through them. guessed_roots_mark leaves those that objects were reached through. */
    struct vec(struct guess_source) guessed;
};

struct err *marking_init(struct marking *marking) ERR_CHECK;
void marking_clear(struct marking *marking);

/* Objects to start from. */
struct mark_seeds {
    uint64_t *addresses;
    size_t count;
};

/* Sets the bit of every seed and of all that it retains, through exact references, in `marks`, and
 * adds the objects up. Each is checked (what is no object is damage and stays unmarked), and the
 * buffers that it owns are claimed. */
struct err *mark_from(struct marking *marking, const struct mark_seeds *seeds,
                      struct bitmap *marks) ERR_CHECK;

/* As mark_from over each bit of `seeds` that `marks` lacks. */
struct err *mark_from_bitmap(struct marking *marking, const struct bitmap *seeds,
                             const struct bitmap *odd_seeds, struct bitmap *marks) ERR_CHECK;

/* The starts of all blocks that an object or a buffer owns: adds to what is claimed the pymalloc
 * blocks in which `objects` lie. The caller frees *owned. */
struct err *marking_owned(const struct marking *marking, const struct bitmap *objects,
                          struct bitmap *owned, uint64_t *double_claims) ERR_CHECK;

/* The address of the object that a bit stands for. */
static inline uint64_t mark_address(const struct marking *marking, uint64_t place) {
    uint64_t start = place & -(uint64_t)16;
    return image_address_of_place(marking->allocators.image,
                                  start + (bitmap_test(&marking->odd, start) ? 8 : 0));
}

#endif
