/* array.array, struct.Struct and its iterator (Modules/arraymodule.c, Modules/_struct.c). */
#include "introspect/objects/fields.h"

/* ---- array: items of ob_descr->itemsize bytes ------------------------------------------------ */

STRUCTURE_SIZE(array);

static void array_measure(struct decode *decode, const struct object *object,
                          struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t descr = object_pointer(object, layout->array.ob_descr);
    uint64_t items = object_pointer(object, layout->array.ob_item);
    uint64_t itemsize = remote_unsigned(decode, descr, layout->array_descr.itemsize);
    if (items && !itemsize) {
        decode_damage(decode, "absent", "array", descr);
        measure->size_inexact = true;
        return;
    }
    measure->size += buffer_add_array(
        decode, items, object_unsigned(object, layout->array.allocated), itemsize, "array");
}

static void array_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    char code = (char)remote_unsigned(decode, object_pointer(object, layout->array.ob_descr),
                                      layout->array_descr.typecode);
    if (code >= 'A' && code <= 'z')
        strbuf_printf(out, "'%c' ", code);
    preview_count(out, '[', object_item_count(decode, object), "item", ']');
}

static const struct decoder array_decoder = {
    .name = "array",
    .types = TYPES("array.array"),
    .least_size = array_least_size,
    .measure = array_measure,
    .preview = array_preview,
};

FIELDS_DECODER(array_iterator, TYPES("array.arrayiterator"),
               OWNS(array_iterator, ao, REFERENCE_STRONG, "->ao"));

/* ---- struct.Struct: codes up to one without a fmtdef ----------------------------------------- */

FIELDS(struct_object, OWNS(struct_object, s_format, REFERENCE_STRONG, ".format"));

static void struct_object_measure(struct decode *decode, const struct object *object,
                                  struct measure *measure) {
    enum { MOST_CODES = 1 << 20 };
    const struct layout *layout = decode->layout;
    uint64_t codes = object_pointer(object, layout->struct_object.s_codes), count = 0;
    uint64_t code = codes, definition;
    if (!codes)
        return;
    do {
        const void *bytes = image_pin(decode->image, code, layout->struct_code.size);
        if (!bytes || count == MOST_CODES) {
            decode_damage(decode, bytes ? "chain" : "absent", "Struct", code);
            measure->size_inexact = true;
            return;
        }
        definition = field_pointer(bytes, layout->struct_code.fmtdef);
        code += layout->struct_code.size;
        count++;
    } while (definition);
    measure->size += buffer_add_array(decode, codes, count, layout->struct_code.size, "Struct");
}

static const struct decoder struct_object_decoder = {
    .name = "struct_object",
    .types = TYPES("_struct.Struct", "Struct"),
    .least_size = struct_object_least_size,
    .references = struct_object_references,
    .measure = struct_object_measure,
};

FIELDS_DECODER(struct_iterator, TYPES("_struct.unpack_iterator", "unpack_iterator"),
               OWNS(struct_iterator, so, REFERENCE_STRONG, "->so"),
               OWNS(struct_iterator, buf_obj, REFERENCE_STRONG, "->buf.obj"));

extern const struct decoder *const array_decoders[];
const struct decoder *const array_decoders[] = {
    &array_decoder, &array_iterator_decoder, &struct_object_decoder, &struct_iterator_decoder, NULL,
};
