#include "introspect/objects/fields.h"

STRUCTURE_SIZE(list);

static void list_references(struct decode *decode, const struct object *object) {
    reference_array(decode, field_pointer(object->body, decode->layout->list.ob_item),
                    object_item_count(decode, object), REFERENCE_STRONG, "list");
}

/* list.__sizeof__ (Objects/listobject.c): the array is a block apart. */
static void list_measure(struct decode *decode, const struct object *object,
                         struct measure *measure) {
    measure->size =
        object->type->basicsize +
        buffer_add_array(decode, field_pointer(object->body, decode->layout->list.ob_item),
                         field_unsigned(object->body, decode->layout->list.allocated), 8, "list");
}

static void list_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '[', object_item_count(decode, object), "item", ']');
}

static uint32_t list_prefetch(const struct layout *layout, uint32_t offsets[2]) {
    offsets[0] = layout->list.ob_item.offset;
    return 1;
}

static const struct decoder list_decoder = {
    .name = "list",
    .types = TYPES("list"),
    .least_size = list_least_size,
    .references = list_references,
    .measure = list_measure,
    .preview = list_preview,
    .prefetch = list_prefetch,
};

extern const struct decoder *const list_decoders[];
const struct decoder *const list_decoders[] = {&list_decoder, NULL};
