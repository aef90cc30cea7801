/* Reading code objects (Include/cpython/code.h). */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_CODE_H
#define HEAPGLASS_INTROSPECT_OBJECTS_CODE_H

#include "introspect/objects/decoder.h"

/* Slots that a frame of this code has: locals (with cells and free variables), then its stack. */
struct code_slots {
    uint32_t locals, stack;
};

/* False if there is no code object at the address, or if its numbers can't be true. */
bool code_slots(struct decode *decode, uint64_t code, struct code_slots *slots);

/* Adds "qualname file:line". */
void code_describe(struct decode *decode, uint64_t code, struct strbuf *out);

#endif
