/* How big an object is: what __sizeof__ says, and the memory that it really occupies, block by block
 * and by allocator. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_FOOTPRINT_H
#define HEAPGLASS_INTROSPECT_HEAP_FOOTPRINT_H

#include "introspect/heap/fence.h"
#include "introspect/heap/object_view.h"
#include "introspect/heap/pymalloc.h"

/* What the sizes of blocks depend on. */
struct allocators {
    const struct image *image;
    const struct layout *layout;
    const struct pymalloc *pymalloc;
    uint64_t fence; /* bytes that debug hooks put before what they allocate (fence.h): 16 or 0 */
};

/* Bytes, with what the allocator rounds up and adds; static memory counts nothing. */
struct footprint {
    uint64_t pymalloc, malloc;
};

/* Adds a block that is asked for with at least `needed` bytes. */
void footprint_add_block(struct footprint *footprint, const struct allocators *allocators,
                         uint64_t block, uint64_t needed);

/* Where the block of a buffer begins, given the address that its owner knows. */
uint64_t footprint_buffer_block(const struct allocators *allocators, uint64_t buffer);

/* Where the block of malloc's begins that an object has, if it has one. */
ALWAYS_INLINE uint64_t footprint_object_block(const struct allocators *allocators,
                                              const struct object *object) {
    uint64_t data = object->address - object_offset_in_block(allocators->layout, object);
    return allocators->fence ? fence_malloc_block(allocators->image, data) : data;
}

/* sys.getsizeof counts what lies before the object, or would lie there by its type's flags. */
ALWAYS_INLINE uint64_t footprint_counted_before(const struct layout *layout,
                                                const struct object *object) {
    const struct type *type = object->type;
    bool spared =
        layout->trait.getsizeof_spares_static && type->is_type && type->decoded_as == type;
    if (layout->trait.getsizeof_by_type && type->has_gc && !spared)
        return layout->trait.header_before_gc + type->preheader;
    return object_offset_in_block(layout, object);
}

/* The size that sys.getsizeof reports goes to *measure, the object's own block is added to *footprint,
 * its buffers go to decode->buffer. True if the object has no heap memory of its own. */
ALWAYS_INLINE bool footprint_measure(struct decode *decode, const struct allocators *allocators,
                                     const struct object *object, uint64_t place,
                                     struct measure *measure, struct footprint *footprint) {
    if (object->type->plain_size)
        *measure = (struct measure){.size = object_body_size(decode, object)};
    else
        object_measure(decode, object, measure);
    measure->size += footprint_counted_before(allocators->layout, object);
    if (pymalloc_is_arena(allocators->pymalloc, place)) {
        footprint->pymalloc += pymalloc_block_size(allocators->pymalloc, place);
        return false;
    }
    uint64_t body = measure->body_size ? measure->body_size : object_body_size(decode, object);
    uint64_t block = footprint_object_block(allocators, object);
    uint64_t so_far = footprint->malloc;
    footprint_add_block(footprint, allocators, block, object->address - block + body);
    return footprint->malloc == so_far;
}

#endif
