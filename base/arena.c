#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(16) char data[];
};

#ifdef HEAPGLASS_ARENA_MALLOC
enum { BLOCK_SIZE = 0 };
#else
enum { BLOCK_SIZE = 64 * 1024 };
#endif

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > (size_t)1 << 40)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (!arena->blocks || arena->blocks->size - arena->used < size) {
        size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        struct arena_block *block = calloc(1, sizeof *block + block_size);
        if (!block)
            return NULL;
        block->size = block_size;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->used = 0;
    }
    void *memory = arena->blocks->data + arena->used;
    arena->used += size;
    return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
    return arena_strndup(arena, text, strlen(text));
}

void arena_clear(struct arena *arena) {
    struct arena_block *block = arena->blocks;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}

void arena_reuse(struct arena *arena) {
    struct arena_block *kept = arena->blocks;
    if (!kept || kept->size > BLOCK_SIZE) {
        arena_clear(arena);
        return;
    }
    struct arena older = {.blocks = kept->next};
    arena_clear(&older);
    kept->next = NULL;
    memset(kept->data, 0, arena->used);
    arena->used = 0;
}
