#include "introspect/heap/footprint.h"

#include "introspect/heap/malloc_chunks.h"

void footprint_add_block(struct footprint *footprint, const struct allocators *allocators,
                         uint64_t block, uint64_t needed) {
    uint64_t place = image_place(allocators->image, block);
    if (place != UINT64_MAX && pymalloc_is_arena(allocators->pymalloc, place)) {
        footprint->pymalloc += pymalloc_block_size(allocators->pymalloc, place);
    } else if (!image_module_at(allocators->image, block)) { /* else it is static */
        uint64_t chunk = malloc_chunk_size(allocators->image, block, needed);
        footprint->malloc += chunk ? chunk : (needed + 15) & ~(uint64_t)15;
    }
}

uint64_t footprint_buffer_block(const struct allocators *allocators, uint64_t buffer) {
    bool fenced = allocators->fence && fence_before(allocators->image, buffer);
    return fenced ? fence_malloc_block(allocators->image, buffer) : buffer;
}
