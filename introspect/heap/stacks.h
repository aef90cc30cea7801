/* The Python threads of a heap and what they run: names, frames, variables. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_STACKS_H
#define HEAPGLASS_INTROSPECT_HEAP_STACKS_H

#include "introspect/heap/heap.h"
#include "introspect/objects/frame.h"

size_t stacks_thread_count(const struct heap *heap);

/* pthread_self() and the kernel's thread id of a Python thread; a tid of 0: not known. */
uint64_t stacks_thread_id(const struct heap *heap, size_t thread);
pid_t stacks_native_id(const struct heap *heap, size_t thread);
/* The id of its interpreter. */
int64_t stacks_interpreter(const struct heap *heap, size_t thread);

/* Adds its name: that of its threading.Thread, else what the kernel calls it; escaped. */
void stacks_thread_name(const struct heap *heap, size_t thread, struct strbuf *out);

/* The thread that runs an event loop of asyncio, by what the loop says of itself. False if that is not
 * known. */
bool stacks_loop_thread(const struct heap *heap, uint64_t loop, size_t *thread);

/* Its frames, innermost first. */
typedef void stacks_visit_frame(void *context, const struct frame *frame);
void stacks_frames(const struct heap *heap, size_t thread, stacks_visit_frame *visit,
                   void *context);

/* What a frame runs: escaped texts, and the line, 0 if there is none. */
void stacks_frame_function(const struct heap *heap, const struct frame *frame, struct strbuf *out);
void stacks_frame_file(const struct heap *heap, const struct frame *frame, struct strbuf *out);
int stacks_frame_line(const struct heap *heap, const struct frame *frame);

/* Its variables that hold something, by name: locals, cells, free variables. */
typedef void stacks_visit_variable(void *context, const char *name, uint64_t address);
void stacks_variables(const struct heap *heap, const struct frame *frame,
                      stacks_visit_variable *visit, void *context);

#endif
