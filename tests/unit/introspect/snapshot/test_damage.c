/* Whatever is done to a file, what is read from it is what was written, or an error. */
#include "memory_file.h"

#include "introspect/snapshot/frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_damage(struct err *err) {
    if (err)
        cr_assert_eq(err_code(err), ERR_DAMAGED_FILE, "%s", err_message(err));
    err_free(err);
}

Test(damage, every_byte_turned_is_noticed) {
    struct memory_file file = {0};
    write_small_file(&file);
    for (size_t at = 0; at < file.content.length; at++) {
        for (unsigned turned = 1; turned < 256; turned++) {
            size_t chunks;
            bool truncated;
            file.content.bytes[at] ^= (uint8_t)turned;
            struct err *err = read_small_file(&file, &chunks, &truncated);
            cr_assert(err || truncated, "byte %zu ^ %u", at, turned);
            expect_damage(err);
            file.content.bytes[at] ^= (uint8_t)turned;
        }
    }
    column_buffer_free(&file.content);
}

Test(damage, a_file_cut_off_anywhere_gives_what_is_whole) {
    struct memory_file file = {0};
    write_small_file(&file);
    struct memory_file cut = file;
    size_t most = 0;
    for (size_t length = 0; length < file.content.length; length++) {
        size_t chunks;
        bool truncated;
        cut.content.length = length;
        struct err *err = read_small_file(&cut, &chunks, &truncated);
        cr_assert_eq(!err, length >= CHUNK_FILE_HEADER);
        cr_assert_eq(truncated, !err);
        cr_assert_geq(chunks, err ? 0 : most);
        most = chunks;
        expect_damage(err);
    }
    cr_assert_eq(most, SMALL_CHUNKS);
    column_buffer_free(&file.content);
}

Test(damage, whole_bytes_end_with_the_last_whole_chunk) {
    struct memory_file file = {0};
    struct chunk_index index;
    write_small_file(&file);
    file.content.length -= CHUNK_HEADER + FRAME_END_SIZE;
    uint64_t whole = file.content.length;
    must(chunk_index_open(&index, memory_source(&file), small_known));
    cr_assert(index.truncated);
    cr_assert_eq(index.whole_bytes, whole);
    chunk_index_close(&index);
    file.content.length += 50;
    must(chunk_index_open(&index, memory_source(&file), small_known));
    cr_assert(index.truncated);
    cr_assert_eq(index.whole_bytes, whole);
    cr_assert_eq(index.count, SMALL_CHUNKS);
    chunk_index_close(&index);
    column_buffer_free(&file.content);
}

static void expect_message(struct memory_file *file, const char *message) {
    struct chunk_index index;
    struct err *err = chunk_index_open(&index, memory_source(file), small_known);
    cr_assert_not_null(err);
    cr_assert_str_eq(err_message(err), message);
    cr_assert_eq(err_code(err), ERR_DAMAGED_FILE);
    err_free(err);
}

Test(damage, says_what_it_is) {
    struct memory_file file = {0};
    expect_message(&file, "the file is empty");
    column_bytes(&file.content, "\177ELF", 4);
    expect_message(&file, "it is no snapshot");
    column_buffer_clear(&file.content);
    write_small_file(&file);
    file.content.bytes[8] = 2;
    expect_message(&file, "written by a newer heapglass (format 2); this one reads 1");
    file.content.bytes[8] = 0;
    expect_message(&file, "damaged: its first 16 bytes are no header");
    file.content.bytes[8] = 1;
    file.content.bytes[12] = 1;
    expect_message(&file, "damaged: its first 16 bytes are no header");
    file.content.bytes[12] = 0;
    file.content.bytes[16] = 0;
    expect_message(&file, "damaged: no chunk begins at offset 16");
    file.content.bytes[16] = 'M';
    column_u8(&file.content, 0);
    char *message;
    cr_assert_gt(asprintf(&message, "damaged: chunk 'END ' 0 at offset %zu: 1 more bytes follow it",
                          file.content.length - 1 - 40 - 24),
                 0);
    expect_message(&file, message);
    free(message);
    column_buffer_free(&file.content);
}

/* A chunk as a hostile writer makes it: any lengths, the right sum. */
static void hostile_chunk(struct memory_file *file, unsigned flags, uint64_t stored, uint64_t raw,
                          const char *payload, size_t length) {
    uint8_t header[CHUNK_HEADER] = "EVIL";
    header[4] = (uint8_t)flags;
    frame_put64(header + 16, stored);
    frame_put64(header + 24, raw);
    frame_put64(header + 32, frame_sum(header, (const uint8_t *)payload, length));
    struct chunk_writer writer;
    column_buffer_clear(&file->content);
    must(chunk_start(&writer, memory_sink(file)));
    column_bytes(&file->content, header, sizeof header);
    column_bytes(&file->content, payload, length);
}

static struct err *read_hostile(struct memory_file *file, bool *ret_truncated) {
    struct chunk_index index;
    struct chunk_unpacker *unpacker;
    const uint8_t *bytes;
    must(chunk_unpacker_new(&unpacker));
    struct err *err = chunk_index_open(&index, memory_source(file), small_known);
    *ret_truncated = !err && !index.count;
    if (!err && index.count)
        err = chunk_read(&index, &index.entries[0], unpacker, &bytes);
    chunk_index_close(&index);
    chunk_unpacker_free(unpacker);
    return err;
}

