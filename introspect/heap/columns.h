/* The table of objects: 20 bytes each, in columns over ids in order of place. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_COLUMNS_H
#define HEAPGLASS_INTROSPECT_HEAP_COLUMNS_H

#include "introspect/heap/gc_lists.h"
#include "introspect/heap/heap.h"
#include "introspect/heap/mark.h"

/* The type's id in the low bits of `kind`, above it flags, GC state and how it was found. */
enum { TYPE_ID_BITS = 20, FLAGS_SHIFT = 20, GC_STATE_SHIFT = 26, FOUND_SHIFT = 29 };

/* A value that does not fit its 32 bits. */
struct overflow {
    uint32_t id;
    uint64_t value;
};

struct value_column {
    uint32_t *values;                      /* UINT32_MAX: look in overflows */
    struct vec(struct overflow) overflows; /* sorted by id */
};

struct columns {
    uint32_t count;
    uint32_t *granule; /* place in the mirror / 16 */
    uint32_t *kind;
    struct value_column refcount, size, footprint;
    struct bitmap objects, odd;
    uint32_t *rank; /* objects before each word of the bitmap */

    /* Of a heap from a snapshot, instead of granules and bitmaps. */
    uint64_t *addresses;
    uint32_t *by_address; /* ids in the order of addresses; NULL: that of ids is it */
};

/* What the columns are filled from. */
struct columns_input {
    struct marking *marking;
    const struct gc_lists *gc;
    const struct bitmap *objects, *reachable;
    const struct bitmap *candidates,
        *guesses; /* objects found by their blocks, of pymalloc, malloc */
    unsigned threads;
};

/* Fills the columns. Their `objects` and `odd` are set by the caller before, and theirs from then on. */
struct err *columns_fill(const struct columns_input *input, struct columns *columns) ERR_CHECK;

/* Room for `count` objects with addresses of their own; false without memory. */
bool columns_reserve(struct columns *columns, uint32_t count);
/* To be called when those are filled: addresses and overflows can be found from then on. False without memory. */
bool columns_order(struct columns *columns);
void columns_clear(struct columns *columns);

/* The id of the object whose bit is at a place; HEAP_NONE if there is none. */
ALWAYS_INLINE uint32_t columns_find(const struct columns *columns, uint64_t place) {
    if (place == UINT64_MAX || !columns->count || !bitmap_test(&columns->objects, place) ||
        bitmap_test(&columns->odd, place) != ((place & 8) != 0) || place & 7)
        return HEAP_NONE;
    size_t word = place >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT);
    uint64_t before = columns->objects.words[word] & (bitmap_bit(place) - 1);
    return columns->rank[word] + (uint32_t)__builtin_popcountll(before);
}

/* Fetches what columns_find will read. */
ALWAYS_INLINE void columns_prefetch(const struct columns *columns, uint64_t place) {
    if (place == UINT64_MAX || !columns->count)
        return;
    __builtin_prefetch(bitmap_word(&columns->objects, place));
    __builtin_prefetch(&columns->rank[place >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT)]);
}

/* The id of the object at an address; of columns that have those. O(log n). */
uint32_t columns_find_address(const struct columns *columns, uint64_t address);

uint64_t column_value(const struct value_column *column, uint32_t id);

#endif
