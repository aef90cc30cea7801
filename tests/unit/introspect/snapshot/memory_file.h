/* A file in memory to write chunks to and read them from, and a small one to damage. */
#ifndef HEAPGLASS_TESTS_UNIT_INTROSPECT_SNAPSHOT_MEMORY_FILE_H
#define HEAPGLASS_TESTS_UNIT_INTROSPECT_SNAPSHOT_MEMORY_FILE_H

#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/column.h"

/* Starts zeroed; column_buffer_free. */
struct memory_file {
    struct column_buffer content;
    uint64_t most; /* bytes that it takes before it is full, 0: any number */
    uint64_t read; /* bytes that were read */
};

struct chunk_sink memory_sink(struct memory_file *file);
struct chunk_source memory_source(struct memory_file *file);

/* Ends the test if there is an error. */
void must(struct err *err);

/* Packs and appends one chunk. */
void append(struct chunk_writer *writer, int level, const char *tag, uint64_t number,
            unsigned flags, const void *payload, size_t length);

/* Two kinds of chunks, compressed and not, one of them empty; needs what small_known has. */
void write_small_file(struct memory_file *file);
extern const char *const small_known[];

/* Fails with an error if it cannot be read; otherwise ends the test if a chunk of the small file is
 * there and does not have its content. Returns how many are there and right. */
struct err *read_small_file(struct memory_file *file, size_t *ret_chunks, bool *ret_truncated);
enum { SMALL_CHUNKS = 4 };

#endif