Test(damage, hostile_lengths) {
    static const uint64_t lengths[] = {0,
                                       1,
                                       3,
                                       4,
                                       5,
                                       1000,
                                       CHUNK_RAW_MOST,
                                       CHUNK_RAW_MOST + 1,
                                       UINT32_MAX,
                                       INT64_MAX,
                                       UINT64_MAX - 39,
                                       UINT64_MAX};
    enum { COUNT = sizeof lengths / sizeof *lengths };
    struct memory_file file = {0};
    for (unsigned i = 0; i < COUNT * COUNT * 2; i++) {
        uint64_t stored = lengths[i / 2 / COUNT], raw = lengths[i / 2 % COUNT];
        unsigned flags = i % 2 ? CHUNK_COMPRESSED : 0;
        bool truncated;
        hostile_chunk(&file, flags, stored, raw, "abcd", 4);
        struct err *err = read_hostile(&file, &truncated);
        cr_assert(err || truncated || (stored == 4 && raw == 4 && !flags), "%u", i);
        expect_damage(err);
    }
    column_buffer_free(&file.content);
}

/* A zstd frame of 5 raw bytes, whose header says so. */
static const char frame[] = "\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello";

Test(damage, what_is_compressed_must_be_as_long_as_the_header_says) {
    struct memory_file file = {0};
    bool truncated;
    for (uint64_t raw = sizeof frame - 1; raw < 100; raw++) {
        hostile_chunk(&file, CHUNK_COMPRESSED, sizeof frame - 1, raw, frame, sizeof frame - 1);
        struct err *err = read_hostile(&file, &truncated);
        cr_assert_not_null(err);
        cr_assert_not_null(strstr(err_message(err), "is not of its length"));
        err_free(err);
    }
    column_buffer_free(&file.content);
}

Test(damage, flags_of_the_future_are_refused_when_read) {
    struct memory_file file = {0};
    bool truncated;
    hostile_chunk(&file, 8, 4, 4, "abcd", 4);
    struct err *err = read_hostile(&file, &truncated);
    cr_assert_not_null(err);
    cr_assert_str_eq(err_message(err), "damaged: chunk 'EVIL' 0 at offset 16: its flags 0x8 are "
                                       "not understood");
    err_free(err);
    column_buffer_free(&file.content);
}

Test(damage, the_same_chunk_twice) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 1, "META", 7, 0, "one", 3);
    append(&writer, 1, "META", 7, 0, "two", 3);
    must(chunk_finish(&writer));
    struct chunk_index index;
    struct err *err = chunk_index_open(&index, memory_source(&file), small_known);
    cr_assert_not_null(err);
    cr_assert_not_null(strstr(err_message(err), "it is there twice"));
    err_free(err);
    column_buffer_free(&file.content);
}

Test(damage, chunks_swapped_or_left_out_are_noticed) {
    struct memory_file file = {0}, other = {0};
    struct chunk_writer writer;
    struct chunk_index index;
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 0, "META", 0, 0, "one", 3);
    append(&writer, 0, "META", 1, 0, "two", 3);
    must(chunk_finish(&writer));
    column_bytes(&other.content, file.content.bytes, 16);
    column_bytes(&other.content, file.content.bytes + 59, 43);
    column_bytes(&other.content, file.content.bytes + 16, 43);
    column_bytes(&other.content, file.content.bytes + 102, 64);
    struct err *err = chunk_index_open(&index, memory_source(&other), small_known);
    cr_assert_not_null(err);
    cr_assert_not_null(strstr(err_message(err), "not those that were written"));
    err_free(err);
    column_buffer_free(&file.content);
    column_buffer_free(&other.content);
}

Test(damage, too_many_chunks) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    struct chunk_packer *packer;
    struct packed_chunk packed = {0};
    struct chunk_index index;
    must(chunk_packer_new(0, &packer));
    must(chunk_start(&writer, memory_sink(&file)));
    for (uint64_t i = 0; i < CHUNKS_MOST; i++) {
        must(chunk_pack(packer, "MANY", i, 0, NULL, 0, &packed));
        must(chunk_append(&writer, &packed));
    }
    struct err *err = chunk_append(&writer, &packed);
    cr_assert_not_null(err);
    err_free(err);
    column_bytes(&file.content, packed.bytes, packed.length);
    err = chunk_index_open(&index, memory_source(&file), small_known);
    cr_assert_not_null(err);
    cr_assert_not_null(strstr(err_message(err), "more chunks than the format allows"));
    err_free(err);
    file.content.length -= packed.length;
    must(chunk_finish(&writer));
    must(chunk_index_open(&index, memory_source(&file), small_known));
    cr_assert_eq(index.count, CHUNKS_MOST);
    chunk_index_close(&index);
    chunk_packed_free(&packed);
    chunk_packer_free(packer);
    column_buffer_free(&file.content);
}
