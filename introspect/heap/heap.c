#include "introspect/heap/heap_private.h"
#include "introspect/runtime/gc_status.h"

enum { REFERENCES = 1024 };

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
    return columns_find(&heap->columns, image_place(heap->image, address));
}

uint64_t heap_address(const struct heap *heap, uint32_t id) {
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
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    uint64_t place = (uint64_t)heap->columns.granule[id] << GRANULE_SHIFT;
    for (size_t i = 0; i < heap->gc.interpreter_count; i++) {
        if (bitmap_test(&heap->gc.of_interpreter[i], place))
            return interpreters[i].id;
    }
    const struct pymalloc *pymalloc = &heap->pymalloc;
    size_t owner = pymalloc->pool_owner && pymalloc_is_arena(pymalloc, place)
                       ? pymalloc->pool_owner[place >> pymalloc->pool_shift]
                       : count - 1; /* the main one, which comes last */
    return interpreters[owner < count ? owner : count - 1].id;
}

void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored) {
    ignored->count = 0;
    *decode = (struct decode){.image = heap->image,
                              .layout = heap->layout,
                              .types = heap->types,
                              .damage = ignored,
                              .interpreters = heap->interpreters.items,
                              .interpreter_count = heap->interpreters.count};
}

struct visitor {
    const struct heap *heap;
    heap_visit *visit;
    void *context;
    bool weak; /* whatever the object refers to, it does not hold */
};

static void pass_on(struct decode *decode) {
    const struct visitor *visitor = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        struct reference *reference = &decode->references[i];
        if (reference->properties & REFERENCE_GUESSED &&
            heap_find(visitor->heap, reference->target) == HEAP_NONE)
            continue; /* any word may be guessed to be one */
        if (visitor->weak)
            reference->properties = REFERENCE_WEAK;
        visitor->visit(visitor->context, reference);
    }
    decode->reference_count = 0;
}

void heap_references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    struct reference references[REFERENCES];
    uint64_t address = heap_address(heap, id);
    struct visitor visitor = {heap, visit, context, interned_is(&heap->marking.interned, address)};
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    decode.references = references;
    decode.reference_capacity = REFERENCES;
    decode.flush = pass_on;
    decode.context = &visitor;
    struct object object;
    if (!object_view_typed(&decode, address, heap_type(heap, id), &object))
        return;
    object_references(&decode, &object);
    pass_on(&decode);
}

void heap_preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    struct object object;
    const struct decoder *decoder = heap_type(heap, id)->decoder;
    if (decoder && decoder->preview &&
        object_view_typed(&decode, heap_address(heap, id), heap_type(heap, id), &object))
        decoder->preview(&decode, &object, out);
}

size_t heap_interpreter_count(const struct heap *heap) {
    size_t count = 0;
    runtime_interpreters(heap->runtime, &count);
    return count;
}

/* The runtime has them the other way round. */
static const struct interpreter *interpreter_at(const struct heap *heap, size_t index) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    return &interpreters[count - 1 - (index < count ? index : 0)];
}

int64_t heap_interpreter_id(const struct heap *heap, size_t index) {
    return interpreter_at(heap, index)->id;
}

bool heap_gc_status(const struct heap *heap, size_t index, struct gc_status *ret) {
    return gc_status_read(heap->image, heap->layout, interpreter_at(heap, index), ret);
}

const struct heap_sums *heap_type_sums(const struct heap *heap, uint32_t type_id) {
    static const struct heap_sums none;
    return type_id < heap->marking.sums.count ? &heap->marking.sums.items[type_id] : &none;
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
