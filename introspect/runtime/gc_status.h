/* What the garbage collector of an interpreter says of itself: whether it runs, when, and how it went.
 * Include/internal/pycore_gc.h; Modules/gcmodule.c (Python/gc.c from 3.13). */
#ifndef HEAPGLASS_INTROSPECT_RUNTIME_GC_STATUS_H
#define HEAPGLASS_INTROSPECT_RUNTIME_GC_STATUS_H

#include "introspect/runtime/runtime.h"

enum { GC_GENERATIONS = 3 };

/* Bits of gc.set_debug(). */
enum { GC_DEBUG_SAVEALL = 1 << 5 };

struct gc_generation_status {
    int64_t count, threshold;                       /* as gc.get_count(), gc.get_threshold() */
    uint64_t collections, collected, uncollectable; /* as gc.get_stats() */
};

struct gc_status {
    bool enabled, collecting;
    uint32_t debug;
    struct gc_generation_status generations[GC_GENERATIONS];
    /* Objects that outlived the last full collection, and those that came into the oldest generation
     * since: a full one waits until these are a quarter of those. False where a version has no such
     * rule. */
    bool has_long_lived;
    uint64_t long_lived_total, long_lived_pending;
    uint64_t garbage; /* address of the list gc.garbage; 0 before it is made */
};

/* False if it is not there. */
bool gc_status_read(const struct image *image, const struct layout *layout,
                    const struct interpreter *interpreter, struct gc_status *ret);

#endif
