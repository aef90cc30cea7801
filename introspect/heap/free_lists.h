/* Memory that the interpreter keeps for the next object of a kind: allocated, but nobody's.
 *
 * Most parked objects show it themselves: type intact, refcount 0. Those that don't are here: floats,
 * chained through ob_type, and tables of dict keys, which are no objects. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_FREE_LISTS_H
#define HEAPGLASS_INTROSPECT_HEAP_FREE_LISTS_H

#include "introspect/heap/mark.h"
#include "introspect/runtime/runtime.h"

/* Claims them, and counts them in *parked; also what else is the interpreter's own. */
void free_lists_claim(struct marking *marking, const struct runtime *runtime,
                      struct parked *parked);

/* Claims and counts one parked block. */
void parked_claim(struct marking *marking, uint64_t block, struct parked *parked);

#endif
