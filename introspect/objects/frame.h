/* Interpreter frames, wherever they live: in a generator, a frame object, a thread's data stack. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_FRAME_H
#define HEAPGLASS_INTROSPECT_OBJECTS_FRAME_H

#include "introspect/objects/decoder.h"

/* What an _PyInterpreterFrame at a remote address says of itself (CPython 3.11+,
 * Include/internal/pycore_frame.h), or a frame object (up to 3.10, Include/cpython/frameobject.h;
 * Include/frameobject.h in 3.8). */
struct frame {
    uint64_t address;
    uint64_t code;                     /* code object, or what f_executable holds */
    uint64_t previous;                 /* next outer frame; 0 at the end */
    uint64_t instruction;              /* address of the one that it has come to */
    uint64_t localsplus;               /* address of the first slot */
    uint32_t local_count, stack_count; /* slots that hold values */
    bool stack_unknown;                /* executing: its depth was not saved, stack_count is 0 */
    bool shim;                         /* an entry frame without code of its own */
    bool in_object;    /* in a generator or a frame object, which owns its references */
    bool of_generator; /* whose it is: which also counts it, if it is an object */
    uint8_t owner;     /* enum _frameowner; 0 up to 3.10 */
};

/* False if it can't be read. */
bool frame_read(struct decode *decode, uint64_t address, struct frame *frame);

/* Reads the frame of an object that has one: a generator, a coroutine, a frame object. False for
 * others. */
bool frame_of_object(struct decode *decode, const struct object *object, struct frame *frame);

/* Adds a local's name, "local batch": by its index in localsplus. */
void frame_local_name(struct decode *decode, const struct frame *frame, uint64_t index,
                      struct strbuf *out);

/* Every reference of one frame: code, function, globals, builtins, locals, frame object, fast
 * locals, stack. `properties` is what the owner's tp_traverse makes of them. What may be on an
 * unsaved stack is guessed, unless the references are not to be counted. A frame object (up to 3.10)
 * is one of its own: whoever runs it counts it. */
void frame_references(struct decode *decode, const struct frame *frame, unsigned properties);

#endif
