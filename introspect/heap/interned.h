/* The dict of interned strings, one or more. It holds its strings weakly: their refcounts leave it out
 * (Objects/unicodeobject.c: PyUnicode_InternInPlace, 3.8 to 3.13). */
#ifndef HEAPGLASS_INTROSPECT_HEAP_INTERNED_H
#define HEAPGLASS_INTROSPECT_HEAP_INTERNED_H

#include "introspect/objects/decoder.h"
#include "introspect/runtime/runtime.h"

enum { MAX_INTERNED = 64 }; /* interpreters beyond share the main one's, or are not recognised */

/* The dicts' addresses, each once: in the interpreters since 3.12, which may share one; before that in
 * a static variable, which is found by its symbol or, without one, because no other word of the
 * runtime module's data leads to a dict of strings that are all their own values. */
struct interned {
    uint64_t dicts[MAX_INTERNED];
    size_t count;
};

struct interned interned_find(struct decode *decode, const struct runtime *runtime);

ALWAYS_INLINE bool interned_is(const struct interned *interned, uint64_t address) {
    for (size_t i = 0; i < interned->count; i++) {
        if (interned->dicts[i] == address)
            return true;
    }
    return false;
}

#endif
