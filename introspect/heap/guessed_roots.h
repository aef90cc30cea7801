/* What guessed references and roots keep alive.
 *
 * A word that looks like a reference is believed only as far as the target's refcount asks for it:
 * an object that no exact reference reaches is alive if it has more references than all unreached
 * objects account for, and some word points to it. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_GUESSED_ROOTS_H
#define HEAPGLASS_INTROSPECT_HEAP_GUESSED_ROOTS_H

#include "introspect/heap/mark.h"
#include "introspect/runtime/runtime.h"

/* Extends `reachable` (a subset of `objects`). Words in pymalloc blocks that are not `owned` are guesses
 * as well: C code keeps structures of its own there. marking->guessed holds the guessed references of
 * roots and of the objects that are reachable so far. From then on it has, by address, the objects that
 * are reachable only through guesses: each once, with where one is that does not lead from itself. */
struct err *guessed_roots_mark(struct marking *marking, const struct runtime *runtime,
                               const struct bitmap *objects, const struct bitmap *owned,
                               struct bitmap *reachable) ERR_CHECK;

#endif
