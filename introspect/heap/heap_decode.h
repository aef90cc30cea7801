/* For the files of this folder: decoding again what a finished heap holds. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_HEAP_DECODE_H
#define HEAPGLASS_INTROSPECT_HEAP_HEAP_DECODE_H

#include "introspect/heap/heap.h"

/* A decoding state without references and buffers; damage goes to `ignored`, since it was told when
 * the heap was built. */
void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored);

#endif
