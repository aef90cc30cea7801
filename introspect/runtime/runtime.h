/* One Python runtime: its interpreters and threads, as found from the address of _PyRuntime. */
#ifndef HEAPGLASS_INTROSPECT_RUNTIME_RUNTIME_H
#define HEAPGLASS_INTROSPECT_RUNTIME_RUNTIME_H

#include "image/image.h"
#include "introspect/heap/damage.h"
#include "introspect/layout/layout.h"

struct interpreter {
    uint64_t address;
    int64_t id;
    uint64_t gc;     /* address of its _gc_runtime_state */
    bool collecting; /* a collection was running at the capture */
};

struct thread {
    uint64_t address;                     /* PyThreadState */
    uint32_t interpreter;                 /* index */
    uint64_t thread_id, native_thread_id; /* native: 0 where this version does not keep it */
    uint64_t current_frame; /* innermost: _PyInterpreterFrame (3.11+) or frame object; 0 if none */
};

struct runtime;

/* Reads and checks. ERR_NO_LAYOUT if what lies at the address is no initialised runtime. */
struct err *runtime_read(const struct image *image, const struct layout *layout, uint64_t address,
                         struct runtime **ret) ERR_CHECK;
void runtime_destroy(struct runtime *runtime);

uint64_t runtime_address(const struct runtime *runtime);
/* Newest first; at least one. */
const struct interpreter *runtime_interpreters(const struct runtime *runtime, size_t *count);
/* The one that was made first; never NULL. */
const struct interpreter *runtime_main_interpreter(const struct runtime *runtime);
const struct thread *runtime_threads(const struct runtime *runtime, size_t *count);

/* What of the lists could not be followed. */
const struct damage_list *runtime_damage(const struct runtime *runtime);

#endif
