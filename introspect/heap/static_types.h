/* The types that are part of the program: they and what they hold are roots.
 *
 * From 3.12 on the interpreter lists its static builtin types; all other static types are found as
 * subclasses, by the weak references that every type keeps of them, from `object` down. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_STATIC_TYPES_H
#define HEAPGLASS_INTROSPECT_HEAP_STATIC_TYPES_H

#include "introspect/heap/type_table.h"
#include "introspect/runtime/roots.h"

/* Calls `visit` for every static type: ROOT_TYPE. */
void static_types_roots(struct decode *decode, const struct runtime *runtime, root_visit *visit,
                        void *context);

#endif
