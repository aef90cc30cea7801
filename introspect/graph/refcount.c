/* Which refcounts tell something. */
#include "introspect/graph/graph.h"

/* Of deep-frozen objects (CPython 3.11, Tools/scripts/deepfreeze.py). */
enum { STATIC_REFCOUNT = 999999999 };

bool refcount_tells(const struct heap *heap, uint32_t id) {
    unsigned flags = heap_flags(heap, id);
    return !(flags & OBJECT_IMMORTAL) &&
           !(flags & OBJECT_STATIC && heap_refcount(heap, id) > STATIC_REFCOUNT / 2);
}
