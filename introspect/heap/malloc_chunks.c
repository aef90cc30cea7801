#include "introspect/heap/malloc_chunks.h"

enum {
    CHUNK_HEADER = 16,
    LEAST_CHUNK = 32,
    PREV_INUSE = 1,
    IS_MMAPPED = 2,
    FLAGS = 7,
    THREAD_HEAP_ALIGNMENT = 64 << 20, /* HEAP_MAX_SIZE, malloc/arena.c */
};

static uint64_t chunk_word(const struct image *image, uint64_t chunk) {
    uint64_t word = 0;
    return image_read_u64(image, chunk + 8, &word) ? word : 0;
}

static bool plausible(uint64_t word) {
    uint64_t size = word & ~(uint64_t)FLAGS;
    return size >= LEAST_CHUNK && !(size & 15) && size >> 46 == 0;
}

uint64_t malloc_chunk_size(const struct image *image, uint64_t block, uint64_t least) {
    if (block & 15)
        return 0;
    uint64_t word = chunk_word(image, block - CHUNK_HEADER);
    uint64_t size = word & ~(uint64_t)FLAGS;
    /* A chunk in use also has the first word of the next one; a mapped one has not. */
    uint64_t usable = word & IS_MMAPPED ? size - CHUNK_HEADER : size - 8;
    return plausible(word) && usable >= least ? size : 0;
}

/* Where the first chunk of a mapping is; 0 if it does not look like a heap of malloc's. */
static uint64_t first_chunk(const struct image *image, const struct image_mapping *mapping) {
    uint64_t start = mapping->start;
    if (mapping->kind == MAPPING_BRK) {
        uint64_t aligned = (start + 15) & -(uint64_t)16;
        return plausible(chunk_word(image, aligned)) ? aligned : 0;
    }
    uint64_t word = chunk_word(image, start);
    if (plausible(word) && (word & FLAGS) == IS_MMAPPED)
        return start;
    if (start % THREAD_HEAP_ALIGNMENT)
        return 0;
    /* struct heap_info (4 or 6 words), in the first heap of an arena followed by its malloc_state:
     * the first chunk is where a chain of chunks begins that stays inside of the heap. */
    for (uint64_t at = start + 32; at < start + 4096; at += 16) {
        uint64_t next = at;
        unsigned links = 0;
        while (links < 16 && next + LEAST_CHUNK < mapping->end) {
            uint64_t link = chunk_word(image, next);
            if (!plausible(link) || (link & IS_MMAPPED))
                break;
            next += link & ~(uint64_t)FLAGS;
            links++;
        }
        if (links == 16 || (links && next == mapping->end))
            return at;
    }
    return 0;
}

/* Big blocks are mappings of their own, which may be one in /proc/PID/maps with other ones: a chunk at the
 * start of a page that is whole pages and fits. */
static void mapped_blocks(const struct image *image, const struct image_mapping *mapping,
                          void (*visit)(void *context, uint64_t block, uint64_t size),
                          void *context) {
    for (uint64_t at = mapping->start; at < mapping->end;) {
        uint64_t before = 0, word = chunk_word(image, at), size = word & ~(uint64_t)FLAGS;
        if (!plausible(word) || (word & FLAGS) != IS_MMAPPED || size % IMAGE_PAGE_SIZE ||
            size > mapping->end - at || !image_read_u64(image, at, &before) || before) {
            at += IMAGE_PAGE_SIZE;
            continue;
        }
        visit(context, at + CHUNK_HEADER, size);
        at += size;
    }
}

bool malloc_blocks(const struct image *image, const struct image_mapping *mapping,
                   void (*visit)(void *context, uint64_t block, uint64_t size), void *context) {
    uint64_t at = first_chunk(image, mapping);
    if (!at || chunk_word(image, at) & IS_MMAPPED) {
        mapped_blocks(image, mapping, visit, context);
        return at;
    }
    while (at + LEAST_CHUNK <= mapping->end) {
        uint64_t word = chunk_word(image, at);
        uint64_t size = word & ~(uint64_t)FLAGS;
        if (!plausible(word) || size > mapping->end - at)
            break;
        /* The last one is the top of the heap: nobody's. */
        uint64_t next = at + size < mapping->end ? chunk_word(image, at + size) : 0;
        if (next & PREV_INUSE)
            visit(context, at + CHUNK_HEADER, size);
        at += size;
    }
    return true;
}
