#include "introspect/heap/malloc_chunks.h"

enum { THREAD_HEAP_ALIGNMENT = 64 << 20 }; /* HEAP_MAX_SIZE, malloc/arena.c */

static uint64_t chunk_word(const struct image *image, uint64_t chunk) {
    uint64_t word = 0;
    return image_read_u64(image, chunk + 8, &word) ? word : 0;
}

uint64_t malloc_chunk_size(const struct image *image, uint64_t block, uint64_t least) {
    if (block & 15)
        return 0;
    uint64_t word = chunk_word(image, block - MALLOC_CHUNK_HEADER);
    if (!malloc_chunk_plausible(word))
        return 0;
    uint64_t size =
        malloc_chunk_end(block - MALLOC_CHUNK_HEADER, word) - (block - MALLOC_CHUNK_HEADER);
    /* A chunk in use also has the first word of the next one; a mapped one has not. */
    uint64_t usable = word & MALLOC_IS_MMAPPED ? size - MALLOC_CHUNK_HEADER : size - 8;
    return usable >= least ? size : 0;
}

uint64_t malloc_mapped_chunk(const struct image *image, uint64_t at, uint64_t end) {
    uint64_t before, word;
    if (!image_read_u64(image, at, &before) || !image_read_u64(image, at + 8, &word))
        return 0;
    uint64_t next = malloc_mapped_chunk_end(at, before, word);
    return next <= end ? next : 0;
}

/* Where the first chunk of a mapping is; 0 if it does not look like a heap of malloc's. */
static uint64_t first_chunk(const struct image *image, const struct image_mapping *mapping) {
    uint64_t start = mapping->start;
    if (mapping->kind == MAPPING_BRK) {
        uint64_t aligned = (start + 15) & -(uint64_t)16;
        return malloc_chunk_plausible(chunk_word(image, aligned)) ? aligned : 0;
    }
    if (start % THREAD_HEAP_ALIGNMENT)
        return 0;
    /* struct heap_info (4 or 6 words), in the first heap of an arena followed by its malloc_state:
     * the first chunk is where a chain of chunks begins that stays inside of the heap. */
    for (uint64_t at = start + 32; at < start + 4096; at += 16) {
        uint64_t next = at;
        unsigned links = 0;
        while (links < 16 && next + MALLOC_CHUNK_LEAST < mapping->end) {
            uint64_t link = chunk_word(image, next);
            if (!malloc_chunk_plausible(link) || (link & MALLOC_IS_MMAPPED))
                break;
            next += malloc_chunk_bytes(link);
            links++;
        }
        if (links == 16 || (links && next == mapping->end))
            return at;
    }
    return 0;
}

bool malloc_blocks(const struct image *image, const struct image_mapping *mapping,
                   void (*visit)(void *context, uint64_t block, uint64_t size), void *context) {
    uint64_t at = first_chunk(image, mapping);
    if (!at)
        return false;
    while (at + MALLOC_CHUNK_LEAST <= mapping->end) {
        uint64_t word = chunk_word(image, at);
        uint64_t size = malloc_chunk_bytes(word);
        if (!malloc_chunk_plausible(word) || size > mapping->end - at)
            break;
        /* The last one is the top of the heap: nobody's. */
        uint64_t next = at + size < mapping->end ? chunk_word(image, at + size) : 0;
        if (next & MALLOC_PREV_INUSE)
            visit(context, at + MALLOC_CHUNK_HEADER, size);
        at += size;
    }
    return true;
}
