#include "introspect/heap/object_view.h"

#include "introspect/layout/type_flags.h"
#include "introspect/objects/instance.h"

/* What a var-sized body is pinned to at most; decoders read longer arrays by address. */
enum { MAX_BODY = 1 << 26 };

/* Whether so many bytes are all of an object. A static type is shorter than tp_basicsize of `type` says,
 * which is that of heap types: what follows it may not be mapped. */
static bool is_whole(const struct layout *layout, const struct object *object) {
    return object->body &&
           (object->available >= object->type->basicsize ||
            (object->type->is_type && object->available >= layout->type.size &&
             !(field_unsigned(object->body, layout->type.tp_flags) & TPFLAGS_HEAPTYPE)));
}

bool object_view_typed(const struct decode *decode, uint64_t address, const struct type *type,
                       struct object *object) {
    object->address = address;
    object->type = type;
    object->body = image_pin_some(decode->image, address, type->basicsize, &object->available);
    if (!is_whole(decode->layout, object))
        return false;
    if (!type->itemsize)
        return true;
    uint64_t total = object_body_size(decode, object);
    if (total > object->available)
        object->body = image_pin_some(decode->image, address, total < MAX_BODY ? total : MAX_BODY,
                                      &object->available);
    return object->body != NULL;
}

bool object_view(struct decode *decode, uint64_t address, struct object *object, const char **why) {
    const struct layout *layout = decode->layout;
    const uint8_t *header = image_pin(decode->image, address, layout->object.size);
    if (!header || address & 7) {
        *why = header ? "misaligned" : "absent";
        return false;
    }
    const struct type *type =
        type_table_get(decode->types, field_pointer(header, layout->object.ob_type));
    if (!type) {
        *why = "no type";
        return false;
    }
    if (!object_view_typed(decode, address, type, object)) {
        *why = "absent";
        return false;
    }
    bool immortal = false;
    if (!object_refcount(layout, object, &immortal)) {
        *why = "refcount";
        return false;
    }
    return true;
}

void object_references(struct decode *decode, const struct object *object) {
    instance_references(decode, object);
    const struct decoder *decoder = object->type->decoder;
    if (decoder && decoder->references)
        decoder->references(decode, object);
}

void object_measure(struct decode *decode, const struct object *object, struct measure *measure) {
    const struct type *type = object->type;
    *measure = (struct measure){.size = object_body_size(decode, object)};
    const struct decoder *decoder = type->decoder;
    if (decoder && decoder->measure)
        decoder->measure(decode, object, measure);
    instance_measure(decode, object, measure);
    measure->size_inexact |= type->size_overridden;
}

void object_buffers(struct decode *decode, const struct object *object) {
    struct measure measure;
    if (object->type->may_own_buffers)
        object_measure(decode, object, &measure);
}
