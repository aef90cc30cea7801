/* A snapshot's framing and columns: the index, every chunk, and each payload taken for columns.
 *
 * The first byte says whether the sums are put right first: what is behind them would not be reached
 * otherwise. The file follows. */
#include "tests/fuzz/fuzz.h"

#include "introspect/snapshot/column.h"
#include "introspect/snapshot/frame.h"

#include <stdlib.h>

struct file {
    uint8_t *bytes;
    size_t size;
};

static struct err *read_file(void *context, uint64_t offset, void *bytes, size_t length) {
    const struct file *file = context;
    if (offset > file->size || length > file->size - offset)
        abort();
    memcpy(bytes, file->bytes + offset, length);
    return NULL;
}

static void mend_sums(struct file *file) {
    if (file->size < CHUNK_FILE_HEADER)
        return;
    uint64_t headers_sum = frame_sum_headers(0, file->bytes, CHUNK_FILE_HEADER);
    uint64_t chunks = 0;
    for (size_t at = CHUNK_FILE_HEADER; file->size - at >= CHUNK_HEADER;) {
        uint8_t *header = file->bytes + at, *payload = header + CHUNK_HEADER;
        uint64_t stored = frame_get64(header + 16);
        if (stored > file->size - at - CHUNK_HEADER)
            break;
        if (!memcmp(header, FRAME_END, 4) && stored == FRAME_END_SIZE) {
            frame_put64(payload, chunks);
            frame_put64(payload + 8, at);
            frame_put64(payload + 16, headers_sum);
        }
        frame_put64(header + FRAME_SUMMED, frame_sum(header, payload, stored));
        headers_sum = frame_sum_headers(headers_sum, header, CHUNK_HEADER);
        chunks++;
        at += CHUNK_HEADER + stored;
    }
}

enum { MOST_NUMBERS = 5000 };

/* Takes a payload for a series of columns, each with a byte before it that says what it is. */
static void read_columns(const uint8_t *payload, size_t length) {
    static uint64_t numbers64[MOST_NUMBERS];
    static uint32_t numbers32[MOST_NUMBERS];
    struct column_reader reader = column_reader_of(payload, length);
    while (column_left(&reader)) {
        size_t text_length;
        switch (column_take_u8(&reader) % 8) {
        case 0:
            column_take_u16(&reader);
            break;
        case 1:
            column_take_u32(&reader);
            break;
        case 2:
            column_take_u64(&reader);
            break;
        case 3:
            column_take_signed(&reader);
            break;
        case 4:
            column_take_text(&reader, &text_length);
            break;
        case 5:
            column_take_below(&reader, 1000);
            break;
        case 6:
            column_take_numbers64(&reader, numbers64, column_take_below(&reader, MOST_NUMBERS));
            break;
        default:
            column_take_numbers32(&reader, numbers32, column_take_below(&reader, MOST_NUMBERS));
        }
    }
}

static void read_chunks(const struct chunk_index *index, size_t size) {
    struct chunk_unpacker *unpacker;
    fuzz_must(chunk_unpacker_new(&unpacker));
    for (size_t i = 0; i < index->count; i++) {
        const struct chunk_entry *entry = &index->entries[i];
        const uint8_t *payload;
        size_t count;
        if (entry->offset > size || entry->stored > size - entry->offset ||
            entry->raw > CHUNK_RAW_MOST || chunk_find(index, entry->tag, entry->number) != entry ||
            !chunk_find_all(index, entry->tag, &count) || !count)
            abort();
        struct err *err = chunk_read(index, entry, unpacker, &payload);
        if (!err)
            read_columns(payload, entry->raw);
        err_free(err);
    }
    chunk_unpacker_free(unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    bool mend = input_take(&input, 1) & 1;
    struct file file = {malloc(input.left ? input.left : 1), input.left};
    if (!file.bytes)
        return 0;
    memcpy(file.bytes, input.at, input.left);
    if (mend)
        mend_sums(&file);
    const struct chunk_source source = {read_file, &file, file.size};
    const char *const known[] = {"META", NULL};
    struct chunk_index index;
    struct err *err = chunk_index_open(&index, source, known);
    if (!err) {
        if (index.whole_bytes > file.size || (!index.truncated && index.whole_bytes != file.size))
            abort();
        read_chunks(&index, file.size);
        chunk_index_close(&index);
    }
    err_free(err);
    free(file.bytes);
    return 0;
}
