/* Numbers and text as the bytes of a payload (docs/snapshot-format.md, "Integers and columns").
 *
 * A buffer grows as it is written; running out of memory is remembered and asked for once. A reader
 * never leaves its bytes: what does not fit makes it `failed` and gives 0 from then on, so that only
 * loops whose count was read need a look at it (and a bound). */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_COLUMN_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_COLUMN_H

#include "base/inline.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* --- writing --- */

/* Starts zeroed. */
struct column_buffer {
    uint8_t *bytes; /* owned, column_buffer_free */
    size_t length, capacity;
    bool failed; /* no memory: what is there is not all */
};

void column_buffer_clear(struct column_buffer *buffer); /* keeps the memory */
void column_buffer_free(struct column_buffer *buffer);

/* Makes room for `more` bytes; false (and `failed`) without memory. */
bool column_grow(struct column_buffer *buffer, size_t more);

/* Where `most` further bytes may be written; add to `length` what was. NULL without memory. */
ALWAYS_INLINE uint8_t *column_room(struct column_buffer *buffer, size_t most) {
    if (__builtin_expect(buffer->capacity - buffer->length < most, 0) && !column_grow(buffer, most))
        return NULL;
    return buffer->bytes + buffer->length;
}

ALWAYS_INLINE void column_bytes(struct column_buffer *buffer, const void *bytes, size_t length) {
    uint8_t *at = length ? column_room(buffer, length) : NULL;
    if (at) {
        memcpy(at, bytes, length);
        buffer->length += length;
    }
}

ALWAYS_INLINE void column_u8(struct column_buffer *buffer, uint8_t value) {
    column_bytes(buffer, &value, sizeof value);
}

ALWAYS_INLINE void column_u16(struct column_buffer *buffer, uint16_t value) {
    value = htole16(value);
    column_bytes(buffer, &value, sizeof value);
}

ALWAYS_INLINE void column_u32(struct column_buffer *buffer, uint32_t value) {
    value = htole32(value);
    column_bytes(buffer, &value, sizeof value);
}

ALWAYS_INLINE void column_u64(struct column_buffer *buffer, uint64_t value) {
    value = htole64(value);
    column_bytes(buffer, &value, sizeof value);
}

/* Unsigned LEB128: 7 bits a byte, low ones first; the top bit says that more follow. */
ALWAYS_INLINE void column_varint(struct column_buffer *buffer, uint64_t value) {
    uint8_t *at = column_room(buffer, 10);
    if (!at)
        return;
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    buffer->length = (size_t)(at - buffer->bytes);
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
ALWAYS_INLINE uint64_t column_zigzag(int64_t value) {
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

ALWAYS_INLINE int64_t column_unzigzag(uint64_t value) {
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

ALWAYS_INLINE void column_signed(struct column_buffer *buffer, int64_t value) {
    column_varint(buffer, column_zigzag(value));
}

/* The length as a varint, then the bytes. */
ALWAYS_INLINE void column_text(struct column_buffer *buffer, const char *text, size_t length) {
    column_varint(buffer, length);
    column_bytes(buffer, text, length);
}

/* How a column of numbers is made small before zstd sees it: as what they are, as signed numbers
 * near zero, or as the differences of neighbours. */
enum column_form { COLUMN_PLAIN, COLUMN_SIGNED, COLUMN_DELTA };

/* Adds `count` numbers in planes of bytes: all low bytes, then all next ones, as many as are needed.
 * The count is not stored. Signed numbers are given as two's complement. */
void column_numbers64(struct column_buffer *buffer, enum column_form form, const uint64_t *values,
                      size_t count);
void column_numbers32(struct column_buffer *buffer, enum column_form form, const uint32_t *values,
                      size_t count);

/* --- reading --- */

struct column_reader {
    const uint8_t *at, *end; /* borrowed */
    bool failed;
};

ALWAYS_INLINE struct column_reader column_reader_of(const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    return (struct column_reader){at, at + length, false};
}

ALWAYS_INLINE size_t column_left(const struct column_reader *reader) {
    return (size_t)(reader->end - reader->at);
}

void column_fail(struct column_reader *reader);

/* The next `length` bytes, borrowed; NULL (and `failed`) if there are not as many. */
ALWAYS_INLINE const uint8_t *column_take(struct column_reader *reader, size_t length) {
    if (__builtin_expect(column_left(reader) < length || reader->failed, 0)) {
        column_fail(reader);
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += length;
    return at;
}

ALWAYS_INLINE uint8_t column_take_u8(struct column_reader *reader) {
    const uint8_t *at = column_take(reader, 1);
    return at ? *at : 0;
}

ALWAYS_INLINE uint16_t column_take_u16(struct column_reader *reader) {
    uint16_t value = 0;
    const uint8_t *at = column_take(reader, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return le16toh(value);
}

ALWAYS_INLINE uint32_t column_take_u32(struct column_reader *reader) {
    uint32_t value = 0;
    const uint8_t *at = column_take(reader, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return le32toh(value);
}

ALWAYS_INLINE uint64_t column_take_u64(struct column_reader *reader) {
    uint64_t value = 0;
    const uint8_t *at = column_take(reader, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* All but the first byte of a varint that has more. */
uint64_t column_take_long_varint(struct column_reader *reader);

ALWAYS_INLINE uint64_t column_take_varint(struct column_reader *reader) {
    if (__builtin_expect(reader->at < reader->end && *reader->at < 0x80, 1))
        return *reader->at++;
    return column_take_long_varint(reader);
}

ALWAYS_INLINE int64_t column_take_signed(struct column_reader *reader) {
    return column_unzigzag(column_take_varint(reader));
}

/* A varint that must be at most `most`: for counts and ids. */
ALWAYS_INLINE uint64_t column_take_below(struct column_reader *reader, uint64_t most) {
    uint64_t value = column_take_varint(reader);
    if (__builtin_expect(value > most, 0)) {
        column_fail(reader);
        return 0;
    }
    return value;
}

/* Text with its length before it; borrowed, no NUL behind it. NULL and 0 after a failure. */
const char *column_take_text(struct column_reader *reader, size_t *ret_length);

/* `count` numbers that were written with either of the column_numbers functions; all 0 after a
 * failure, and a number that does not fit 32 bits is one. */
void column_take_numbers64(struct column_reader *reader, uint64_t *values, size_t count);
void column_take_numbers32(struct column_reader *reader, uint32_t *values, size_t count);

#endif
