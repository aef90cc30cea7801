/* Bitmaps over the places of an image's mirror, one bit per 16 bytes: no two objects or allocated
 * blocks begin in the same 16. Setting and testing is safe from several threads. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_BITMAP_H
#define HEAPGLASS_INTROSPECT_HEAP_BITMAP_H

#include "base/big_memory.h"
#include "base/inline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { GRANULE_SHIFT = 4, GRANULES_PER_WORD_SHIFT = 6 };

struct bitmap {
    uint64_t *words;
    size_t word_count;
};

static inline bool bitmap_init_words(struct bitmap *bitmap, size_t word_count, bool sparse) {
    bitmap->word_count = word_count;
    bitmap->words = big_alloc(word_count * sizeof *bitmap->words, sparse);
    return bitmap->words != NULL;
}

/* A bit for each 16 bytes of a mirror, all 0. False without memory. */
static inline bool bitmap_init(struct bitmap *bitmap, uint64_t mirror_size) {
    return bitmap_init_words(bitmap, (mirror_size >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT)) + 1,
                             false);
}

/* As bitmap_init for a bitmap with bits in few places. */
static inline bool bitmap_init_sparse(struct bitmap *bitmap, uint64_t mirror_size) {
    return bitmap_init_words(bitmap, (mirror_size >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT)) + 1,
                             true);
}

/* The place that a bit of a word stands for. */
ALWAYS_INLINE uint64_t bitmap_place(size_t word, unsigned bit) {
    return ((uint64_t)word << GRANULES_PER_WORD_SHIFT | bit) << GRANULE_SHIFT;
}

static inline void bitmap_free(struct bitmap *bitmap) {
    big_free(bitmap->words, bitmap->word_count * sizeof *bitmap->words);
    *bitmap = (struct bitmap){0};
}

ALWAYS_INLINE uint64_t *bitmap_word(const struct bitmap *bitmap, uint64_t place) {
    return &bitmap->words[place >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT)];
}

ALWAYS_INLINE uint64_t bitmap_bit(uint64_t place) {
    return (uint64_t)1 << ((place >> GRANULE_SHIFT) & 63);
}

ALWAYS_INLINE bool bitmap_test(const struct bitmap *bitmap, uint64_t place) {
    return __atomic_load_n(bitmap_word(bitmap, place), __ATOMIC_RELAXED) & bitmap_bit(place);
}

/* True if this call has set it, false if it was set. */
ALWAYS_INLINE bool bitmap_set(struct bitmap *bitmap, uint64_t place) {
    uint64_t *word = bitmap_word(bitmap, place), bit = bitmap_bit(place);
    if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
        return false;
    return !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit);
}

static inline void bitmap_clear(struct bitmap *bitmap, uint64_t place) {
    __atomic_fetch_and(bitmap_word(bitmap, place), ~bitmap_bit(place), __ATOMIC_RELAXED);
}

#endif
