/* Runs the body once for each layout, with a fresh fake heap. */
#ifndef HEAPGLASS_TESTS_UNIT_EACH_VERSION_H
#define HEAPGLASS_TESTS_UNIT_EACH_VERSION_H

#include "tests/unit/introspect/heap/fake_heap_image.h"

#define EACH_VERSION(heap)                                                                         \
    for (size_t version_ = 0; version_ < 4; version_++)                                            \
        for (struct fake_heap *heap = fake_heap_of_version(version_); heap;                        \
             fake_heap_destroy(heap), heap = NULL)

static inline struct fake_heap *fake_heap_of_version(size_t index) {
    static const char *const versions[] = {"3.11.2", "3.13.0", "3.14.10", "3.15.2"};
    static struct fake_heap heap;
    fake_heap_create(&heap, versions[index]);
    return &heap;
}

#endif
