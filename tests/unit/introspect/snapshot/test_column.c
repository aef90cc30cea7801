#include "introspect/snapshot/column.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 0x7f,
                                 0x80,
                                 0xff,
                                 0x3fff,
                                 0x4000,
                                 UINT32_MAX - 1,
                                 UINT32_MAX,
                                 (uint64_t)UINT32_MAX + 1,
                                 INT64_MAX,
                                 (uint64_t)INT64_MAX + 1,
                                 UINT64_MAX - 1,
                                 UINT64_MAX};
enum { EDGES = sizeof edges / sizeof *edges };

Test(column, round_trip_of_everything) {
    struct column_buffer buffer = {0};
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < EDGES; i++) {
            column_u8(&buffer, (uint8_t)edges[i]);
            column_u16(&buffer, (uint16_t)edges[i]);
            column_u32(&buffer, (uint32_t)edges[i]);
            column_u64(&buffer, edges[i]);
            column_varint(&buffer, edges[i]);
            column_signed(&buffer, (int64_t)edges[i]);
            column_text(&buffer, "text", (size_t)(i % 5));
        }
    }
    cr_assert_not(buffer.failed);
    struct column_reader reader = column_reader_of(buffer.bytes, buffer.length);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < EDGES; i++) {
            cr_assert_eq(column_take_u8(&reader), (uint8_t)edges[i]);
            cr_assert_eq(column_take_u16(&reader), (uint16_t)edges[i]);
            cr_assert_eq(column_take_u32(&reader), (uint32_t)edges[i]);
            cr_assert_eq(column_take_u64(&reader), edges[i]);
            cr_assert_eq(column_take_varint(&reader), edges[i]);
            cr_assert_eq(column_take_signed(&reader), (int64_t)edges[i]);
            size_t length;
            const char *text = column_take_text(&reader, &length);
            cr_assert_eq(length, (size_t)(i % 5));
            cr_assert(!memcmp(text, "text", length));
        }
    }
    cr_assert_eq(column_left(&reader), 0);
    cr_assert_not(reader.failed);
    column_buffer_free(&buffer);
}

static void expect_bytes(struct column_buffer *buffer, const char *bytes, size_t length) {
    cr_assert_eq(buffer->length, length, "%zu", buffer->length);
    cr_assert(!memcmp(buffer->bytes, bytes, length));
    column_buffer_free(buffer);
}

Test(column, bytes_are_those_of_the_document) {
    struct column_buffer buffer = {0};
    column_u16(&buffer, 0x0102);
    column_u32(&buffer, 0x03040506);
    column_u64(&buffer, 0x0708090a0b0c0d0e);
    expect_bytes(&buffer, "\2\1\6\5\4\3\x0e\x0d\x0c\x0b\x0a\x09\x08\x07", 14);
    column_varint(&buffer, 300);
    column_signed(&buffer, -1);
    column_signed(&buffer, 1);
    column_signed(&buffer, -65);
    column_text(&buffer, "ab", 2);
    expect_bytes(&buffer,
                 "\xac\x02\x01\x02\x81\x01\x02"
                 "ab",
                 9);
}

Test(column, planes_are_those_of_the_document) {
    struct column_buffer buffer = {0};
    column_numbers32(&buffer, COLUMN_PLAIN, (uint32_t[]){1, 0x0203, 5}, 3);
    expect_bytes(&buffer, "\x02\x00\1\3\5\0\2\0", 8);
    column_numbers32(&buffer, COLUMN_SIGNED, (uint32_t[]){0, (uint32_t)-4, 8}, 3);
    expect_bytes(&buffer, "\x11\x02\0\1\4", 5);
    column_numbers64(&buffer, COLUMN_DELTA, (uint64_t[]){0x1000, 0x1010, 0x1040}, 3);
    expect_bytes(&buffer, "\x21\x04\x80\x20\0\1\3", 7);
    column_numbers64(&buffer, COLUMN_DELTA, (uint64_t[]){0x1000, 0xff0, 0xff0}, 3);
    expect_bytes(&buffer, "\x31\x04\x80\x20\0\1\0", 7);
    column_numbers64(&buffer, COLUMN_PLAIN, (uint64_t[]){0, 0, 0}, 3);
    expect_bytes(&buffer, "\0\0", 2);
    column_numbers64(&buffer, COLUMN_DELTA, NULL, 0);
    expect_bytes(&buffer, "\x20\0\0", 3);
}

