#include "introspect/analyses/memory_split.h"

/* Takes at most `wanted` out of what is left. Footprints count swapped and never touched pages too,
 * which are not resident: no part may be larger than what the kernel counts. */
static uint64_t take(uint64_t *left, uint64_t wanted) {
    uint64_t taken = wanted < *left ? wanted : *left;
    *left -= taken;
    return taken;
}

struct memory_split memory_split_of(struct memory_resident resident, uint64_t objects,
                                    uint64_t pymalloc_free) {
    struct memory_split split = {.rss = resident.rss};
    uint64_t left = resident.rss;
    uint64_t anonymous = take(&left, resident.anonymous);
    split.objects = take(&anonymous, objects);
    split.pymalloc_free = take(&anonymous, pymalloc_free);
    split.other_anonymous = anonymous;
    split.files = take(&left, resident.files);
    split.rest = left;
    return split;
}

struct memory_split memory_split(const struct heap *heap, struct memory_resident resident) {
    const struct heap_accounts *accounts = heap_accounts(heap);
    return memory_split_of(resident, accounts->pymalloc_footprint + accounts->malloc_footprint,
                           accounts->free_bytes + accounts->parked_bytes);
}
