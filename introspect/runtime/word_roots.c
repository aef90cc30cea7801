/* Guessed roots: words that look like objects, in the data of modules, on C stacks, in registers. */
#include "introspect/runtime/roots.h"

struct scan {
    const struct decode *decode;
    const struct runtime *runtime;
    root_visit *visit;
    void *context;
    struct root root; /* of which each differs by its word */
};

static void consider(struct scan *scan, uint64_t word, uint64_t holder) {
    if (!word || word & 7 || image_place(scan->decode->image, word) == UINT64_MAX)
        return;
    scan->root.holder = holder;
    scan->root.reference.target = word;
    scan->visit(scan->context, &scan->root);
}

/* The values in the cache of attributes of types are borrowed (Objects/typeobject.c). */
enum { TYPE_CACHE_ENTRIES = 1 << 12 };

/* Free lists and the cache, where they are variables (up to 3.9). */
static bool in_static_list(const struct scan *scan, uint64_t address) {
    size_t count = 0;
    const struct image_symbol *symbols = image_symbols(scan->decode->image, &count);
    for (size_t i = 0; i < count; i++) {
        if (address - symbols[i].address < symbols[i].size &&
            (!strcmp(symbols[i].name, "free_list") || !strcmp(symbols[i].name, "method_cache")))
            return true;
    }
    return false;
}

/* Free lists lie in the interpreter's state (3.10+), and keep pointers to what they once held: not
 * roots. */
static bool is_borrowed(const struct scan *scan, uint64_t address) {
    const struct layout *layout = scan->decode->layout;
    const struct field lists[] = {
        layout->interpreter.free_lists,         layout->interpreter.free_list_floats,
        layout->interpreter.free_list_tuples,   layout->interpreter.free_list_lists,
        layout->interpreter.free_list_dicts,    layout->interpreter.free_list_async_gens,
        layout->interpreter.free_list_contexts,
    };
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(scan->runtime, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
            uint64_t start = interpreters[i].address + lists[k].offset;
            if (address >= start && address < start + lists[k].size)
                return true;
        }
        uint64_t cache = interpreters[i].address + layout->interpreter.type_cache.offset;
        if (address >= cache &&
            address - cache < TYPE_CACHE_ENTRIES * (uint64_t)layout->interpreter.type_cache.size)
            return true;
    }
    return in_static_list(scan, address);
}

/* Not roots are words in [start, end) that free lists and caches keep. */
static void scan_words(struct scan *scan, uint64_t start, uint64_t end) {
    const struct image *image = scan->decode->image;
    for (uint64_t at = start; at < end;) {
        size_t available = 0;
        const uint8_t *bytes = image_pin_some(image, at, end - at, &available);
        if (!bytes) { /* a page that is not there */
            at = (at & -(uint64_t)IMAGE_PAGE_SIZE) + IMAGE_PAGE_SIZE;
            continue;
        }
        for (size_t offset = 0; offset + 8 <= available; offset += 8) {
            uint64_t word = load_u64(bytes + offset);
            if (word && !(word & 7) && image_place(image, word) != UINT64_MAX &&
                !is_borrowed(scan, at + offset))
                consider(scan, word, at + offset);
        }
        at += available;
    }
}

/* The Python thread that runs on a thread of the process; 0: none. */
static uint64_t thread_state_of(const struct scan *scan, const struct image_thread *thread) {
    size_t count = 0;
    const struct thread *threads = runtime_threads(scan->runtime, &count);
    for (size_t i = 0; i < count; i++) {
        if (threads[i].thread_id && threads[i].thread_id == thread->thread_pointer)
            return threads[i].address;
    }
    return 0;
}

/* What a Python thread was started with lies in memory of malloc, to which only its stack points
 * (Modules/_threadmodule.c: thread_run); it is known by its pointer back to the thread. */
static void bootstate_roots(struct scan *scan, uint64_t thread_state, uint64_t start,
                            uint64_t end) {
    const struct image *image = scan->decode->image;
    const struct layout *layout = scan->decode->layout;
    const struct field fields[] = {layout->bootstate.func, layout->bootstate.args,
                                   layout->bootstate.kwargs};
    uint64_t word = 0, back = 0;
    if (!thread_state || !layout_has(layout->bootstate.func))
        return;
    for (uint64_t at = start; at < end; at += 8) {
        if (!image_read_u64(image, at, &word) || !word || word & 7 || word == thread_state ||
            !image_read_u64(image, word + layout->bootstate.tstate.offset, &back) ||
            back != thread_state)
            continue;
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            if (image_read_u64(image, word + fields[i].offset, &back))
                consider(scan, back, word + fields[i].offset);
        }
    }
}

/* The live part of a thread's C stack: from its stack pointer to the end of the mapping, or to the
 * thread's control block, which lies above its stack in the same mapping. */
static void stack_roots(struct scan *scan, const struct image_thread *thread) {
    const struct image_mapping *mapping =
        image_mapping_at(scan->decode->image, thread->stack_pointer);
    scan->root.kind = ROOT_REGISTER;
    for (unsigned i = 0; i < thread->register_count; i++)
        consider(scan, thread->registers[i], i);
    if (!mapping)
        return;
    uint64_t end = mapping->end;
    if (thread->thread_pointer > thread->stack_pointer && thread->thread_pointer < end)
        end = thread->thread_pointer;
    scan->root.kind = ROOT_C_STACK;
    uint64_t start = thread->stack_pointer & -(uint64_t)8;
    end &= -(uint64_t)8;
    scan_words(scan, start, end);
    bootstate_roots(scan, thread_state_of(scan, thread), start, end);
}

static void module_data_roots(struct scan *scan, const struct image_module *module) {
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(scan->decode->image, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t start = mappings[i].start > module->start ? mappings[i].start : module->start;
        uint64_t end = mappings[i].end < module->end ? mappings[i].end : module->end;
        if (mappings[i].writable && mappings[i].state == MAPPING_CAPTURED && start < end)
            scan_words(scan, start, end);
    }
}

void roots_guessed(const struct decode *decode, const struct runtime *runtime, root_visit *visit,
                   void *context) {
    struct scan scan = {
        .decode = decode,
        .runtime = runtime,
        .visit = visit,
        .context = context,
        .root = {.kind = ROOT_C_GLOBAL,
                 .reference = {.properties =
                                   REFERENCE_RETAINS | REFERENCE_COUNTED | REFERENCE_GUESSED,
                               .label = LABEL_OFFSET}},
    };
    size_t count = 0;
    const struct image_module *modules = image_modules(decode->image, &count);
    for (size_t i = 0; i < count; i++) {
        scan.root.owner = (uint32_t)i;
        module_data_roots(&scan, &modules[i]);
    }
    const struct image_thread *threads = image_threads(decode->image, &count);
    for (size_t i = 0; i < count; i++) {
        scan.root.owner = (uint32_t)i;
        stack_roots(&scan, &threads[i]);
    }
}