static void expect_numbers(const uint64_t *values, size_t count) {
    static const enum column_form forms[] = {COLUMN_PLAIN, COLUMN_SIGNED, COLUMN_DELTA};
    uint64_t *read64 = calloc(count + 1, sizeof *read64);
    uint32_t *narrow = calloc(count + 1, sizeof *narrow),
             *read32 = calloc(count + 1, sizeof *read32);
    for (size_t i = 0; i < count; i++)
        narrow[i] = (uint32_t)values[i];
    for (int i = 0; i < 3; i++) {
        struct column_buffer buffer = {0};
        column_numbers64(&buffer, forms[i], values, count);
        column_numbers32(&buffer, forms[i], narrow, count);
        struct column_reader reader = column_reader_of(buffer.bytes, buffer.length);
        column_take_numbers64(&reader, read64, count);
        column_take_numbers32(&reader, read32, count);
        cr_assert_not(reader.failed);
        cr_assert_eq(column_left(&reader), 0);
        cr_assert(!memcmp(read64, values, count * sizeof *values));
        cr_assert(!memcmp(read32, narrow, count * sizeof *narrow));
        column_buffer_free(&buffer);
    }
    free(read64);
    free(narrow);
    free(read32);
}

Test(column, numbers_round_trip) {
    enum { COUNT = 5000 };
    static uint64_t values[COUNT];
    static const size_t counts[] = {0, 1, 2, 1023, 1024, 1025, 2048, COUNT};
    uint64_t state = 1;
    for (unsigned kind = 0; kind < 8; kind++) {
        for (size_t i = 0; i < COUNT; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            static const unsigned shifts[] = {0, 8, 31, 32, 33, 40, 56, 63};
            values[i] = kind == 7 ? edges[(state >> 33) % EDGES] : state >> shifts[kind];
            if (kind == 6)
                values[i] = i * 48 + (state >> 62) * 16;
        }
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            expect_numbers(values, counts[i]);
    }
}

Test(column, nothing_is_read_beyond_the_end) {
    struct column_buffer buffer = {0};
    uint64_t values[3] = {1, 1000, 3};
    column_text(&buffer, "text", 4);
    column_varint(&buffer, 1000000);
    column_u32(&buffer, 5);
    column_numbers64(&buffer, COLUMN_DELTA, values, 3);
    for (size_t length = 0; length < buffer.length; length++) {
        uint8_t *exact = malloc(length + !length);
        memcpy(exact, buffer.bytes, length);
        struct column_reader reader = column_reader_of(exact, length);
        size_t text;
        column_take_text(&reader, &text);
        column_take_varint(&reader);
        column_take_u32(&reader);
        column_take_numbers64(&reader, values, 3);
        cr_assert(reader.failed);
        cr_assert_eq(values[1], 0);
        cr_assert_eq(column_take_u8(&reader), 0);
        cr_assert_eq(column_take_u64(&reader), 0);
        cr_assert_eq(column_take_varint(&reader), 0);
        cr_assert_null(column_take(&reader, 0));
        free(exact);
    }
    column_buffer_free(&buffer);
}

static bool fails(const char *bytes, size_t length, size_t count) {
    struct column_reader reader = column_reader_of(bytes, length);
    static uint32_t values[100];
    if (count)
        column_take_numbers32(&reader, values, count);
    else
        column_take_varint(&reader);
    return reader.failed;
}

Test(column, what_is_no_number_fails) {
    cr_assert_not(fails("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 0));
    cr_assert(fails("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 0));
    cr_assert(fails("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\0", 11, 0));
    cr_assert(fails("\x80", 1, 0));
    cr_assert(fails("\x09\x00"
                    "123456789",
                    11, 1));              /* nine planes */
    cr_assert(fails("\x01\x40\1", 3, 1)); /* a shift of 64 */
    cr_assert(fails("\x41\0\1", 3, 1));   /* a flag of the future */
    cr_assert(fails("\x01\x20\1", 3, 1)); /* more than 32 bits */
    cr_assert_not(fails("\x01\x1f\1", 3, 1));
    cr_assert(fails("\x21\0\xff\xff\xff\xff\x0f\1", 8, 1)); /* beyond 32 bits by addition */
    cr_assert_not(fails("\x21\0\xff\xff\xff\xff\x0f\0", 8, 1));
}

Test(column, a_number_that_is_too_big_fails) {
    struct column_reader reader = column_reader_of("\x05\x06", 2);
    cr_assert_eq(column_take_below(&reader, 5), 5);
    cr_assert_not(reader.failed);
    cr_assert_eq(column_take_below(&reader, 5), 0);
    cr_assert(reader.failed);
}

Test(column, text_of_a_hostile_length) {
    struct column_reader reader = column_reader_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 11);
    size_t length = 7;
    cr_assert_null(column_take_text(&reader, &length));
    cr_assert_eq(length, 0);
    cr_assert(reader.failed);
}

Test(column, without_memory_it_is_failed) {
    struct column_buffer buffer = {0};
    column_u8(&buffer, 1);
    cr_assert_null(column_room(&buffer, SIZE_MAX - 100));
    cr_assert(buffer.failed);
    cr_assert_eq(buffer.length, 1);
    column_buffer_free(&buffer);
}
