/* The names of references, as steps of a path that a person can read and mostly evaluate. */
#include "introspect/heap/heap_private.h"
#include "introspect/heap/hidden_values.h"

static void add_index(struct strbuf *out, const char *before, uint64_t index, char after) {
    strbuf_printf(out, "%s%llu%c", before, (unsigned long long)index, after);
}

/* ['key'] as the key's own preview shows it; a key that has none is named by type and address. */
static void add_key(const struct heap *heap, uint64_t key, struct strbuf *out) {
    uint32_t id = heap_find(heap, key);
    if (id != HEAP_NONE && heap_value_is_hidden(heap, id)) {
        heap_preview(heap, id, out); /* which has its brackets */
        return;
    }
    strbuf_putc(out, '[');
    size_t before = out->length;
    if (id != HEAP_NONE)
        heap_preview(heap, id, out);
    if (out->length == before)
        strbuf_printf(out, "<%s at %#llx>", id != HEAP_NONE ? heap_type(heap, id)->name : "?",
                      (unsigned long long)key);
    strbuf_putc(out, ']');
}

void heap_label_general(const struct heap *heap, uint32_t id, const struct reference *reference,
                        struct strbuf *out) {
    switch ((enum label_kind)reference->label) {
    case LABEL_ITEM:
    case LABEL_KEY:
        strbuf_puts(out, "[*]");
        break;
    case LABEL_DICT_KEY:
        strbuf_puts(out, ".keys()[*]");
        break;
    case LABEL_MEMBER:
        strbuf_puts(out, "{*}");
        break;
    case LABEL_STACK:
        strbuf_puts(out, " stack[*]");
        break;
    default:
        heap_label(heap, id, reference, out);
    }
}

void heap_label(const struct heap *heap, uint32_t id, const struct reference *reference,
                struct strbuf *out) {
    uint64_t argument = reference->argument;
    switch ((enum label_kind)reference->label) {
    case LABEL_FIELD:
        strbuf_puts(out, (const char *)(uintptr_t)argument);
        break;
    case LABEL_NAME:
        strbuf_putc(out, '.');
        heap_name(heap, argument, out);
        break;
    case LABEL_ITEM:
        add_index(out, "[", argument, ']');
        break;
    case LABEL_KEY:
        add_key(heap, argument, out);
        break;
    case LABEL_DICT_KEY:
        add_index(out, ".keys()[", argument, ']');
        break;
    case LABEL_MEMBER:
        add_index(out, "{", argument, '}');
        break;
    case LABEL_SLOT:
        strbuf_putc(out, '.');
        heap->provider->slot_name(heap, argument, out);
        break;
    case LABEL_TYPE:
        strbuf_puts(out, ".__class__");
        break;
    case LABEL_LOCAL:
        strbuf_putc(out, ' ');
        heap->provider->local_name(heap, id, argument, out);
        break;
    case LABEL_STACK:
        add_index(out, " stack[", argument, ']');
        break;
    case LABEL_CELL:
        add_index(out, ".__closure__[", argument, ']');
        break;
    case LABEL_OFFSET:
        strbuf_printf(out, "+%#llx", (unsigned long long)argument);
        break;
    }
}
