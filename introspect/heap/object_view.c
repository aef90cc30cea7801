#include "introspect/heap/object_view.h"

#include "introspect/objects/instance.h"
#include "introspect/objects/number.h"

enum {
    /* More than a body of known size may have behind it: items, inline values. */
    BODY_SLACK = 1 << 12,
    /* What a var-sized body is pinned to at most; decoders read longer arrays by address. */
    MAX_BODY = 1 << 26,
    FLAG_HEAPTYPE = 1 << 9,
    FLAG_LONG_SUBCLASS = 1 << 24,
};

/* No object has more items than an address space of bytes. */
#define MAX_ITEMS ((uint64_t)1 << IMAGE_ADDRESS_BITS)

uint64_t object_body_size(const struct decode *decode, const struct object *object) {
    const struct type *type = object->type;
    if (!type->itemsize)
        return type->basicsize;
    uint64_t items = type->flags & FLAG_LONG_SUBCLASS ? int_digit_count(decode, object)
                                                      : object_item_count(decode, object);
    return items < MAX_ITEMS ? type->basicsize + items * type->itemsize : UINT64_MAX / 2;
}

bool object_view_typed(const struct decode *decode, uint64_t address, const struct type *type,
                       struct object *object) {
    object->address = address;
    object->type = type;
    uint64_t wanted = type->basicsize + BODY_SLACK;
    uint64_t place = image_place(decode->image, address);
    if (place == UINT64_MAX)
        return false;
    uint64_t rest = IMAGE_CHUNK_SIZE - (place & (IMAGE_CHUNK_SIZE - 1));
    if (__builtin_expect(decode->image->chunk_whole[place >> IMAGE_CHUNK_SHIFT] && rest >= wanted,
                         1)) {
        object->body = decode->image->mirror + place;
        object->available = rest;
    } else {
        object->body = image_pin_some(decode->image, address, wanted, &object->available);
        if (!object->body || object->available < type->basicsize)
            return false;
    }
    if (type->itemsize) {
        uint64_t total = object_body_size(decode, object) + BODY_SLACK;
        if (total > MAX_BODY)
            total = MAX_BODY;
        if (total > object->available)
            object->body = image_pin_some(decode->image, address, total, &object->available);
    }
    return object->body != NULL;
}

uint64_t object_refcount(const struct layout *layout, const struct object *object,
                         bool *immortal) {
    uint64_t count =
        field_unsigned(object->body, layout->object.ob_refcnt) & layout->trait.refcount_mask;
    *immortal = count & layout->trait.immortal_bit;
    return count;
}

bool object_view(struct decode *decode, uint64_t address, struct object *object,
                 const char **why) {
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

bool object_has_gc(const struct layout *layout, const struct object *object) {
    if (!object->type->has_gc)
        return false;
    return !object->type->is_type ||
           (field_unsigned(object->body, layout->type.tp_flags) & FLAG_HEAPTYPE);
}

uint64_t object_offset_in_block(const struct layout *layout, const struct object *object) {
    if (!object_has_gc(layout, object))
        return object->type->preheader;
    return layout->trait.header_before_gc + object->type->preheader;
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
