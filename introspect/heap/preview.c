/* What an object contains, as Python would write it, within a budget: entries, depth and text are cut. */
#include "introspect/heap/heap_private.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ENTRIES = 10, MOST_DEPTH = 3, MOST_TEXT = 1200 };

/* How a family of types is written. */
struct shape {
    const char *decoder, *open, *close;
};

static const struct shape shapes[] = {
    {"list", "[", "]"},
    {"tuple", "(", ")"},
    {"set", "{", "}"},
    {"dict", "{", "}"},
    {"deque", "deque([", "])"},
    {"ordered_dict", "OrderedDict({", "})"},
    {"defaultdict", "defaultdict({", "})"},
};

struct previewer {
    const struct heap *heap;
    struct strbuf *out;
    unsigned depth;
    bool is_instance; /* its attributes are entries */
    uint64_t entries;
};

static void add_value(const struct heap *heap, uint64_t address, unsigned depth,
                      struct strbuf *out);

static const struct shape *shape_of(const struct type *type) {
    for (size_t i = 0; type->decoder && i < sizeof shapes / sizeof *shapes; i++) {
        if (!strcmp(type->decoder->name, shapes[i].decoder))
            return &shapes[i];
    }
    return NULL;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Begins an entry, if it is among those that are shown. */
static bool begin_entry(struct previewer *previewer) {
    if (++previewer->entries > MOST_ENTRIES || previewer->out->length > MOST_TEXT)
        return false;
    if (previewer->entries > 1)
        strbuf_puts(previewer->out, ", ");
    return true;
}

static void add_namespace_entry(void *context, const struct reference *reference) {
    struct previewer *previewer = context;
    if (reference->label != LABEL_KEY || !begin_entry(previewer))
        return;
    struct strbuf key = {0};
    add_value(previewer->heap, reference->argument, MOST_DEPTH, &key);
    const char *text = strbuf_text(&key);
    size_t length = strlen(text);
    if (length > 2 && *text == '\'') /* without its quotes */
        strbuf_add(previewer->out, text + 1, length - 2);
    else
        strbuf_puts(previewer->out, text);
    strbuf_putc(previewer->out, '=');
    add_value(previewer->heap, reference->target, previewer->depth + 1, previewer->out);
    strbuf_free(&key);
}

/* ".name" of an instance, or of a type in C; what is "->internal" or "__special__" is left out. */
static void add_attribute(struct previewer *previewer, uint32_t id,
                          const struct reference *reference) {
    struct strbuf label = {0};
    heap_label(previewer->heap, id, reference, &label);
    const char *text = strbuf_text(&label);
    if (*text == '.' && strncmp(text, ".__", 3) != 0 && begin_entry(previewer)) {
        strbuf_printf(previewer->out, "%s=", text + 1);
        add_value(previewer->heap, reference->target, previewer->depth + 1, previewer->out);
    }
    strbuf_free(&label);
}

struct entry_context {
    struct previewer *previewer;
    uint32_t id;
};

static void add_entry(void *context, const struct reference *reference) {
    struct entry_context *entry = context;
    struct previewer *previewer = entry->previewer;
    const struct heap *heap = previewer->heap;
    uint32_t target = heap_find(heap, reference->target);
    if (!previewer->is_instance) {
        bool is_item = reference->label == LABEL_ITEM || reference->label == LABEL_MEMBER;
        if ((!is_item && reference->label != LABEL_KEY) || !begin_entry(previewer))
            return;
        if (!is_item) {
            add_value(heap, reference->argument, MOST_DEPTH, previewer->out);
            strbuf_puts(previewer->out, ": ");
        }
        add_value(heap, reference->target, previewer->depth + 1, previewer->out);
    } else if (reference->label == LABEL_FIELD && target != HEAP_NONE &&
               !strcmp((const char *)(uintptr_t)reference->argument, ".__dict__")) {
        heap_references(heap, target, add_namespace_entry, previewer);
    } else if (reference->label == LABEL_FIELD || reference->label == LABEL_NAME ||
               reference->label == LABEL_SLOT) {
        add_attribute(previewer, entry->id, reference);
    }
}

static void add_entries(const struct heap *heap, uint32_t id, unsigned depth, bool is_instance,
                        struct strbuf *out) {
    struct previewer previewer = {heap, out, depth, is_instance, 0};
    struct entry_context context = {&previewer, id};
    heap_references(heap, id, add_entry, &context);
    if (previewer.entries > MOST_ENTRIES)
        strbuf_printf(out, ", ... %llu in all", (unsigned long long)previewer.entries);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void add_value(const struct heap *heap, uint64_t address, unsigned depth,
                      struct strbuf *out) {
    uint32_t id = heap_find(heap, address);
    if (id == HEAP_NONE) {
        strbuf_printf(out, "<%#llx>", (unsigned long long)address);
        return;
    }
    const struct type *type = heap_type(heap, id);
    const struct shape *shape = shape_of(type);
    size_t before = out->length;
    bool deeper = depth < MOST_DEPTH && out->length < MOST_TEXT;
    if (shape && deeper) {
        strbuf_puts(out, shape->open);
        add_entries(heap, id, depth, false, out);
        strbuf_puts(out, shape->close);
        return;
    }
    heap_preview(heap, id, out);
    if (out->length > before)
        return;
    strbuf_puts(out, type->name);
    if (deeper && !type->owns_nothing) {
        strbuf_putc(out, '(');
        add_entries(heap, id, depth, true, out);
        strbuf_putc(out, ')');
    }
}

void heap_preview_contents(const struct heap *heap, uint32_t id, struct strbuf *out) {
    add_value(heap, heap_address(heap, id), 0, out);
}
