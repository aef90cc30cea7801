#include "introspect/runtime/roots.h"

#include "introspect/objects/frame.h"
#include "introspect/runtime/chain.h"

/* More frames than all threads together have, deeper than generators nest. */
enum { MAX_FRAMES = 1 << 22, MAX_EXCEPTION_STACK = 1 << 16 };

/* A pointer field of a structure that is not an object, as a root. */
static void root_field(struct decode *decode, uint64_t structure, struct field field,
                       const char *name) {
    uint64_t target = 0;
    if (field.size == 8 && image_read_u64(decode->image, structure + field.offset, &target))
        reference_add(decode, target, REFERENCE_UNTRAVERSED, LABEL_FIELD, field_label(name));
}

/* atexit.register's functions (Modules/atexitmodule.c); in 3.14 they became a list, which the field
 * then leads to. */
static void atexit_roots(struct decode *decode, uint64_t interpreter) {
    const struct layout *layout = decode->layout;
    uint64_t array = 0, callback = 0;
    uint32_t count = 0;
    if (!layout_has(layout->atexit_callback.func) ||
        !image_read_u64(decode->image, interpreter + layout->interpreter.atexit_callbacks.offset,
                        &array) ||
        !image_read(decode->image, interpreter + layout->interpreter.atexit_count.offset, &count,
                    sizeof count))
        return;
    for (uint32_t i = 0; i < count && image_read_u64(decode->image, array + i * 8ull, &callback);
         i++) {
        root_field(decode, callback, layout->atexit_callback.func, "atexit");
        root_field(decode, callback, layout->atexit_callback.args, "atexit args");
        root_field(decode, callback, layout->atexit_callback.kwargs, "atexit kwargs");
    }
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
    atexit_roots(decode, at);
    root_field(decode, interpreter->gc, layout->gc_state.garbage, "gc.garbage");
    root_field(decode, interpreter->gc, layout->gc_state.callbacks, "gc.callbacks");
}

/* The chain of exceptions being handled (_PyErr_StackItem, Include/cpython/pystate.h). Its first
 * items lie in generators, the last one in the thread state. */
static void exception_roots(struct decode *decode, uint64_t item) {
    const struct layout *layout = decode->layout;
    struct chain chain = {0};
    for (size_t steps = 0; item && steps < MAX_EXCEPTION_STACK; steps++) {
        if (chain_is_circle(&chain, item)) {
            decode_damage(decode, "chain", "exception stack", item);
            return;
        }
        root_field(decode, item, layout->exc_stack_item.exc_type, "exc_type");
        root_field(decode, item, layout->exc_stack_item.exc_value, "exc_value");
        root_field(decode, item, layout->exc_stack_item.exc_traceback, "exc_traceback");
        if (!image_read_u64(decode->image, item + layout->exc_stack_item.previous_item.offset,
                            &item))
            break;
    }
}

static void frame_roots(struct decode *decode, const struct thread *thread, size_t *frames) {
    struct chain chain = {0};
    uint64_t at = thread->current_frame;
    while (at) {
        struct frame frame;
        if (chain_is_circle(&chain, at) || ++*frames > MAX_FRAMES) {
            decode_damage(decode, "chain", "frame", at);
            break;
        }
        if (!frame_read(decode, at, &frame))
            break;
        if (!frame.shim)
            frame_references(decode, &frame, REFERENCE_UNTRAVERSED);
        at = frame.previous;
    }
}

static void thread_roots(struct decode *decode, const struct thread *thread, size_t *frames) {
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
    frame_roots(decode, thread, frames);
}

void roots_exact(struct decode *decode, const struct runtime *runtime) {
    size_t count = 0, frames = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++)
        interpreter_roots(decode, &interpreters[i]);
    const struct thread *threads = runtime_threads(runtime, &count);
    for (size_t i = 0; i < count; i++)
        thread_roots(decode, &threads[i], &frames);
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

/* Free lists lie in the interpreter's state (3.10+), and keep pointers to what they once held: not
 * roots. */
static bool is_free_list(const struct decode *decode, const struct runtime *runtime,
                         uint64_t address) {
    const struct layout *layout = decode->layout;
    const struct field lists[] = {
        layout->interpreter.free_lists,         layout->interpreter.free_list_floats,
        layout->interpreter.free_list_tuples,   layout->interpreter.free_list_lists,
        layout->interpreter.free_list_dicts,    layout->interpreter.free_list_async_gens,
        layout->interpreter.free_list_contexts,
    };
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
            uint64_t start = interpreters[i].address + lists[k].offset;
            if (address >= start && address < start + lists[k].size)
                return true;
        }
    }
    return false;
}

/* Leaves out the words of free lists from what scan_words has appended since `from`. */
static void drop_free_lists(struct decode *decode, const struct runtime *runtime, size_t from) {
    size_t kept = from;
    for (size_t i = from; i < decode->reference_count; i++) {
        if (!is_free_list(decode, runtime, decode->references[i].argument))
            decode->references[kept++] = decode->references[i];
    }
    decode->reference_count = kept;
}

/* Data of modules, in parts of a page, so that no flush comes between a part and its free lists. */
static void module_roots(struct decode *decode, const struct runtime *runtime, uint64_t start,
                         uint64_t end) {
    for (uint64_t at = start; at < end;) {
        uint64_t stop = (at & -(uint64_t)IMAGE_PAGE_SIZE) + IMAGE_PAGE_SIZE;
        if (stop > end)
            stop = end;
        if (decode->reference_capacity - decode->reference_count < IMAGE_PAGE_SIZE / 8)
            decode->flush(decode);
        size_t before = decode->reference_count;
        scan_words(decode, at, stop);
        drop_free_lists(decode, runtime, before);
        at = stop;
    }
}

void roots_guessed(struct decode *decode, const struct runtime *runtime) {
    size_t mapping_count = 0, module_count = 0, thread_count = 0;
    const struct image_mapping *mappings = image_mappings(decode->image, &mapping_count);
    const struct image_module *modules = image_modules(decode->image, &module_count);
    for (size_t i = 0; i < module_count; i++) {
        for (size_t k = 0; k < mapping_count; k++) {
            const struct image_mapping *mapping = &mappings[k];
            uint64_t start = mapping->start > modules[i].start ? mapping->start : modules[i].start;
            uint64_t end = mapping->end < modules[i].end ? mapping->end : modules[i].end;
            if (mapping->writable && mapping->state == MAPPING_CAPTURED && start < end)
                module_roots(decode, runtime, start, end);
        }
    }
    const struct image_thread *threads = image_threads(decode->image, &thread_count);
    for (size_t i = 0; i < thread_count; i++)
        stack_roots(decode, &threads[i]);
}
