/* The C library's malloc, as far as its chunks tell: how big a block is, and which blocks a heap has. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_MALLOC_CHUNKS_H
#define HEAPGLASS_INTROSPECT_HEAP_MALLOC_CHUNKS_H

#include "base/malloc_chunk.h"
#include "image/image.h"

/* Bytes that the block at an address occupies with its header, if what lies before it is a plausible
 * glibc chunk header for at least `least` bytes; 0 otherwise. */
uint64_t malloc_chunk_size(const struct image *image, uint64_t block, uint64_t least);

/* Where the chunk ends that begins at an address, the start of a page, and has a mapping of its own:
 * one of many, it may be, that the kernel shows as one. 0 if there is none that ends before `end`. */
uint64_t malloc_mapped_chunk(const struct image *image, uint64_t at, uint64_t end);

/* Calls visit for each block in use of the heap that a mapping holds: the main heap ([heap]) or a
 * thread's arena. False if the mapping is none of these. Blocks parked in tcache or fastbins look in
 * use. */
bool malloc_blocks(const struct image *image, const struct image_mapping *mapping,
                   void (*visit)(void *context, uint64_t block, uint64_t size), void *context);

#endif
