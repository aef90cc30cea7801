/* What the C library's malloc writes before its blocks (glibc, malloc/malloc.c: struct malloc_chunk).
 *
 * A chunk is two words and the block: first the size of the chunk before it, if that one is free; then
 * its own, all of it, with flags in the lowest three bits. Nothing here reads memory. */
#ifndef HEAPGLASS_BASE_MALLOC_CHUNK_H
#define HEAPGLASS_BASE_MALLOC_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MALLOC_CHUNK_HEADER = 16, /* bytes from a chunk to its block */
    MALLOC_CHUNK_LEAST = 32,  /* MINSIZE */
    MALLOC_CHUNK_PAGE = 4096,
    /* of its size: */
    MALLOC_PREV_INUSE = 1,
    MALLOC_IS_MMAPPED = 2,
    MALLOC_FLAGS = 7,
    /* of the word before it, in a chunk with a mapping of its own: of huge pages (2.43) */
    MALLOC_MMAP_HP = 1,
};

static inline uint64_t malloc_chunk_bytes(uint64_t size_word) {
    return size_word & ~(uint64_t)MALLOC_FLAGS;
}

static inline bool malloc_chunk_plausible(uint64_t size_word) {
    uint64_t bytes = malloc_chunk_bytes(size_word);
    return bytes >= MALLOC_CHUNK_LEAST && !(bytes & 15) && bytes >> 46 == 0;
}

/* A chunk with a mapping of its own ends with a page: its size reaches to there, or since 2.43 to the
 * header of a chunk that would follow. */
static inline uint64_t malloc_chunk_end(uint64_t chunk, uint64_t size_word) {
    uint64_t end = chunk + malloc_chunk_bytes(size_word), page = MALLOC_CHUNK_PAGE;
    return size_word & MALLOC_IS_MMAPPED ? (end + page - 1) & -page : end;
}

/* Where the chunk ends that has a mapping of its own and begins, at the start of a page, with these two words; 0 if
 * they are not those of one. */
static inline uint64_t malloc_mapped_chunk_end(uint64_t chunk, uint64_t before,
                                               uint64_t size_word) {
    if (before > MALLOC_MMAP_HP || (size_word & MALLOC_FLAGS) != MALLOC_IS_MMAPPED ||
        !malloc_chunk_plausible(size_word))
        return 0;
    uint64_t end = malloc_chunk_end(chunk, size_word);
    uint64_t missing = end - chunk - malloc_chunk_bytes(size_word);
    return !missing || missing == MALLOC_CHUNK_HEADER ? end : 0;
}

#endif
