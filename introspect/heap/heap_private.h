/* For the files of this folder: what a heap is made of. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_HEAP_PRIVATE_H
#define HEAPGLASS_INTROSPECT_HEAP_HEAP_PRIVATE_H

#include "introspect/heap/columns.h"
#include "introspect/heap/gc_lists.h"
#include "introspect/heap/heap.h"
#include "introspect/heap/mark.h"
#include "introspect/heap/provider.h"
#include "introspect/runtime/gc_status.h"

enum { MAX_UNCLAIMED_LISTED = 1 << 16 };

struct heap_interpreter {
    int64_t id;
    bool has_gc;
    struct gc_status gc;
};

struct heap {
    const struct heap_provider *provider;
    struct type_table *types;
    struct vec(struct heap_interpreter) interpreters; /* the main one first */
    struct columns columns;
    bool hides_values;
    bool *hidden_types;     /* by type id: whose previews are hidden then */
    struct bitmap declared; /* by id: str objects whose text is shown though values are hidden */
    struct heap_totals totals;
    struct heap_accounts accounts;
    struct damage_list damage;
    struct vec(struct heap_block) unclaimed; /* the first MAX_UNCLAIMED_LISTED */
    struct vec(struct heap_sums) sums;       /* by type id */
    struct vec(struct guess_source)
        guesses; /* by target: how those were reached that only a guess leads to */

    struct snapshot *snapshot; /* of one from a snapshot; the rest is of one from an image */

    const struct image *image;
    const struct layout *layout;
    const struct runtime *runtime;
    unsigned threads;
    const volatile int *cancel;
    struct vec(uint64_t) interpreter_addresses;
    struct pymalloc pymalloc;
    struct gc_lists gc;
    struct marking marking;
    struct bitmap objects, reachable;
};

/* The guess that the object at `target` was reached by; NULL if it was not reached by one. */
const struct guess_source *heap_guess_source(const struct heap *heap, uint64_t target);

/* In hidden_values.c: all of heap_hide_values but finding what is declared. */
struct err *heap_hide_values_of_types(struct heap *heap) ERR_CHECK;

/* A decoding state without references and buffers; damage goes to `ignored`, since it was told when
 * the heap was built. */
void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored);

/* Fetch what heap_find will read, and what heap_references will read first; of a heap that has an image. */
ALWAYS_INLINE void heap_prefetch_find(const struct heap *heap, uint64_t address) {
    if (!heap->columns.addresses)
        columns_prefetch(&heap->columns, image_place(heap->image, address));
}

ALWAYS_INLINE void heap_prefetch_object(const struct heap *heap, uint32_t id) {
    if (!heap->columns.addresses)
        __builtin_prefetch(heap->image->mirror +
                           ((uint64_t)heap->columns.granule[id] << GRANULE_SHIFT));
}

/* In finalizers.c: whether provider->is_pending may be true of the instances of a type. */
bool type_may_be_pending(const struct type *type);

/* Of heaps that have an image; in finalizers.c and stacks.c. */
bool pending_in_image(const struct heap *heap, uint32_t id);
struct err *stacks_collect(const struct heap *heap, struct stacks *ret) ERR_CHECK;

#endif
