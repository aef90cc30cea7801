/* The dict of interned strings. It holds its strings weakly: their refcounts leave it out
 * (Objects/unicodeobject.c: PyUnicode_InternInPlace, 3.8 to 3.13). */
#ifndef HEAPGLASS_INTROSPECT_HEAP_INTERNED_H
#define HEAPGLASS_INTROSPECT_HEAP_INTERNED_H

#include "introspect/objects/decoder.h"
#include "introspect/runtime/runtime.h"

/* Its address; 0 if there is none. In the interpreter since 3.12; before that in a static variable,
 * which is found by its symbol or, without one, because no other word of the runtime module's data
 * leads to a dict of strings that are all their own values. */
uint64_t interned_strings(struct decode *decode, const struct runtime *runtime);

#endif
