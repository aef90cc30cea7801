/* Blocks that belong to no object but to the interpreter: free lists, caches, registries.
 *
 * Memory kept for the next object of a kind is *parked*. Most parked objects show it themselves: type
 * intact, refcount 0. Those that don't are found here: floats, chained through ob_type, tables of dict
 * keys, which are no objects, and since 3.14 everything, chained through the first word, the refcount. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_INTERPRETER_BLOCKS_H
#define HEAPGLASS_INTROSPECT_HEAP_INTERPRETER_BLOCKS_H

#include "introspect/heap/mark.h"
#include "introspect/runtime/runtime.h"

/* Claims them all, and counts those that are parked. */
void interpreter_blocks_claim(struct marking *marking, const struct runtime *runtime,
                              struct parked *parked);

/* Claims and counts one parked block. */
void parked_claim(struct marking *marking, uint64_t block, struct parked *parked);

#endif
