#include "introspect/objects/fields.h"

enum { PREVIEW_BYTES = 48 };

static void add_bytes(struct decode *decode, uint64_t address, uint64_t length,
                      struct strbuf *out) {
    uint64_t shown = length < PREVIEW_BYTES ? length : PREVIEW_BYTES;
    const uint8_t *bytes = image_pin(decode->image, address, shown);
    strbuf_puts(out, "b'");
    for (uint64_t i = 0; bytes && i < shown; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f)
            strbuf_putc(out, (char)bytes[i]);
        else
            strbuf_printf(out, "\\x%02x", bytes[i]);
    }
    strbuf_puts(out, shown < length ? "...'" : "'");
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static uint32_t bytes_least_size(const struct layout *layout) {
    return layout->bytes.ob_sval.offset;
}

static void bytes_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    add_bytes(decode, object->address + decode->layout->bytes.ob_sval.offset,
              object_item_count(decode, object), out);
}

static const struct decoder bytes_decoder = {
    .name = "bytes",
    .types = TYPES("bytes"),
    .least_size = bytes_least_size,
    .bigger_types = true,
    .preview = bytes_preview,
};

/* ---- bytearray ------------------------------------------------------------------------------- */

STRUCTURE_SIZE(bytearray);

static void bytearray_references(struct decode *decode, const struct object *object) {
    reference_field(decode, object, decode->layout->bytearray.ob_bytes_object,
                    REFERENCE_UNTRAVERSED, "->ob_bytes_object");
}

/* bytearray.__sizeof__ (Objects/bytearrayobject.c). Since 3.15 the bytes are those of a bytes object,
 * which is counted unless it is the one of no bytes. */
static void bytearray_measure(struct decode *decode, const struct object *object,
                              struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t allocated = field_unsigned(object->body, layout->bytearray.ob_alloc);
    measure->size = object->type->basicsize;
    if (!layout_has(layout->bytearray.ob_bytes_object))
        measure->size +=
            buffer_add_array(decode, field_pointer(object->body, layout->bytearray.ob_bytes),
                             allocated, 1, "bytearray");
    else if (allocated && allocated >> IMAGE_ADDRESS_BITS == 0)
        measure->size += layout->bytes.ob_sval.offset + 1 + allocated;
}

static void bytearray_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    strbuf_puts(out, "bytearray(");
    add_bytes(decode, field_pointer(object->body, decode->layout->bytearray.ob_start),
              object_item_count(decode, object), out);
    strbuf_putc(out, ')');
}

static const struct decoder bytearray_decoder = {
    .name = "bytearray",
    .types = TYPES("bytearray"),
    .least_size = bytearray_least_size,
    .references = bytearray_references,
    .measure = bytearray_measure,
    .preview = bytearray_preview,
};

extern const struct decoder *const bytes_decoders[];
const struct decoder *const bytes_decoders[] = {&bytes_decoder, &bytearray_decoder, NULL};
