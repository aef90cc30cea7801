/* Sums over the objects of a type. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_SUMS_H
#define HEAPGLASS_INTROSPECT_HEAP_SUMS_H

#include <stdint.h>

struct heap_sums {
    uint64_t objects, size, footprint, unreachable; /* sizes in bytes */
};

#endif
