#include "introspect/snapshot/column.h"

#include <stdlib.h>

void column_buffer_clear(struct column_buffer *buffer) {
    buffer->length = 0;
    buffer->failed = false;
}

void column_buffer_free(struct column_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (struct column_buffer){0};
}

bool column_grow(struct column_buffer *buffer, size_t more) {
    size_t needed, grown = buffer->capacity ? buffer->capacity : 256;
    if (__builtin_add_overflow(buffer->length, more, &needed))
        needed = SIZE_MAX;
    while (grown < needed && grown <= SIZE_MAX / 2)
        grown *= 2;
    uint8_t *moved = grown < needed ? NULL : realloc(buffer->bytes, grown);
    if (!moved) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = moved;
    buffer->capacity = grown;
    return true;
}

void column_fail(struct column_reader *reader) {
    reader->failed = true;
    reader->at = reader->end;
}

uint64_t column_take_long_varint(struct column_reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint64_t byte = *reader->at++;
        if (shift == 63 && byte > 1)
            break;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    column_fail(reader);
    return 0;
}

const char *column_take_text(struct column_reader *reader, size_t *ret_length) {
    uint64_t length = column_take_varint(reader);
    const uint8_t *text = column_take(reader, length);
    *ret_length = text ? length : 0;
    return (const char *)text;
}
