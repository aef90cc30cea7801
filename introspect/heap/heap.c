#include "introspect/heap/heap_private.h"

uint32_t heap_count(const struct heap *heap) {
    return heap->columns.count;
}

const struct type *heap_type_by_id(const struct heap *heap, uint32_t type_id) {
    return type_table_by_id(heap->types, type_id);
}

uint32_t heap_type_count(const struct heap *heap) {
    return type_table_count(heap->types);
}

uint32_t heap_find(const struct heap *heap, uint64_t address) {
    return heap->columns.addresses
               ? columns_find_address(&heap->columns, address)
               : columns_find(&heap->columns, image_place(heap->image, address));
}

uint64_t heap_address(const struct heap *heap, uint32_t id) {
    if (heap->columns.addresses)
        return heap->columns.addresses[id];
    uint64_t place = (uint64_t)heap->columns.granule[id] << GRANULE_SHIFT;
    return image_address_of_place(heap->image, place) +
           (bitmap_test(&heap->columns.odd, place) ? 8 : 0);
}

const struct type *heap_type(const struct heap *heap, uint32_t id) {
    return type_table_by_id(heap->types, heap->columns.kind[id] & ((1u << TYPE_ID_BITS) - 1));
}

uint64_t heap_refcount(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.refcount, id);
}

uint64_t heap_size(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.size, id);
}

uint64_t heap_footprint(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.footprint, id);
}

unsigned heap_flags(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> FLAGS_SHIFT & ((1u << (GC_STATE_SHIFT - FLAGS_SHIFT)) - 1);
}

enum gc_state heap_gc_state(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> GC_STATE_SHIFT & ((1u << (FOUND_SHIFT - GC_STATE_SHIFT)) - 1);
}

enum object_found heap_found(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> FOUND_SHIFT;
}

int64_t heap_interpreter(const struct heap *heap, uint32_t id) {
    return heap->interpreters.count > 1 ? heap->provider->interpreter(heap, id)
                                        : heap_interpreter_id(heap, 0);
}

size_t heap_interpreter_count(const struct heap *heap) {
    return heap->interpreters.count;
}

int64_t heap_interpreter_id(const struct heap *heap, size_t index) {
    return index < heap->interpreters.count ? heap->interpreters.items[index].id : 0;
}

bool heap_gc_status(const struct heap *heap, size_t index, struct gc_status *ret) {
    if (index >= heap->interpreters.count || !heap->interpreters.items[index].has_gc)
        return false;
    *ret = heap->interpreters.items[index].gc;
    return true;
}

const struct heap_sums *heap_type_sums(const struct heap *heap, uint32_t type_id) {
    static const struct heap_sums none;
    return type_id < heap->sums.count ? &heap->sums.items[type_id] : &none;
}

const struct heap_totals *heap_totals(const struct heap *heap) {
    return &heap->totals;
}
const struct heap_accounts *heap_accounts(const struct heap *heap) {
    return &heap->accounts;
}
const struct damage_list *heap_damage(const struct heap *heap) {
    return &heap->damage;
}

size_t heap_unclaimed(const struct heap *heap, struct heap_block *blocks, size_t limit) {
    size_t count = heap->unclaimed.count < limit ? heap->unclaimed.count : limit;
    if (count)
        memcpy(blocks, heap->unclaimed.items, count * sizeof *blocks);
    return count;
}

const struct guess_source *heap_guess_source(const struct heap *heap, uint64_t target) {
    size_t low = 0, high = heap->guesses.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (heap->guesses.items[middle].target < target)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < heap->guesses.count && heap->guesses.items[low].target == target;
    return found ? &heap->guesses.items[low] : NULL;
}

/* ---- what the provider tells ------------------------------------------------------------------- */

void heap_references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    heap->provider->references(heap, id, visit, context);
}
bool heap_closure_variable(const struct heap *heap, uint32_t function, uint64_t index,
                           struct strbuf *out) {
    return heap->provider->closure_variable(heap, function, index, out);
}
bool heap_default_argument(const struct heap *heap, uint32_t function, uint64_t index,
                           struct strbuf *out) {
    return heap->provider->default_argument(heap, function, index, out);
}

void heap_destroy(struct heap *heap) {
    if (!heap)
        return;
    heap->provider->destroy(heap);
    columns_clear(&heap->columns);
    type_table_destroy(heap->types);
    vec_free(&heap->unclaimed);
    vec_free(&heap->interpreters);
    vec_free(&heap->sums);
    vec_free(&heap->guesses);
    bitmap_free(&heap->declared);
    free(heap->hidden_types);
    free(heap);
}
