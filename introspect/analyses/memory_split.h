/* Where a process's resident memory is: the parts that add up to its RSS. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_MEMORY_SPLIT_H
#define HEAPGLASS_INTROSPECT_ANALYSES_MEMORY_SPLIT_H

#include "introspect/heap/heap.h"

/* What the kernel says is resident, in bytes. */
struct memory_resident {
    uint64_t rss, anonymous, files;
};

/* In bytes; together exactly rss. */
struct memory_split {
    uint64_t rss;
    uint64_t objects;         /* footprint of the Python objects, as far as it can be resident */
    uint64_t pymalloc_free;   /* of pymalloc's arenas, what holds nothing */
    uint64_t other_anonymous; /* other data of the process: malloc, C extensions, stacks */
    uint64_t files;           /* pages of mapped files: programs, libraries, data */
    uint64_t rest;            /* shared memory, and what the kernel's counters disagree about */
};

struct memory_split memory_split(const struct heap *heap, struct memory_resident resident);

/* The same from plain numbers: the footprint of all objects and the free bytes of the arenas. */
struct memory_split memory_split_of(struct memory_resident resident, uint64_t objects,
                                    uint64_t pymalloc_free);

#endif
