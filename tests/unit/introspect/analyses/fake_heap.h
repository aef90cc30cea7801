/* A heap made of plain arrays behind the functions of introspect/heap/heap.h, for whoever stands on
 * them. Objects are in order of address. */
#ifndef HEAPGLASS_TESTS_FAKE_HEAP_H
#define HEAPGLASS_TESTS_FAKE_HEAP_H

#include "introspect/heap/heap.h"

struct fake_object {
    uint64_t address;
    uint32_t type; /* index into types */
    uint64_t refcount, size, footprint;
    unsigned flags;
    enum gc_state gc;
    enum object_found found;
    const char *preview;
};

struct fake_reference {
    uint32_t owner;
    uint64_t target;
    unsigned properties;
    const char *label;
};

struct heap {
    const struct type *types;
    uint32_t type_count;
    const struct fake_object *objects;
    uint32_t count;
    const struct fake_reference *references;
    size_t reference_count;
    struct heap_accounts accounts;
    struct damage_list damage;
    struct heap_totals totals; /* fake_heap_add_up fills it in */
};

void fake_heap_add_up(struct heap *heap);

/* How many interpreters it has: 1, unless a test says otherwise; of two, the first object is the other's. */
extern size_t fake_interpreters;

/* A small web shop: 3 dicts, 4 strings, 2 Orders of one class and 1 of another of the same name. */
extern struct heap fake_shop;

#endif
