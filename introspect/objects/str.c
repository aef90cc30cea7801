#include "introspect/objects/str.h"

#include "introspect/objects/fields.h"

enum { PREVIEW_CHARACTERS = 72 };

/* What the header of a str says, whichever of its three forms it has. */
struct header {
    uint64_t length, data; /* data: address of the characters; 0 for a str that is not ready */
    uint64_t utf8, utf8_length, wstr, wstr_length;
    unsigned kind;
    bool ascii, compact, ready;
};

/* `available` bytes of the object are at body. PyASCIIObject, then the characters; or
 * PyCompactUnicodeObject, then the characters; or PyUnicodeObject with a pointer to them. */
static bool read_header(const struct layout *layout, uint64_t address, const uint8_t *body,
                        size_t available, struct header *header) {
    *header = (struct header){0};
    if (!layout->ascii.size || available < layout->ascii.size)
        return false;
    header->length = field_unsigned(body, layout->ascii.length);
    header->kind = (unsigned)field_unsigned(body, layout->ascii.kind);
    header->ascii = field_unsigned(body, layout->ascii.ascii);
    header->compact = field_unsigned(body, layout->ascii.compact);
    header->ready = !layout_has(layout->ascii.ready) || field_unsigned(body, layout->ascii.ready);
    header->wstr = field_pointer(body, layout->ascii.wstr);
    if (header->compact && header->ascii) {
        header->data = address + layout->ascii.size;
        header->utf8 = header->data;
        header->utf8_length = header->wstr_length = header->length;
        return header->kind == 1;
    }
    size_t size = header->compact ? layout->compact_unicode.size : layout->unicode.size;
    if (!size || available < size)
        return false;
    header->utf8 = field_pointer(body, layout->compact_unicode.utf8);
    header->utf8_length = field_unsigned(body, layout->compact_unicode.utf8_length);
    header->wstr_length = field_unsigned(body, layout->compact_unicode.wstr_length);
    header->data = header->compact ? address + size : field_pointer(body, layout->unicode.data);
    return !header->ready || header->kind == 1 || header->kind == 2 || header->kind == 4;
}

static bool pin_header(const struct image *image, const struct layout *layout, uint64_t address,
                       struct header *header) {
    size_t available = 0;
    const uint8_t *body = image_pin_some(image, address, layout->unicode.size, &available);
    return body && read_header(layout, address, body, available, header);
}

bool str_read(const struct image *image, const struct layout *layout, uint64_t address,
              uint64_t limit, struct str_view *view) {
    struct header header;
    if (!pin_header(image, layout, address, &header) || !header.ready || !header.data)
        return false;
    uint64_t count = header.length < limit ? header.length : limit;
    if (count >> IMAGE_ADDRESS_BITS)
        return false;
    *view = (struct str_view){.length = header.length,
                              .count = count,
                              .data_address = header.data,
                              .kind = header.kind,
                              .ascii = header.ascii,
                              .compact = header.compact};
    view->data = image_pin(image, header.data, count * header.kind);
    return view->data != NULL;
}

bool str_equals(const struct image *image, const struct layout *layout, uint64_t address,
                const char *text) {
    size_t length = strlen(text);
    struct str_view view;
    return str_read(image, layout, address, length + 1, &view) && view.kind == 1 &&
           view.length == length && !memcmp(view.data, text, length);
}

uint64_t str_utf8_address(const struct image *image, const struct layout *layout,
                          uint64_t address) {
    struct header header;
    return pin_header(image, layout, address, &header) ? header.utf8 : 0;
}

static unsigned character(const struct str_view *view, uint64_t index) {
    const uint8_t *at = view->data + index * view->kind;
    switch (view->kind) {
    case 1:
        return at[0];
    case 2:
        return at[0] | (unsigned)at[1] << 8;
    default:
        return at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16 | (unsigned)at[3] << 24;
    }
}

void str_escaped(struct decode *decode, uint64_t address, uint64_t limit, struct strbuf *out) {
    struct str_view view;
    if (!str_read(decode->image, decode->layout, address, limit, &view))
        return;
    for (uint64_t i = 0; i < view.count; i++)
        strbuf_add_codepoint(out, character(&view, i));
    if (view.count < view.length)
        strbuf_puts(out, "...");
}

void str_quoted(struct decode *decode, uint64_t address, uint64_t limit, struct strbuf *out) {
    strbuf_putc(out, '\'');
    str_escaped(decode, address, limit, out);
    strbuf_putc(out, '\'');
}

/* ---- the decoder ----------------------------------------------------------------------------- */

static uint32_t str_least_size(const struct layout *layout) {
    return layout->ascii.size;
}

/* ASCII, with nothing outside of the object: what nearly every str is. */
static bool is_plain(const struct layout *layout, const uint8_t *body) {
    return field_unsigned(body, layout->ascii.ascii) &&
           field_unsigned(body, layout->ascii.compact) && !field_pointer(body, layout->ascii.wstr);
}

/* unicode_sizeof (Objects/unicodeobject.c): what is malloc'd apart are the characters of the legacy
 * form, the UTF-8 cache and, up to 3.11, the wchar_t form, where they are not the same memory. */
static void str_measure(struct decode *decode, const struct object *object,
                        struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t length = field_unsigned(object->body, layout->ascii.length);
    if (is_plain(layout, object->body) && length >> IMAGE_ADDRESS_BITS == 0) {
        measure->size = layout->ascii.size + length + 1;
        return;
    }
    struct header header;
    if (!read_header(layout, object->address, object->body, object->available, &header)) {
        decode_damage(decode, "kind", "str", object->address);
        return;
    }
    if ((header.length | header.utf8_length | header.wstr_length) >> IMAGE_ADDRESS_BITS) {
        decode_damage(decode, "length", "str", object->address);
        return;
    }
    uint64_t characters = (header.length + 1) * header.kind;
    if (header.compact) {
        measure->size =
            characters + (header.ascii ? layout->ascii.size : layout->compact_unicode.size);
    } else {
        measure->size = layout->unicode.size;
        measure->body_size = object->type->basicsize;
        if (header.data) {
            measure->size += characters;
            buffer_add(decode, header.data, characters);
        }
    }
    if (header.wstr && header.wstr != header.data) {
        measure->size += (header.wstr_length + 1) * 4;
        buffer_add(decode, header.wstr, (header.wstr_length + 1) * 4);
    }
    if (header.utf8 && header.utf8 != header.data) {
        measure->size += header.utf8_length + 1;
        /* That of the Latin-1 characters is static (3.12). */
        if (!image_module_at(decode->image, header.utf8))
            buffer_add(decode, header.utf8, header.utf8_length + 1);
    }
}

static void str_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    str_quoted(decode, object->address, PREVIEW_CHARACTERS, out);
}

static const struct decoder str_decoder = {
    .name = "str",
    .types = TYPES("str"),
    .least_size = str_least_size,
    .bigger_types = true,
    .measure = str_measure,
    .preview = str_preview,
};

extern const struct decoder *const str_decoders[];
const struct decoder *const str_decoders[] = {&str_decoder, NULL};
