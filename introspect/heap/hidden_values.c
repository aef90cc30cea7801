/* Showing a heap without what its program works on: --no-values.
 *
 * Names of types, modules, functions, files and of attributes that the code itself names stay. All else, strings,
 * numbers, keys, attributes that setattr made, threads, becomes "[#n]", with the same n for the same object. */
#include "introspect/heap/hidden_values.h"

#include "introspect/heap/heap_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the code names --------------------------------------------------------------------- */

static void declare(void *context, const struct reference *reference) {
    struct heap *heap = context;
    uint32_t id = heap_find(heap, reference->target);
    if (id != HEAP_NONE)
        bitmap_set(&heap->declared, (uint64_t)id << GRANULE_SHIFT);
}

static bool is_field(const struct reference *reference, const char *const *fields) {
    if (reference->label != LABEL_FIELD)
        return false;
    for (; *fields; fields++) {
        if (!strcmp((const char *)(uintptr_t)reference->argument, *fields))
            return true;
    }
    return false;
}

/* Of a code object: its own name, and those in its tuples of names. */
static void declare_names(void *context, const struct reference *reference) {
    static const char *const names[] = {
        ".co_name", ".co_qualname", ".__name__", ".__qualname__", NULL,
    };
    static const char *const tuples[] = {
        ".co_names", "->co_localsplusnames", ".co_varnames", ".co_freevars", ".co_cellvars", NULL,
    };
    struct heap *heap = context;
    if (is_field(reference, names)) {
        declare(heap, reference);
    } else if (is_field(reference, tuples)) {
        uint32_t tuple = heap_find(heap, reference->target);
        if (tuple != HEAP_NONE)
            heap_references(heap, tuple, declare, heap);
    }
}

static bool names_things(const struct type *type) {
    return type->decoder &&
           (!strcmp(type->decoder->name, "code") || !strcmp(type->decoder->name, "function") ||
            !strcmp(type->decoder->name, "type"));
}

/* ---- what is shown --------------------------------------------------------------------------- */

/* Of these a preview tells structure and names of code. */
static bool is_harmless(const struct decoder *decoder) {
    static const char *const harmless[] = {
        "function",
        "method",
        "builtin function",
        "descriptor",
        "type",
        "module",
        "code",
        "generator",
        "coroutine",
        "async_generator",
        "frame",
        "traceback",
        "list",
        "tuple",
        "dict",
        "set",
        "deque",
        "defaultdict",
        "None",
        "ordered_dict",
    };
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        if (!strcmp(decoder->name, harmless[i]))
            return true;
    }
    return false;
}

struct err *heap_hide_values_of_types(struct heap *heap) {
    uint32_t count = heap_type_count(heap);
    heap->hidden_types = calloc((size_t)count + 1, sizeof *heap->hidden_types);
    if (!heap->hidden_types)
        return err_no_memory();
    for (uint32_t i = 0; i < count; i++) {
        const struct decoder *decoder = heap_type_by_id(heap, i)->decoder;
        heap->hidden_types[i] = decoder && decoder->preview && !is_harmless(decoder);
    }
    heap->hides_values = true;
    return NULL;
}

struct err *heap_hide_values(struct heap *heap) {
    if (heap->hides_values)
        return NULL;
    bool *names = calloc((size_t)heap_type_count(heap) + 1, sizeof *names); /* by type id */
    if (!names || !bitmap_init(&heap->declared, (uint64_t)heap_count(heap) << GRANULE_SHIFT)) {
        free(names);
        return err_no_memory();
    }
    for (uint32_t i = 0; i < heap_type_count(heap); i++)
        names[i] = names_things(heap_type_by_id(heap, i));
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        if (names[heap_type(heap, id)->id])
            heap_references(heap, id, declare_names, heap);
    }
    free(names);
    return heap_hide_values_of_types(heap);
}

bool heap_value_is_hidden(const struct heap *heap, uint32_t id) {
    return heap->hides_values && heap->hidden_types[heap_type(heap, id)->id];
}

static void add_hidden(uint32_t id, struct strbuf *out) {
    strbuf_printf(out, "[#%u]", id + 1);
}

void heap_preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    if (heap_value_is_hidden(heap, id))
        add_hidden(id, out);
    else
        heap->provider->preview(heap, id, out);
}

void heap_name(const struct heap *heap, uint64_t text, struct strbuf *out) {
    uint32_t id = heap->hides_values ? heap_find(heap, text) : HEAP_NONE;
    if (!heap->hides_values)
        heap->provider->name(heap, text, out);
    else if (id == HEAP_NONE)
        strbuf_puts(out, HIDDEN_VALUE);
    else if (bitmap_test(&heap->declared, (uint64_t)id << GRANULE_SHIFT))
        heap->provider->name(heap, text, out);
    else
        add_hidden(id, out);
}

void add_hidden_thread(size_t index, struct strbuf *out) {
    strbuf_printf(out, "[#%zu]", index + 1);
}

struct err *heap_stacks(const struct heap *heap, struct stacks *ret) {
    struct strbuf name = {0};
    TRY(heap->provider->stacks(heap, ret));
    bool fine = true;
    for (size_t i = 0; heap->hides_values && i < ret->threads.count; i++) {
        strbuf_clear(&name);
        add_hidden_thread(i, &name);
        ret->threads.items[i].name = arena_strdup(&ret->texts, strbuf_text(&name));
        fine &= ret->threads.items[i].name && !name.failed;
    }
    strbuf_free(&name);
    if (fine)
        return NULL;
    stacks_free(ret);
    return err_no_memory();
}
