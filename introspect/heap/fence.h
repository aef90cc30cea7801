/* Debug hooks (PYTHONMALLOC=debug, -X dev, debug builds) put 16 bytes before the data of each block:
 * the requested size, and a byte for the API with seven of 0xFD (Objects/obmalloc.c:
 * _PyMem_DebugRawAlloc). */
#ifndef HEAPGLASS_INTROSPECT_HEAP_FENCE_H
#define HEAPGLASS_INTROSPECT_HEAP_FENCE_H

#include "introspect/layout/layout.h"
#include "introspect/runtime/runtime.h"

enum { FENCE_SIZE = 16 };

/* True if there is a fence right before the data at an address. */
static inline bool fence_before(const struct image *image, uint64_t data) {
    uint64_t word = 0;
    if (!image_read_u64(image, data - 8, &word))
        return false;
    uint8_t api = (uint8_t)word;
    return word >> 8 == 0xfdfdfdfdfdfdfd && (api == 'r' || api == 'm' || api == 'o');
}

/* Where a block of malloc's begins that has hooks' data at an address. What pymalloc is too small for
 * it asks PyMem_RawMalloc for, whose hooks put a second fence before the first. */
static inline uint64_t fence_malloc_block(const struct image *image, uint64_t data) {
    uint64_t block = data - FENCE_SIZE;
    return fence_before(image, block) ? block - FENCE_SIZE : block;
}

/* FENCE_SIZE if the process uses the hooks, else 0: the main interpreter's dict of builtins tells. */
uint64_t fence_size(const struct image *image, const struct layout *layout,
                    const struct runtime *runtime);

#endif
