/* Several threads pack chunks of one file, then read one index. A program of its own, since Criterion's
 * runner does not start under ThreadSanitizer: 0 is success. */
#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/column.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNKS = 64, THREADS = 4, NUMBERS = 20000 };

static struct packed_chunk packed[CHUNKS];
static atomic_uint next_chunk, wrong;
static struct column_buffer file;
static struct chunk_index chunks;

static void must(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "%s\n", err_message(err));
    exit(1);
}

static uint64_t number_of(uint64_t chunk, uint64_t i) {
    return chunk * 1000 + i * (chunk % 7) + (i * i) % 13;
}

static void *pack_chunks(void *unused) {
    struct chunk_packer *packer;
    struct column_buffer payload = {0};
    uint64_t *numbers = calloc(NUMBERS, sizeof *numbers);
    must(chunk_packer_new(1, &packer));
    for (unsigned chunk; (chunk = next_chunk++) < CHUNKS;) {
        for (uint64_t i = 0; i < NUMBERS; i++)
            numbers[i] = number_of(chunk, i);
        column_buffer_clear(&payload);
        column_numbers64(&payload, COLUMN_DELTA, numbers, NUMBERS);
        must(chunk_pack(packer, "TEST", chunk, 0, payload.bytes, payload.length, &packed[chunk]));
    }
    chunk_packer_free(packer);
    column_buffer_free(&payload);
    free(numbers);
    return unused;
}

static void *read_chunks(void *unused) {
    struct chunk_unpacker *unpacker;
    uint64_t *numbers = calloc(NUMBERS, sizeof *numbers);
    must(chunk_unpacker_new(&unpacker));
    for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
        const struct chunk_entry *entry = chunk_find(&chunks, "TEST", chunk);
        const uint8_t *payload;
        must(chunk_read(&chunks, entry, unpacker, &payload));
        struct column_reader reader = column_reader_of(payload, entry->raw);
        column_take_numbers64(&reader, numbers, NUMBERS);
        for (uint64_t i = 0; i < NUMBERS; i++)
            wrong += numbers[i] != number_of(chunk, i);
    }
    chunk_unpacker_free(unpacker);
    free(numbers);
    return unused;
}

static void on_threads(void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL))
            exit(1);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static struct err *write_memory(void *context, const void *bytes, size_t length) {
    column_bytes(context, bytes, length);
    return NULL;
}

static struct err *read_memory(void *context, uint64_t offset, void *bytes, size_t length) {
    memcpy(bytes, ((const struct column_buffer *)context)->bytes + offset, length);
    return NULL;
}

int main(void) {
    struct chunk_writer writer;
    on_threads(pack_chunks);
    must(chunk_start(&writer, (struct chunk_sink){write_memory, &file}));
    for (int i = 0; i < CHUNKS; i++) {
        must(chunk_append(&writer, &packed[i]));
        chunk_packed_free(&packed[i]);
    }
    must(chunk_finish(&writer));
    must(chunk_index_open(&chunks, (struct chunk_source){read_memory, &file, file.length},
                          (const char *const[]){NULL}));
    on_threads(read_chunks);
    chunk_index_close(&chunks);
    column_buffer_free(&file);
    printf("%u wrong\n", wrong);
    return wrong != 0;
}
