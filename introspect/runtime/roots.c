#include "introspect/runtime/roots.h"

#include "introspect/objects/frame.h"

/* Deeper than any recursion limit that people set; a longer chain is a corrupt one. */
enum { MAX_FRAMES = 1 << 20, MAX_EXCEPTION_STACK = 1 << 16 };

/* A pointer field of a structure that is not an object, as a root. */
static void root_field(struct decode *decode, uint64_t structure, struct field field,
                       const char *name) {
    uint64_t target = 0;
    if (field.size == 8 && image_read_u64(decode->image, structure + field.offset, &target))
        reference_add(decode, target, REFERENCE_UNTRAVERSED, LABEL_FIELD,
                      (uint64_t)(uintptr_t)name);
}

/* PyInterpreterState (Include/internal/pycore_interp.h) and its garbage collector's state. */
static void interpreter_roots(struct decode *decode, const struct interpreter *interpreter) {
    const struct layout *layout = decode->layout;
    uint64_t at = interpreter->address;
#define ROOT(field) root_field(decode, at, layout->interpreter.field, #field)
    ROOT(modules);
    ROOT(modules_by_index);
    ROOT(importlib);
    ROOT(import_func);
    ROOT(sysdict);
    ROOT(builtins);
    ROOT(sysdict_copy);
    ROOT(builtins_copy);
    ROOT(dict);
    ROOT(codec_search_path);
    ROOT(codec_search_cache);
    ROOT(codec_error_registry);
    ROOT(before_forkers);
    ROOT(after_forkers_parent);
    ROOT(after_forkers_child);
    ROOT(audit_hooks);
    ROOT(warnings_filters);
    ROOT(warnings_once_registry);
    ROOT(warnings_default_action);
    ROOT(interned_strings);
#undef ROOT
    root_field(decode, interpreter->gc, layout->gc_state.garbage, "gc.garbage");
    root_field(decode, interpreter->gc, layout->gc_state.callbacks, "gc.callbacks");
}

/* The chain of exceptions being handled (_PyErr_StackItem, Include/cpython/pystate.h). Its first
 * items lie in generators, the last one in the thread state. */
static void exception_roots(struct decode *decode, uint64_t item) {
    const struct layout *layout = decode->layout;
    for (size_t steps = 0; item && steps < MAX_EXCEPTION_STACK; steps++) {
        root_field(decode, item, layout->exc_stack_item.exc_type, "exc_type");
        root_field(decode, item, layout->exc_stack_item.exc_value, "exc_value");
        root_field(decode, item, layout->exc_stack_item.exc_traceback, "exc_traceback");
        if (!image_read_u64(decode->image, item + layout->exc_stack_item.previous_item.offset,
                            &item))
            break;
    }
}

static void frame_roots(struct decode *decode, const struct thread *thread) {
    uint64_t at = thread->current_frame;
    for (size_t steps = 0; at && steps < MAX_FRAMES; steps++) {
        struct frame frame;
        if (!frame_read(decode, at, &frame)) {
            decode_damage(decode, "absent", "frame", at);
            break;
        }
        if (!frame.shim)
            frame_references(decode, &frame, REFERENCE_UNTRAVERSED);
        at = frame.previous;
    }
}

static void thread_roots(struct decode *decode, const struct thread *thread) {
    const struct layout *layout = decode->layout;
    uint64_t at = thread->address;
#define ROOT(field) root_field(decode, at, layout->thread.field, #field)
    ROOT(dict);
    ROOT(c_profileobj);
    ROOT(c_traceobj);
    ROOT(curexc_type);
    ROOT(curexc_value);
    ROOT(curexc_traceback);
    ROOT(current_exception);
    ROOT(async_exc);
    ROOT(async_gen_firstiter);
    ROOT(async_gen_finalizer);
    ROOT(context);
    ROOT(threading_local_key);
    ROOT(threading_local_sentinel);
#undef ROOT
    uint64_t item = 0;
    if (layout_has(layout->thread.exc_info) &&
        image_read_u64(decode->image, at + layout->thread.exc_info.offset, &item))
        exception_roots(decode, item);
    frame_roots(decode, thread);
}

void roots_exact(struct decode *decode, const struct runtime *runtime) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++)
        interpreter_roots(decode, &interpreters[i]);
    const struct thread *threads = runtime_threads(runtime, &count);
    for (size_t i = 0; i < count; i++)
        thread_roots(decode, &threads[i]);
}

static void scan_words(struct decode *decode, uint64_t start, uint64_t end) {
    for (uint64_t at = start; at < end;) {
        size_t available = 0;
        const uint8_t *bytes = image_pin_some(decode->image, at, end - at, &available);
        if (!bytes) { /* a page that is not there */
            at = (at & -(uint64_t)IMAGE_PAGE_SIZE) + IMAGE_PAGE_SIZE;
            continue;
        }
        for (size_t offset = 0; offset + 8 <= available; offset += 8) {
            uint64_t word = load_u64(bytes + offset);
            if (word && !(word & 7) && image_place(decode->image, word) != UINT64_MAX)
                reference_add(decode, word, REFERENCE_RETAINS | REFERENCE_GUESSED, LABEL_OFFSET,
                              at + offset);
        }
        at += available;
    }
}

/* The live part of a thread's C stack: from its stack pointer to the end of the mapping, or to the
 * thread's control block, which lies above its stack in the same mapping. */
static void stack_roots(struct decode *decode, const struct image_thread *thread) {
    const struct image_mapping *mapping = image_mapping_at(decode->image, thread->stack_pointer);
    for (unsigned i = 0; i < thread->register_count; i++) {
        if (thread->registers[i] && !(thread->registers[i] & 7))
            reference_add(decode, thread->registers[i], REFERENCE_RETAINS | REFERENCE_GUESSED,
                          LABEL_OFFSET, i);
    }
    if (!mapping)
        return;
    uint64_t end = mapping->end;
    if (thread->thread_pointer > thread->stack_pointer && thread->thread_pointer < end)
        end = thread->thread_pointer;
    scan_words(decode, thread->stack_pointer & -(uint64_t)8, end & -(uint64_t)8);
}

void roots_guessed(struct decode *decode, const struct runtime *runtime) {
    (void)runtime;
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(decode->image, &count);
    for (size_t i = 0; i < count; i++) {
        const struct image_mapping *mapping = &mappings[i];
        /* .bss is the anonymous mapping right behind its module's .data. */
        bool bss = mapping->kind == MAPPING_ANONYMOUS && i && mappings[i - 1].writable &&
                   mappings[i - 1].kind == MAPPING_FILE && mappings[i - 1].end == mapping->start;
        bool data = mapping->kind == MAPPING_FILE && !mapping->shared;
        if (mapping->writable && (data || bss) && mapping->state == MAPPING_CAPTURED)
            scan_words(decode, mapping->start, mapping->end);
    }
    const struct image_thread *threads = image_threads(decode->image, &count);
    for (size_t i = 0; i < count; i++)
        stack_roots(decode, &threads[i]);
}
