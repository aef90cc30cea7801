#include "fake_heap.h"

#include <string.h>

uint32_t heap_count(const struct heap *heap) {
    return heap->count;
}
uint32_t heap_type_count(const struct heap *heap) {
    return heap->type_count;
}

const struct type *heap_type_by_id(const struct heap *heap, uint32_t type_id) {
    return &heap->types[type_id];
}

uint32_t heap_find(const struct heap *heap, uint64_t address) {
    for (uint32_t id = 0; id < heap->count; id++) {
        if (heap->objects[id].address == address)
            return id;
    }
    return HEAP_NONE;
}

uint64_t heap_address(const struct heap *heap, uint32_t id) {
    return heap->objects[id].address;
}
uint64_t heap_refcount(const struct heap *heap, uint32_t id) {
    return heap->objects[id].refcount;
}
uint64_t heap_size(const struct heap *heap, uint32_t id) {
    return heap->objects[id].size;
}
unsigned heap_flags(const struct heap *heap, uint32_t id) {
    return heap->objects[id].flags;
}

const struct type *heap_type(const struct heap *heap, uint32_t id) {
    return &heap->types[heap->objects[id].type];
}

/* Valid until the next call. */
const struct heap_sums *heap_type_sums(const struct heap *heap, uint32_t type_id) {
    static struct heap_sums sums;
    sums = (struct heap_sums){0};
    for (uint32_t id = 0; id < heap->count; id++) {
        const struct fake_object *object = &heap->objects[id];
        if (object->type != type_id)
            continue;
        sums.objects++;
        sums.size += object->size;
        sums.footprint += object->footprint;
        sums.unreachable += !(object->flags & OBJECT_REACHABLE);
    }
    return &sums;
}

uint64_t heap_footprint(const struct heap *heap, uint32_t id) {
    return heap->objects[id].footprint;
}

enum gc_state heap_gc_state(const struct heap *heap, uint32_t id) {
    return heap->objects[id].gc;
}
enum object_found heap_found(const struct heap *heap, uint32_t id) {
    return heap->objects[id].found;
}

size_t fake_interpreters = 1;

int64_t heap_interpreter(const struct heap *heap, uint32_t id) {
    (void)heap;
    return fake_interpreters > 1 && id == 0;
}

size_t heap_interpreter_count(const struct heap *heap) {
    (void)heap;
    return fake_interpreters;
}

int64_t heap_interpreter_id(const struct heap *heap, size_t index) {
    (void)heap;
    return (int64_t)index;
}

void heap_references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    for (size_t i = 0; i < heap->reference_count; i++) {
        const struct fake_reference *fake = &heap->references[i];
        if (fake->owner != id)
            continue;
        struct reference reference = {.target = fake->target,
                                      .argument = (uint64_t)(uintptr_t)fake->label,
                                      .properties = (uint16_t)fake->properties};
        visit(context, &reference);
    }
}

void heap_label(const struct heap *heap, uint32_t id, const struct reference *reference,
                struct strbuf *out) {
    (void)heap, (void)id;
    strbuf_puts(out, (const char *)(uintptr_t)reference->argument);
}

void heap_preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    if (heap->objects[id].preview)
        strbuf_puts(out, heap->objects[id].preview);
}

bool heap_previews_match(const struct heap *heap, uint32_t id, const struct heap *other,
                         uint32_t other_id) {
    (void)heap, (void)id, (void)other, (void)other_id;
    return false;
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

void fake_heap_add_up(struct heap *heap) {
    heap->totals = (struct heap_totals){.objects = heap->count};
    for (uint32_t id = 0; id < heap->count; id++) {
        const struct fake_object *object = &heap->objects[id];
        heap->totals.size += object->size;
        heap->totals.footprint += object->footprint;
        heap->totals.tracked += object->found == FOUND_TRACKED;
        heap->totals.reachable += object->found == FOUND_REACHABLE;
        heap->totals.allocator += object->found == FOUND_ALLOCATOR;
        heap->totals.unreachable += !(object->flags & OBJECT_REACHABLE);
    }
}

static const struct type shop_types[] = {
    {.address = 0x1000, .id = 0, .name = "dict"},
    {.address = 0x1100, .id = 1, .name = "str"},
    {.address = 0x7f0000001000, .id = 2, .name = "shop.models.Order"},
    {.address = 0x7f0000002000, .id = 3, .name = "shop.models.Order"},
    {.address = 0x1200, .id = 4, .name = "set"}, /* no objects */
    {.address = 0x7f0000003000, .id = 5, .name = "shop.views.Order"},
};

#define OK OBJECT_REACHABLE
static const struct fake_object shop_objects[] = {
    {0x2000, 0, 1, 232, 248, OK, GC_OLD, FOUND_TRACKED, "{2 items}"},
    {0x2100, 1, 3, 51, 64, OK, GC_NONE, FOUND_REACHABLE, "'ab'"},
    {0x2140, 1, UINT32_MAX, 50, 0, OK | OBJECT_IMMORTAL | OBJECT_STATIC, GC_NONE, FOUND_REACHABLE,
     "'a'"},
    {0x2200, 2, 2, 48, 64, OK, GC_OLD, FOUND_TRACKED, NULL},
    {0x2240, 2, 1, 48, 64, OK | OBJECT_SIZE_INEXACT, GC_YOUNG, FOUND_TRACKED, NULL},
    {0x2300, 0, 1, 64, 80, OK, GC_UNTRACKED, FOUND_REACHABLE, "{}"},
    {0x2400, 3, 1, 48, 64, 0, GC_YOUNG, FOUND_TRACKED, NULL},
    {0x2500, 1, 1, 1000049, 1048576, 0, GC_NONE, FOUND_ALLOCATOR,
     "'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'..."},
    {0x2600, 1, 1, 52, 64, OK, GC_NONE, FOUND_REACHABLE, "'abc'"},
    {0x2700, 0, 2, 232, 248, OK, GC_OLD, FOUND_TRACKED, "{1 item}"},
    {0x2800, 5, 1, 48, 64, OK | OBJECT_GUESSED, GC_NONE, FOUND_ALLOCATOR, NULL},
};
#undef OK

static const struct fake_reference shop_references[] = {
    {0, 0x2200, REFERENCE_STRONG, "['order']"},
    {0, 0x2100, REFERENCE_UNTRAVERSED, "key 'ab'"},
    {3, 0x2700, REFERENCE_STRONG, ".__dict__"},
    {3, 0x2100, REFERENCE_STRONG, ".name"},
    {3, 0x2100, REFERENCE_STRONG, ".title"},
    {4, 0x2200, REFERENCE_WEAK, ".peer"},
    {4, 0x2240, REFERENCE_STRONG | REFERENCE_GUESSED, "+24"},
    {4, 0x2140, REFERENCE_STRONG, ".letter"},
    {9, 0x2240, REFERENCE_STRONG, "['self']"},
    {9, 0x2240, REFERENCE_STRONG, "['me']"},
    {9, 0x99999, REFERENCE_STRONG, "['gone']"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
struct heap fake_shop = {
    .types = shop_types,
    .type_count = COUNT(shop_types),
    .objects = shop_objects,
    .count = COUNT(shop_objects),
    .references = shop_references,
    .reference_count = COUNT(shop_references),
    .accounts = {.pymalloc_footprint = 896, .malloc_footprint = 1048576, .free_bytes = 300000},
};

void heap_preview_contents(const struct heap *heap, uint32_t id, struct strbuf *out) {
    heap_preview(heap, id, out);
}
