#include "memory_file.h"

#include <criterion/criterion.h>
#include <string.h>

Test(chunk, what_was_written_is_read) {
    struct memory_file file = {0};
    size_t chunks;
    bool truncated;
    write_small_file(&file);
    must(read_small_file(&file, &chunks, &truncated));
    cr_assert_eq(chunks, SMALL_CHUNKS);
    cr_assert_not(truncated);
    column_buffer_free(&file.content);
}

Test(chunk, bytes_are_those_of_the_document) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 0, "META", 0x0102, CHUNK_NEEDED, "abc", 3);
    must(chunk_finish(&writer));
    static const uint8_t expected[] =
        "\211HGSNAP\n\1\0\0\0\0\0\0\0"
        "META\2\0\0\0\2\1\0\0\0\0\0\0\3\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0";
    cr_assert_eq(file.content.length, 16 + 40 + 3 + 40 + 24);
    cr_assert(!memcmp(file.content.bytes, expected, sizeof expected - 1));
    cr_assert(!memcmp(file.content.bytes + 56, "abcEND \2\0\0\0", 11));
    column_buffer_free(&file.content);
}

Test(chunk, repetitions_are_compressed_and_noise_is_not) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    static uint8_t noise[100000], zeros[100000];
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 1, "TEST", 0, 0, noise, sizeof noise);
    append(&writer, 1, "TEST", 1, 0, zeros, sizeof zeros);
    must(chunk_finish(&writer));

    struct chunk_index index;
    struct chunk_unpacker *unpacker;
    must(chunk_unpacker_new(&unpacker));
    must(chunk_index_open(&index, memory_source(&file), (const char *[]){NULL}));
    const struct chunk_entry *first = chunk_find(&index, "TEST", 0), *second = first + 1;
    cr_assert_eq(first->flags, 0);
    cr_assert_eq(first->stored, sizeof noise);
    cr_assert_eq(second->flags, CHUNK_COMPRESSED);
    cr_assert_lt(second->stored, 100);
    const uint8_t *bytes;
    must(chunk_read(&index, first, unpacker, &bytes));
    cr_assert(!memcmp(bytes, noise, sizeof noise));
    must(chunk_read(&index, second, unpacker, &bytes));
    cr_assert(!memcmp(bytes, zeros, sizeof zeros));
    chunk_unpacker_free(unpacker);
    chunk_index_close(&index);
    column_buffer_free(&file.content);
}

Test(chunk, chunks_of_a_tag_are_in_order_of_their_numbers) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    must(chunk_start(&writer, memory_sink(&file)));
    for (uint64_t i = 0; i < 100; i++)
        append(&writer, 1, i % 2 ? "ODDS" : "EVEN", (i * 37) % 100, 0, "x", 1);
    must(chunk_finish(&writer));

    struct chunk_index index;
    must(chunk_index_open(&index, memory_source(&file), (const char *[]){NULL}));
    size_t count;
    const struct chunk_entry *entries = chunk_find_all(&index, "ODDS", &count);
    cr_assert_eq(count, 50);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(entries[i].number, 2 * i + 1);
    cr_assert_null(chunk_find_all(&index, "NONE", &count));
    cr_assert_eq(count, 0);
    cr_assert_null(chunk_find(&index, "ODDS", 2));
    cr_assert_null(chunk_find(&index, "ZZZZ", 0));
    chunk_index_close(&index);
    column_buffer_free(&file.content);
}

Test(chunk, opening_reads_no_payloads) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    static char payload[100000];
    must(chunk_start(&writer, memory_sink(&file)));
    for (uint64_t i = 0; i < 100; i++)
        append(&writer, 0, "BIG ", i, 0, payload, sizeof payload);
    must(chunk_finish(&writer));
    struct chunk_index index;
    must(chunk_index_open(&index, memory_source(&file), (const char *[]){NULL}));
    cr_assert_eq(index.count, 100);
    cr_assert_eq(file.read, 16 + 101 * 40 + 24);
    chunk_index_close(&index);
    column_buffer_free(&file.content);
}

Test(chunk, unknown_chunks_are_skipped_unless_they_are_needed) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    struct chunk_index index;
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 1, "NEW ", 0, 0, "new", 3);
    append(&writer, 1, "META", 0, CHUNK_NEEDED, "old", 3);
    must(chunk_finish(&writer));
    must(chunk_index_open(&index, memory_source(&file), (const char *[]){"META", NULL}));
    cr_assert_not_null(chunk_find(&index, "META", 0));
    chunk_index_close(&index);
    struct err *err =
        chunk_index_open(&index, memory_source(&file), (const char *[]){"NEW ", NULL});
    cr_assert_str_eq(err_message(err),
                     "written by a newer heapglass: this one does not understand 'META'");
    cr_assert_eq(err_code(err), ERR_DAMAGED_FILE);
    err_free(err);
    column_buffer_free(&file.content);
}

Test(chunk, a_sink_that_fails_ends_it_at_any_byte) {
    for (uint64_t most = 1;; most++) {
        struct memory_file file = {.most = most};
        struct chunk_writer writer;
        struct chunk_packer *packer;
        struct packed_chunk packed = {0};
        must(chunk_packer_new(1, &packer));
        must(chunk_pack(packer, "TEST", 0, 0, "payload", 7, &packed));
        struct err *err = chunk_start(&writer, memory_sink(&file));
        if (!err)
            err = chunk_append(&writer, &packed);
        if (!err)
            err = chunk_finish(&writer);
        bool done = !err;
        err_free(err);
        chunk_packed_free(&packed);
        chunk_packer_free(packer);
        column_buffer_free(&file.content);
        if (done) {
            cr_assert_eq(most, 16 + 40 + 7 + 40 + 24);
            break;
        }
    }
}

Test(chunk, what_is_too_big_is_refused) {
    struct chunk_packer *packer;
    struct packed_chunk packed = {0};
    must(chunk_packer_new(1, &packer));
    struct err *err = chunk_pack(packer, "TEST", 0, 0, "", CHUNK_RAW_MOST + 1, &packed);
    cr_assert_not_null(err);
    err_free(err);
    chunk_packed_free(&packed);
    chunk_packer_free(packer);
}
