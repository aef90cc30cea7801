/* Which objects of one moment of a process were there at an earlier one, by address.
 *
 * An object is taken for the same if address, type and size are, or address and type of what can change its size. One
 * that was freed, and another of its type and size that got its memory, look the same. So there is a further proof: a
 * number or a text has the same value, and an object still has one of the parts that are its own. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_SAME_OBJECTS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_SAME_OBJECTS_H

#include "introspect/heap/heap.h"

/* A heap, and its types in terms of any heap's: those of one name are one. */
struct moment {
    const struct heap *heap; /* borrowed */
    uint64_t *types;         /* by type id; owned */
};

struct err *moment_open(struct moment *moment, const struct heap *heap) ERR_CHECK;
void moment_close(struct moment *moment); /* a zeroed one is fine */

/* The object of `other` at the address of an object, if it can be the same, else HEAP_NONE. */
uint32_t moment_find(const struct moment *moment, uint32_t id, const struct moment *other);

enum proof {
    PROOF_DIFFERENT = 1, /* it is another one */
    PROOF_SAME,
    PROOF_NONE, /* nothing more can be said */
};

/* Two moments, and what is proven by now of the later one's objects. For all threads; comparison_close. */
struct comparison {
    struct moment now, before;
    uint8_t *known;
};

struct err *comparison_open(struct comparison *comparison, const struct heap *now,
                            const struct heap *before) ERR_CHECK;
void comparison_close(struct comparison *comparison); /* a zeroed one is fine */

/* One thread's way to proofs. */
struct prover;

/* Whether an object is what moment_find has found. */
enum proof prove_same(struct prover *prover, uint32_t id, uint32_t before);

/* Calls `part` for all ids of the later moment, some thousands at a time, on all threads; ERR_CANCELLED if there was
 * no end. */
typedef void compare_part(void *context, struct prover *prover, uint32_t first, uint32_t last);
struct err *comparison_run(struct comparison *comparison, compare_part *part, void *context,
                           const volatile int *cancel) ERR_CHECK;

#endif
