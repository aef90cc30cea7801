/* The Python threads of a heap and what they run: names, frames, variables. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_STACKS_H
#define HEAPGLASS_INTROSPECT_HEAP_STACKS_H

#include "base/arena.h"
#include "base/vec.h"
#include "introspect/heap/heap.h"

/* A local, cell or free variable that holds something. */
struct stack_variable {
    const char *name;
    uint64_t address; /* of what it holds: of one in a cell, of what that holds */
};

struct stack_frame {
    const char *function, *file; /* escaped */
    int line;                    /* 0: not known */
    size_t first_variable, variable_count;
};

struct stack_thread {
    const char *name;    /* that of its threading.Thread, else what the kernel calls it; escaped */
    uint64_t thread_id;  /* pthread_self() */
    pid_t native_id;     /* the kernel's; 0: not known */
    int64_t interpreter; /* the id of its interpreter */
    size_t first_frame, frame_count; /* innermost first */
};

struct stacks {
    struct vec(struct stack_thread) threads;
    struct vec(struct stack_frame) frames;
    struct vec(struct stack_variable) variables;
    struct arena texts;
};

/* All threads, in the interpreters' order. stacks_free. */
struct err *heap_stacks(const struct heap *heap, struct stacks *ret) ERR_CHECK;
void stacks_free(struct stacks *stacks);

/* ---- for the names of roots: of heaps that have an image ---------------------------------------- */

void stacks_thread_name(const struct heap *heap, size_t thread, struct strbuf *out);
pid_t stacks_native_id(const struct heap *heap, size_t thread);

/* The thread that runs an event loop of asyncio, by what the loop says of itself. False if that is not
 * known. */
bool stacks_loop_thread(const struct heap *heap, uint64_t loop, size_t *thread);

#endif
