/* The names of references, as steps of a path that a person can read and mostly evaluate. */
#include "introspect/heap/heap_private.h"
#include "introspect/objects/str.h"

enum { NAME_LIMIT = 80, MAX_C_NAME = 256 };

static void add_slot_name(const struct image *image, uint64_t name, struct strbuf *out) {
    char text[MAX_C_NAME];
    strbuf_putc(out, '.');
    if (image_read_string(image, name, text, sizeof text))
        strbuf_add_escaped(out, text, strlen(text), NAME_LIMIT);
    else
        strbuf_putc(out, '?');
}

static void add_index(struct strbuf *out, const char *before, uint64_t index, char after) {
    strbuf_printf(out, "%s%llu%c", before, (unsigned long long)index, after);
}

/* ['key'] as the key's own preview shows it; a key that has none is named by type and address. */
static void add_key(const struct heap *heap, uint64_t key, struct strbuf *out) {
    uint32_t id = heap_find(heap, key);
    strbuf_putc(out, '[');
    size_t before = out->length;
    if (id != HEAP_NONE)
        heap_preview(heap, id, out);
    if (out->length == before)
        strbuf_printf(out, "<%s at %#llx>", id != HEAP_NONE ? heap_type(heap, id)->name : "?",
                      (unsigned long long)key);
    strbuf_putc(out, ']');
}

void heap_label(const struct heap *heap, uint32_t id, const struct reference *reference,
                struct strbuf *out) {
    (void)id;
    struct damage_list ignored;
    struct decode names;
    heap_decode_init(heap, &names, &ignored);
    struct decode *decode = &names;
    uint64_t argument = reference->argument;
    switch ((enum label_kind)reference->label) {
    case LABEL_FIELD:
        strbuf_puts(out, (const char *)(uintptr_t)argument);
        break;
    case LABEL_NAME:
        strbuf_putc(out, '.');
        str_escaped(decode, argument, NAME_LIMIT, out);
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
        add_slot_name(decode->image, argument, out);
        break;
    case LABEL_TYPE:
        strbuf_puts(out, ".__class__");
        break;
    case LABEL_LOCAL:
        add_index(out, " local[", argument, ']');
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
