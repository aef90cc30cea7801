/* Roots: what keeps objects alive from outside of the heap.
 *
 * Exact ones come from the interpreter's, the threads' and the garbage collector's own fields and
 * from the threads' frames; guessed ones are words in the data of the mapped modules, on C stacks
 * and in registers. What is not a root: docs/GLOSSARY.md. */
#ifndef HEAPGLASS_INTROSPECT_RUNTIME_ROOTS_H
#define HEAPGLASS_INTROSPECT_RUNTIME_ROOTS_H

#include "introspect/objects/decoder.h"
#include "introspect/runtime/runtime.h"

/* Appends to decode->references every exact root; a flush may come at any time. */
void roots_exact(struct decode *decode, const struct runtime *runtime);

/* Appends, as guessed references, every aligned word in the writable data of modules, on thread
 * stacks and in registers that may be an object's address: the caller sorts out which are. Needs
 * room for 512 references. */
void roots_guessed(struct decode *decode, const struct runtime *runtime);

#endif
