/* The garbage collector's lists: which objects it tracks, and in which generation.
 * CPython Modules/gcmodule.c (Python/gc.c from 3.13), Include/internal/pycore_gc.h. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_GC_LISTS_H
#define HEAPGLASS_INTROSPECT_HEAP_GC_LISTS_H

#include "introspect/heap/bitmap.h"
#include "introspect/heap/damage.h"
#include "introspect/runtime/runtime.h"

struct gc_lists {
    struct bitmap tracked, young, permanent; /* starts of objects; young and permanent: subsets */
    struct bitmap odd;                       /* of them, those at 8 modulo 16 */
    uint64_t count;
    const volatile int *cancel; /* of the walk */
    /* Where there are several interpreters: those of each, by its index. Otherwise NULL. */
    struct bitmap *of_interpreter;
    size_t interpreter_count;
};

/* Walks the generations and the permanent one of every interpreter, forward: a list that is being
 * changed at the stop is still whole in that direction. */
struct err *gc_lists_walk(const struct image *image, const struct layout *layout,
                          const struct runtime *runtime, struct damage_list *damage,
                          const volatile int *cancel, struct gc_lists *lists) ERR_CHECK;
void gc_lists_clear(struct gc_lists *lists);

#endif
