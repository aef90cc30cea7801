/* Chunks NAME and FUNC: the texts of str objects that name attributes, and what functions call the entries of
 * their closures and defaults. */
#include "introspect/snapshot/snapshot_private.h"

/* ---- which names ----------------------------------------------------------------------------- */

enum namespace_kind namespace_kind(const char *field) {
    static const struct {
        const char *field;
        enum namespace_kind kind;
    } fields[] = {{".__dict__", NAMESPACE_OF_KEYS},
                  {".__kwdefaults__", NAMESPACE_OF_KEYS},
                  {"->dummies", NAMESPACE_OF_THREADS},
                  {"->localdicts", NAMESPACE_OF_THREADS}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!strcmp(field, fields[i].field))
            return fields[i].kind;
    }
    return NAMESPACE_NONE;
}

void namespace_note(struct saver *saver, enum namespace_kind kind, uint32_t dict) {
    if (kind != NAMESPACE_NONE)
        bitmap_set(kind == NAMESPACE_OF_KEYS ? &saver->namespaces : &saver->thread_locals,
                   (uint64_t)dict << GRANULE_SHIFT);
}

static void mark_value(void *context, const struct reference *reference) {
    struct saver *saver = context;
    uint32_t value = heap_find(saver->heap, reference->target);
    if (reference->label == LABEL_KEY && value != HEAP_NONE)
        bitmap_set(&saver->namespaces, (uint64_t)value << GRANULE_SHIFT);
}

static void mark_key(void *context, const struct reference *reference) {
    struct saver *saver = context;
    uint32_t key =
        reference->label == LABEL_KEY ? heap_find(saver->heap, reference->argument) : HEAP_NONE;
    if (key != HEAP_NONE)
        bitmap_set(&saver->names, (uint64_t)key << GRANULE_SHIFT);
}

static void visit_all(struct saver *saver, const struct bitmap *of, heap_visit *visit) {
    for (uint32_t id = 0; id < heap_count(saver->heap); id++) {
        if (bitmap_test(of, (uint64_t)id << GRANULE_SHIFT))
            heap_references(saver->heap, id, visit, saver);
    }
}

static struct err *save_names(struct saver *saver) {
    const struct heap *heap = saver->heap;
    struct rows rows = {.saver = saver, .tag = "NAME"};
    struct strbuf text = {0};
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        uint64_t place = (uint64_t)id << GRANULE_SHIFT;
        bool hidden = heap->hides_values && !bitmap_test(&heap->declared, place);
        if (hidden || !bitmap_test(&saver->names, place))
            continue;
        struct column_buffer *buffer = rows_next(&rows);
        strbuf_clear(&text);
        heap_name(heap, heap_address(heap, id), &text);
        column_varint(buffer, id);
        column_text(buffer, strbuf_text(&text), text.length);
        buffer->failed |= text.failed;
    }
    strbuf_free(&text);
    return rows_finish(&rows);
}

/* ---- functions ------------------------------------------------------------------------------- */

struct function_entries {
    const struct heap *heap;
    uint32_t closure, defaults;
    uint32_t *counting;
};

static void count_item(void *context, const struct reference *reference) {
    struct function_entries *entries = context;
    *entries->counting += reference->label == LABEL_ITEM;
}

static void count_entries(void *context, const struct reference *reference) {
    struct function_entries *entries = context;
    const char *field =
        reference->label == LABEL_FIELD ? (const char *)(uintptr_t)reference->argument : "";
    uint32_t tuple = heap_find(entries->heap, reference->target);
    entries->counting = !strcmp(field, ".__closure__")    ? &entries->closure
                        : !strcmp(field, ".__defaults__") ? &entries->defaults
                                                          : NULL;
    if (entries->counting && tuple != HEAP_NONE)
        heap_references(entries->heap, tuple, count_item, entries);
}

typedef bool name_entry(const struct heap *heap, uint32_t function, uint64_t index,
                        struct strbuf *out);

/* What has no name is empty. */
static void add_entries(struct column_buffer *buffer, const struct heap *heap, uint32_t id,
                        name_entry *name, uint32_t count) {
    struct strbuf text = {0};
    for (uint32_t i = 0; i < count; i++) {
        strbuf_clear(&text);
        bool named = name(heap, id, i, &text);
        column_text(buffer, strbuf_text(&text), named ? text.length : 0);
    }
    buffer->failed |= text.failed;
    strbuf_free(&text);
}

static struct err *save_functions(struct saver *saver) {
    const struct heap *heap = saver->heap;
    struct rows rows = {.saver = saver, .tag = "FUNC"};
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        struct function_entries entries = {.heap = heap};
        if (!saver->are_functions[heap_type(heap, id)->id])
            continue;
        heap_references(heap, id, count_entries, &entries);
        if (!entries.closure && !entries.defaults)
            continue;
        struct column_buffer *buffer = rows_next(&rows);
        column_varint(buffer, id);
        column_varint(buffer, entries.closure);
        column_varint(buffer, entries.defaults);
        add_entries(buffer, heap, id, heap_closure_variable, entries.closure);
        add_entries(buffer, heap, id, heap_default_argument, entries.defaults);
    }
    return rows_finish(&rows);
}

struct err *names_save(struct saver *saver) {
    visit_all(saver, &saver->thread_locals, mark_value);
    visit_all(saver, &saver->namespaces, mark_key);
    TRY(save_names(saver));
    return save_functions(saver);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_name(struct snapshot *snapshot, struct column_reader *reader) {
    uint64_t most = heap_count(snapshot->heap) ? heap_count(snapshot->heap) - 1 : 0;
    struct named_text name = {.id = (uint32_t)column_take_below(reader, most)};
    name.text = take_text(reader, &snapshot->memory);
    if (snapshot->names.count && name.id <= snapshot->names.items[snapshot->names.count - 1].id)
        column_fail(reader);
    if (!reader->failed)
        snapshot->out_of_memory |= !vec_push(&snapshot->names, name);
}

static void read_function(struct snapshot *snapshot, struct column_reader *reader) {
    struct function_names function = {.id = (uint32_t)column_take_varint(reader)};
    size_t most = column_left(reader); /* each has a byte at least */
    function.closure_count = (uint32_t)column_take_below(reader, most);
    function.default_count = (uint32_t)column_take_below(reader, most - function.closure_count);
    if (snapshot->functions.count &&
        function.id <= snapshot->functions.items[snapshot->functions.count - 1].id)
        column_fail(reader);
    size_t count = (size_t)function.closure_count + function.default_count;
    function.names = arena_alloc(&snapshot->memory, (count + 1) * sizeof *function.names);
    for (size_t i = 0; function.names && i < count; i++)
        function.names[i] = take_text(reader, &snapshot->memory);
    if (!reader->failed)
        snapshot->out_of_memory |= !function.names || !vec_push(&snapshot->functions, function);
}

struct err *names_load(struct snapshot *snapshot) {
    TRY(rows_read(snapshot, "NAME", read_name));
    return rows_read(snapshot, "FUNC", read_function);
}
