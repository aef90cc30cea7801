/* The framing of a snapshot: a file header, chunks, and a closing chunk (docs/snapshot-format.md).
 *
 * Writing streams to a sink and never goes back, so that a pipe will do; payloads are packed on any
 * thread. Reading walks the headers once, then fetches payloads in any order, on any thread. What is
 * read is hostile: all that is wrong with it is ERR_DAMAGED_FILE, naming the chunk and its offset. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_CHUNK_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_CHUNK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SNAPSHOT_MAJOR = 1, /* a reader refuses what is newer */
    SNAPSHOT_MINOR = 0, /* what is newer only adds what a reader may ignore */
};

enum {
    CHUNK_FILE_HEADER = 16,    /* bytes */
    CHUNKS_MOST = 1 << 20,     /* in a file, without the closing one */
    CHUNK_HEADER = 40,         /* bytes */
    CHUNK_RAW_MOST = 64 << 20, /* bytes of one payload */
    CHUNK_RAW_USUAL = 1 << 20, /* bytes to aim at: small enough for caches and for many threads */
};

/* The flags of a chunk. */
enum {
    CHUNK_COMPRESSED = 1, /* set by chunk_pack: the payload is stored as one zstd frame */
    CHUNK_NEEDED = 2,     /* a reader that does not know the tag must refuse the file */
};

/* --- writing --- */

struct chunk_sink {
    struct err *(*write)(void *context, const void *bytes, size_t length); /* all of them */
    void *context;
};

/* A chunk as it will lie in the file. Starts zeroed; may be packed into again and again. */
struct packed_chunk {
    uint8_t *bytes; /* header and payload; owned, chunk_packed_free */
    size_t length, capacity;
};

void chunk_packed_free(struct packed_chunk *packed);

/* What compression needs; one for each thread that packs. `level` is zstd's, from 1 (fast) on;
 * 0 stores payloads as they are. */
struct chunk_packer;
struct err *chunk_packer_new(int level, struct chunk_packer **ret) ERR_CHECK;
void chunk_packer_free(struct chunk_packer *packer); /* NULL is fine */

/* Packs a payload of at most CHUNK_RAW_MOST bytes. The tag is four printable ASCII characters other
 * than "END "; with `number` it names the chunk, once in a file. `flags`: 0 or CHUNK_NEEDED. */
struct err *chunk_pack(struct chunk_packer *packer, const char *tag, uint64_t number,
                       unsigned flags, const void *payload, size_t length,
                       struct packed_chunk *ret) ERR_CHECK;

/* Not to be used by two threads at a time. After an error nothing more can be written. */
struct chunk_writer {
    struct chunk_sink sink;
    uint64_t chunks, bytes; /* written so far */
    uint64_t headers_sum;
};

/* Writes the file header. */
struct err *chunk_start(struct chunk_writer *writer, struct chunk_sink sink) ERR_CHECK;
struct err *chunk_append(struct chunk_writer *writer, const struct packed_chunk *packed) ERR_CHECK;
/* Writes the closing chunk, without which the file counts as cut off. */
struct err *chunk_finish(struct chunk_writer *writer) ERR_CHECK;

/* --- reading --- */

struct chunk_source {
    /* Exactly `length` bytes, all below `size`; thread-safe. */
    struct err *(*read_at)(void *context, uint64_t offset, void *bytes, size_t length);
    void *context;
    uint64_t size; /* of the file, bytes */
};

/* Whether it begins as snapshots do; false if it cannot be read. */
bool chunk_is_snapshot(struct chunk_source source);

struct chunk_entry {
    char tag[5]; /* with a NUL */
    uint32_t flags;
    uint64_t number;
    uint64_t offset; /* of the chunk's header in the file */
    uint64_t stored; /* bytes of payload in the file, all there */
    uint64_t raw;    /* bytes of payload unpacked, at most CHUNK_RAW_MOST */
};

struct chunk_index {
    struct chunk_source source;
    unsigned minor;
    bool truncated;       /* the file ends before its closing chunk: some chunks are missing */
    uint64_t whole_bytes; /* from the beginning, up to the end of the last whole chunk */
    struct chunk_entry
        *entries; /* by tag, then number, each pair once; without the closing chunk */
    size_t count;
};

/* Reads all headers, no payload but the closing chunk's. A file that was cut off gives what is whole.
 * `known` (ends with NULL) are the tags that the caller understands: needed ones that are not among
 * them are an error. The source must live as long as the index. Starts zeroed; chunk_index_close. */
struct err *chunk_index_open(struct chunk_index *index, struct chunk_source source,
                             const char *const *known) ERR_CHECK;

/* The same, but what was found before an error stays in the index, which is to be closed in any case. Its whole_bytes are
 * 0 if not even the file's header is one. */
struct err *chunk_index_salvage(struct chunk_index *index, struct chunk_source source,
                                const char *const *known) ERR_CHECK;
void chunk_index_close(struct chunk_index *index); /* twice is fine */

/* NULL if the file has none of that name. O(log n). */
const struct chunk_entry *chunk_find(const struct chunk_index *index, const char *tag,
                                     uint64_t number);

/* All chunks of a tag, side by side, by ascending number; NULL and 0 if there is none. */
const struct chunk_entry *chunk_find_all(const struct chunk_index *index, const char *tag,
                                         size_t *ret_count);

/* What unpacking needs; one for each thread that reads. */
struct chunk_unpacker;
struct err *chunk_unpacker_new(struct chunk_unpacker **ret) ERR_CHECK;
void chunk_unpacker_free(struct chunk_unpacker *unpacker); /* NULL is fine */

/* Reads, verifies and unpacks a payload: entry->raw bytes, which are the unpacker's until it is used
 * again or freed. */
struct err *chunk_read(const struct chunk_index *index, const struct chunk_entry *entry,
                       struct chunk_unpacker *unpacker, const uint8_t **ret) ERR_CHECK;

/* An error about the contents of a chunk, for those who decode them: names its tag, number, offset. */
struct err *chunk_damaged(const struct chunk_entry *entry, const char *format, ...) ERR_CHECK
    ERR_PRINTF(2, 3);

#endif
