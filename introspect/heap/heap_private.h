/* For the files of this folder: what a heap is made of. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_HEAP_PRIVATE_H
#define HEAPGLASS_INTROSPECT_HEAP_HEAP_PRIVATE_H

#include "introspect/heap/columns.h"
#include "introspect/heap/gc_lists.h"
#include "introspect/heap/heap.h"
#include "introspect/heap/mark.h"

enum { MAX_UNCLAIMED_LISTED = 1 << 16 };

struct heap {
    const struct image *image;
    const struct layout *layout;
    const struct runtime *runtime;
    unsigned threads;
    const volatile int *cancel;
    struct type_table *types;
    struct vec(uint64_t) interpreters; /* addresses */
    struct pymalloc pymalloc;
    struct gc_lists gc;
    struct marking marking;
    struct bitmap objects, reachable;
    struct columns columns;
    struct heap_totals totals;
    struct heap_accounts accounts;
    struct damage_list damage;
    struct vec(struct heap_block) unclaimed; /* the first MAX_UNCLAIMED_LISTED */
};

/* A decoding state without references and buffers; damage goes to `ignored`, since it was told when
 * the heap was built. */
void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored);

#endif
