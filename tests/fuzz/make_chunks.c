/* Makes the corpus of fuzz_chunks: small files of every kind of chunk and column.
 *
 * usage: make_chunks FOLDER */
#include "tests/fuzz/fuzz.h"

#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/column.h"

#include <stdio.h>
#include <stdlib.h>

static struct err *append_bytes(void *context, const void *bytes, size_t length) {
    column_bytes(context, bytes, length);
    return NULL;
}

static void append(struct chunk_writer *writer, int level, const char *tag, uint64_t number,
                   const struct column_buffer *payload) {
    struct chunk_packer *packer;
    struct packed_chunk packed = {0};
    fuzz_must(chunk_packer_new(level, &packer));
    fuzz_must(chunk_pack(packer, tag, number, *tag == 'M' ? CHUNK_NEEDED : 0, payload->bytes,
                         payload->length, &packed));
    fuzz_must(chunk_append(writer, &packed));
    chunk_packed_free(&packed);
    chunk_packer_free(packer);
}

/* Numbers as fuzz_chunks expects them. */
static void add_numbers(struct column_buffer *payload, enum column_form form, uint64_t first,
                        uint64_t step, size_t count) {
    uint64_t numbers[200];
    for (size_t i = 0; i < count; i++)
        numbers[i] = first + i * step + (i * i % 7) * 16;
    column_u8(payload, 6);
    column_varint(payload, count);
    column_numbers64(payload, form, numbers, count);
}

static void add_scalars(struct column_buffer *payload) {
    column_u8(payload, 0);
    column_u16(payload, 1000);
    column_u8(payload, 1);
    column_u32(payload, 1000000);
    column_u8(payload, 2);
    column_u64(payload, UINT64_MAX);
    column_u8(payload, 3);
    column_signed(payload, -1000000);
    column_u8(payload, 4);
    column_text(payload, "python=3.11.2", 13);
    column_u8(payload, 5);
    column_varint(payload, 999);
    column_u8(payload, 7);
    column_varint(payload, 3);
    column_numbers32(payload, COLUMN_SIGNED, (uint32_t[]){1, (uint32_t)-1, 70000}, 3);
}

int main(int argument_count, char **arguments) {
    for (int seed = 0; argument_count == 2 && seed < 12; seed++) {
        struct column_buffer file = {0}, scalars = {0}, numbers = {0}, nothing = {0};
        struct chunk_writer writer;
        column_u8(&file, seed % 2); /* whether sums are mended */
        add_scalars(&scalars);
        add_numbers(&numbers, (enum column_form)(seed % 3), seed < 6 ? 5 : 0x7f0012340000,
                    seed % 5 ? 48 : (uint64_t)-1, 20 * (size_t)seed / 2);
        fuzz_must(chunk_start(&writer, (struct chunk_sink){append_bytes, &file}));
        append(&writer, seed % 3, "META", 0, &scalars);
        append(&writer, (seed + 1) % 3, "OBJS", (uint64_t)seed, &numbers);
        if (seed % 4 == 0)
            append(&writer, 1, "NONE", UINT64_MAX, &nothing);
        if (seed != 5)
            fuzz_must(chunk_finish(&writer));

        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%02d", arguments[1], seed);
        FILE *out = fopen(path, "wb");
        if (!out || fwrite(file.bytes, 1, file.length, out) != file.length || fclose(out)) {
            perror(path);
            return 1;
        }
        column_buffer_free(&file);
        column_buffer_free(&scalars);
        column_buffer_free(&numbers);
    }
    return argument_count != 2;
}
