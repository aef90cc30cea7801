/* Memory that lives and dies together: many small allocations, freed at once.
 * Built with -DHEAPGLASS_ARENA_MALLOC each allocation is a malloc of its own, so that ASan sees overruns. */
#ifndef HEAPGLASS_BASE_ARENA_H
#define HEAPGLASS_BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes used in the newest block */
};

/* Zeroed memory aligned to 16 bytes, owned by the arena; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc));

/* A copy of `length` bytes of text with a NUL behind it; NULL without memory. */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);

/* Frees all that was allocated; the arena may be used again. */
void arena_clear(struct arena *arena);
/* The same, but it keeps memory for what is allocated next. */
void arena_reuse(struct arena *arena);

#endif
