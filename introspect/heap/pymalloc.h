/* pymalloc: which blocks of its arenas are allocated, and how big they are.
 * CPython Objects/obmalloc.c, Include/internal/pycore_obmalloc.h: arenas of pools of equal blocks. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_PYMALLOC_H
#define HEAPGLASS_INTROSPECT_HEAP_PYMALLOC_H

#include "introspect/heap/bitmap.h"
#include "introspect/heap/damage.h"
#include "introspect/runtime/runtime.h"

enum { NOT_IN_ARENA = 0, POOL_WITHOUT_BLOCKS = 255 };

struct pymalloc {
    uint8_t
        *pool_class; /* per pool-sized unit of the mirror: size class + 1, or one of the below */
    uint8_t
        *pool_owner; /* the same units: index of the interpreter whose arena it is; NULL: all are
                                the main one's */
    unsigned pool_shift;     /* log2 of a pool's size */
    struct bitmap allocated; /* starts of allocated blocks */
    uint64_t arenas, arena_bytes, pools, block_count, block_bytes;
};

/* Walks every arena of every interpreter, with up to `threads` threads. Without arenas
 * (PYTHONMALLOC=malloc) the result is empty. */
struct err *pymalloc_walk(const struct image *image, const struct layout *layout,
                          const struct runtime *runtime, unsigned threads,
                          const volatile int *cancel, struct damage_list *damage,
                          struct pymalloc *pymalloc) ERR_CHECK;
void pymalloc_clear(struct pymalloc *pymalloc);

static inline bool pymalloc_is_arena(const struct pymalloc *pymalloc, uint64_t place) {
    return pymalloc->pool_class[place >> pymalloc->pool_shift] != NOT_IN_ARENA;
}

/* Calls visit for each allocated block whose start is not in `owned`, in order of place. */
void pymalloc_visit_unowned(const struct pymalloc *pymalloc, const struct image *image,
                            const struct bitmap *owned,
                            void (*visit)(void *context, uint64_t block, uint64_t size),
                            void *context);

/* Size in bytes of the blocks of the pool that a place in an arena lies in; 0 if it has none. */
static inline uint64_t pymalloc_block_size(const struct pymalloc *pymalloc, uint64_t place) {
    unsigned class = pymalloc->pool_class[place >> pymalloc->pool_shift];
    return class == POOL_WITHOUT_BLOCKS ? 0 : (uint64_t) class << 4;
}

/* True if an allocated block starts here. */
static inline bool pymalloc_is_block(const struct pymalloc *pymalloc, uint64_t place) {
    return !(place & 15) && bitmap_test(&pymalloc->allocated, place);
}

#endif
