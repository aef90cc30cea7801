/* What writing and reading of chunks share: headers as bytes. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_FRAME_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_FRAME_H

#include "introspect/snapshot/chunk.h"

#include <endian.h>
#include <string.h>
#include <xxhash.h>

#define FRAME_MAGIC "\211HGSNAP\n"
#define FRAME_END   "END "

enum {
    FRAME_MAGIC_SIZE = 8,
    FRAME_SUMMED = 32, /* bytes of a chunk's header that its sum covers */
    FRAME_END_SIZE = 24,
};

/* As they lie in the file, but in our byte order. */
struct frame_header {
    char tag[4];
    uint32_t flags;
    uint64_t number, stored, raw;
    uint64_t sum;
};

static inline void frame_put64(uint8_t *at, uint64_t value) {
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint64_t frame_get64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static inline uint32_t frame_get32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

/* The sum of a chunk: over its header but the sum, and its payload as stored. */
static inline uint64_t frame_sum(const uint8_t *header, const uint8_t *payload, size_t stored) {
    return XXH64(payload, stored, XXH64(header, FRAME_SUMMED, 0));
}

/* The running sum of all headers so far, with one more. */
static inline uint64_t frame_sum_headers(uint64_t sum, const uint8_t *header, size_t length) {
    return XXH64(header, length, sum);
}

static inline bool frame_tag_valid(const char *tag) {
    for (int i = 0; i < 4; i++) {
        if (tag[i] < ' ' || tag[i] > '~')
            return false;
    }
    return true;
}

#endif
