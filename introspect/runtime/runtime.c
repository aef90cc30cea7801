#include "introspect/runtime/runtime.h"

#include "base/vec.h"
#include "introspect/runtime/chain.h"

#include <stdlib.h>

/* More than any process has; a longer list is a corrupt one. */
enum { MAX_INTERPRETERS = 4096, MAX_THREADS = 1 << 18 };

struct runtime {
    uint64_t address;
    struct vec(struct interpreter) interpreters;
    struct vec(struct thread) threads;
    struct damage_list damage;
};

struct addresses vec(uint64_t);

/* A list of structures that is linked by pointers. */
struct list {
    const char *name;
    struct field next;
    uint32_t size; /* of a member */
    size_t most;   /* members */
};

/* Of a list that ends in a circle: leaves each member once. */
static void drop_laps(struct addresses *addresses, size_t circle) {
    size_t before = 0; /* the circle begins */
    while (before + circle < addresses->count &&
           addresses->items[before] != addresses->items[before + circle])
        before++;
    addresses->count = before + circle;
}

/* A field of a structure at a remote address; 0 if it is not there. */
static uint64_t remote_field(const struct image *image, uint64_t structure, struct field field) {
    const void *bytes = field.size ? image_pin(image, structure + field.offset, field.size) : NULL;
    struct field at_zero = field;
    at_zero.offset = 0;
    return bytes ? field_unsigned(bytes, at_zero) : 0;
}

static uint64_t innermost_frame(const struct image *image, const struct layout *layout,
                                uint64_t thread) {
    if (layout_has(layout->thread.current_frame))
        return remote_field(image, thread, layout->thread.current_frame);
    if (layout_has(layout->thread.cframe) && layout_has(layout->cframe.current_frame)) {
        uint64_t cframe = remote_field(image, thread, layout->thread.cframe);
        return cframe ? remote_field(image, cframe, layout->cframe.current_frame) : 0;
    }
    return remote_field(image, thread, layout->thread.frame);
}

/* Follows a list to its end, or as far as it makes sense: each member once. */
static struct err *follow_list(struct runtime *runtime, const struct image *image, uint64_t first,
                               const struct list *list, struct addresses *ret) {
    struct chain chain = {0};
    for (uint64_t at = first; at; at = remote_field(image, at, list->next)) {
        const char *reason = !image_pin(image, at, list->size) ? "absent"
                             : chain_is_circle(&chain, at)     ? "chain"
                             : ret->count == list->most        ? "length"
                                                               : NULL;
        if (reason) {
            damage_add(&runtime->damage, reason, list->name, at);
            if (!strcmp(reason, "chain"))
                drop_laps(ret, chain.since + 1);
            return NULL;
        }
        if (!vec_push(ret, at))
            return err_no_memory();
    }
    return NULL;
}

static struct err *read_threads(struct runtime *runtime, const struct image *image,
                                const struct layout *layout, uint32_t index) {
    const struct list list = {"threads", layout->thread.next, layout->thread.size,
                              MAX_THREADS - runtime->threads.count};
    uint64_t interpreter = runtime->interpreters.items[index].address;
    struct addresses addresses = {0};
    struct err *err = follow_list(
        runtime, image, remote_field(image, interpreter, layout->interpreter.threads_head), &list,
        &addresses);
    vec_each (at, &addresses) {
        struct thread thread = {
            .address = *at,
            .interpreter = index,
            .thread_id = remote_field(image, *at, layout->thread.thread_id),
            .native_thread_id = remote_field(image, *at, layout->thread.native_thread_id),
            .current_frame = innermost_frame(image, layout, *at),
        };
        if (!err && !vec_push(&runtime->threads, thread))
            err = err_no_memory();
    }
    vec_free(&addresses);
    return err;
}

static struct err *read_interpreters(struct runtime *runtime, const struct image *image,
                                     const struct layout *layout) {
    const struct list list = {"interpreters", layout->interpreter.next, layout->interpreter.size,
                              MAX_INTERPRETERS};
    struct addresses addresses = {0};
    struct err *err = follow_list(
        runtime, image, remote_field(image, runtime->address, layout->runtime.interpreters_head),
        &list, &addresses);
    vec_each (at, &addresses) {
        uint64_t gc = layout_has(layout->interpreter.gc)
                          ? *at + layout->interpreter.gc.offset
                          : runtime->address + layout->runtime.gc.offset;
        struct interpreter interpreter = {
            .address = *at,
            .id = (int64_t)remote_field(image, *at, layout->interpreter.id),
            .gc = gc,
            .collecting = remote_field(image, gc, layout->gc_state.collecting) != 0,
        };
        if (!err && !vec_push(&runtime->interpreters, interpreter))
            err = err_no_memory();
    }
    vec_free(&addresses);
    return err;
}

struct err *runtime_read(const struct image *image, const struct layout *layout, uint64_t address,
                         struct runtime **ret) {
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime)
        return err_no_memory();
    runtime->address = address;
    struct err *err = read_interpreters(runtime, image, layout);
    for (uint32_t i = 0; !err && i < runtime->interpreters.count; i++)
        err = read_threads(runtime, image, layout, i);
    if (!err && !runtime->interpreters.count)
        err = err_new(ERR_NO_LAYOUT,
                      "the Python runtime at %#llx has no interpreter: it is not initialised yet, "
                      "or is shutting down",
                      (unsigned long long)address);
    if (err) {
        runtime_destroy(runtime);
        return err;
    }
    *ret = runtime;
    return NULL;
}

void runtime_destroy(struct runtime *runtime) {
    if (!runtime)
        return;
    vec_free(&runtime->interpreters);
    vec_free(&runtime->threads);
    free(runtime);
}

uint64_t runtime_address(const struct runtime *runtime) {
    return runtime->address;
}

const struct interpreter *runtime_interpreters(const struct runtime *runtime, size_t *count) {
    *count = runtime->interpreters.count;
    return runtime->interpreters.items;
}

const struct interpreter *runtime_main_interpreter(const struct runtime *runtime) {
    return &runtime->interpreters.items[runtime->interpreters.count - 1];
}

const struct thread *runtime_threads(const struct runtime *runtime, size_t *count) {
    *count = runtime->threads.count;
    return runtime->threads.items;
}

const struct damage_list *runtime_damage(const struct runtime *runtime) {
    return &runtime->damage;
}
