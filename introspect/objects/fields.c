#include "introspect/objects/fields.h"

#include <semaphore.h>

unsigned fields_properties(const struct object *object, unsigned properties) {
    enum { IN_HEAP_TYPE = REFERENCE_TRAVERSED_IN_HEAP_TYPE & ~REFERENCE_UNTRAVERSED };
    const struct type *owner = object->type->decoded_as;
    if (properties & IN_HEAP_TYPE) {
        properties &= ~(unsigned)IN_HEAP_TYPE;
        if (owner && owner->heap_type)
            properties |= REFERENCE_TRAVERSED;
    }
    if (owner && !owner->has_gc)
        properties &= ~(unsigned)REFERENCE_TRAVERSED;
    return properties;
}

static void add_field(struct decode *decode, const uint8_t *structure, size_t available,
                      const struct pointer_field *of, unsigned properties) {
    struct field field;
    memcpy(&field, (const uint8_t *)decode->layout + of->field, sizeof field);
    if (field_fits(field, available))
        reference_add(decode, field_pointer(structure, field), properties, LABEL_FIELD,
                      field_label(of->label));
}

void fields_references_of(struct decode *decode, const struct object *object,
                          const uint8_t *structure, size_t available,
                          const struct pointer_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++)
        add_field(decode, structure, available, &fields[i],
                  fields_properties(object, fields[i].properties));
}

void structure_references(struct decode *decode, const uint8_t *structure, size_t available,
                          const struct pointer_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++)
        add_field(decode, structure, available, &fields[i], fields[i].properties);
}

void fields_references(struct decode *decode, const struct object *object,
                       const struct pointer_field *fields, size_t count) {
    fields_references_of(decode, object, object->body, object->available, fields, count);
}

uint64_t remote_unsigned(const struct decode *decode, uint64_t structure, struct field field) {
    struct field here = {
        .size = field.size, .bit_offset = field.bit_offset, .bit_size = field.bit_size};
    const void *bytes = structure && field.size
                            ? image_pin(decode->image, structure + field.offset, field.size)
                            : NULL;
    return bytes ? field_unsigned(bytes, here) : 0;
}

const struct type *remote_type(struct decode *decode, uint64_t object) {
    uint64_t type = remote_unsigned(decode, object, decode->layout->object.ob_type);
    return type ? type_table_get(decode->types, type) : NULL;
}

uint64_t remote_item_count(const struct decode *decode, uint64_t object) {
    int64_t count = (int64_t)remote_unsigned(decode, object, decode->layout->var_object.ob_size);
    return count < 0 ? -(uint64_t)count : (uint64_t)count;
}

uint64_t remote_size(struct decode *decode, uint64_t object) {
    const struct type *type = remote_type(decode, object);
    uint64_t items, size;
    if (!type ||
        __builtin_mul_overflow(remote_item_count(decode, object), type->itemsize, &items) ||
        __builtin_add_overflow(items, type->basicsize, &size))
        return 0;
    return size;
}

uint64_t remote_string_size(const struct decode *decode, uint64_t address) {
    enum { LONGEST = 64 << 10 };
    size_t available = 0;
    const char *text = address ? image_pin_some(decode->image, address, LONGEST, &available) : NULL;
    const char *end = text ? memchr(text, 0, available) : NULL;
    return end ? (uint64_t)(end - text) + 1 : 0;
}

void preview_count(struct strbuf *out, char open, uint64_t count, const char *noun, char close) {
    strbuf_putc(out, open); /* without printf: there are millions of them */
    strbuf_add_unsigned(out, count);
    strbuf_putc(out, ' ');
    strbuf_puts(out, noun);
    if (count != 1)
        strbuf_putc(out, 's');
    strbuf_putc(out, close);
}

uint64_t buffer_add_array(struct decode *decode, uint64_t address, uint64_t count, uint64_t size,
                          const char *where) {
    uint64_t bytes;
    if (!address)
        return 0;
    if (!count) { /* malloc(0) has an address, and at least a byte */
        buffer_add(decode, address, 1);
        return 0;
    }
    if (__builtin_mul_overflow(count, size, &bytes) || bytes >> IMAGE_ADDRESS_BITS) {
        decode_damage(decode, "length", where, address);
        return 0;
    }
    buffer_add(decode, address, bytes);
    return bytes;
}

uint64_t buffer_add_string(struct decode *decode, uint64_t address) {
    uint64_t size = remote_string_size(decode, address);
    if (size)
        buffer_add(decode, address, size);
    return size;
}

void buffer_add_lock(struct decode *decode, uint64_t lock) {
    buffer_add(decode, lock, sizeof(sem_t));
}
