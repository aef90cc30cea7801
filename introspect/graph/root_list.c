#include "introspect/graph/root_list.h"

#include "introspect/heap/heap_private.h"
#include "introspect/heap/static_types.h"
#include "introspect/objects/dict.h"

#include <stdlib.h>

struct collector {
    const struct heap *heap;
    struct vec(struct held_root) roots;
    struct vec(uint64_t) words; /* where exact roots lie; sorted before guesses come */
    bool out_of_memory;
};

static int compare_words(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void take(void *context, const struct root *root) {
    struct collector *collector = context;
    /* A frame's globals are its function's; a module's dict is worth its name. */
    if (!(root->reference.properties & REFERENCE_RETAINS) && root->kind != ROOT_MODULE)
        return;
    struct held_root held = {heap_find(collector->heap, root->reference.target), *root};
    if (held.object == HEAP_NONE)
        return;
    collector->out_of_memory |= !vec_push(&collector->roots, held);
    if (root->word)
        collector->out_of_memory |= !vec_push(&collector->words, root->word);
}

/* A word that is known as an exact root is no guess, too. */
static void take_guess(void *context, const struct root *root) {
    struct collector *collector = context;
    if (root->kind == ROOT_C_GLOBAL && collector->words.count &&
        bsearch(&root->holder, collector->words.items, collector->words.count,
                sizeof *collector->words.items, compare_words))
        return;
    take(collector, root);
}

/* Types that are not on the heap are roots wherever they were met: their modules are never unloaded. */
static void take_static_types(struct collector *collector) {
    const struct heap *heap = collector->heap;
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        const struct type *type = heap_type_by_id(heap, i);
        struct root root = {.kind = ROOT_TYPE,
                            .reference = {type->address, 0, REFERENCE_RETAINS, LABEL_TYPE}};
        if (!type->heap_type)
            take(collector, &root);
    }
}

static void take_interned(struct collector *collector, uint64_t dict) {
    const struct heap *heap = collector->heap;
    struct damage_list ignored;
    struct decode decode;
    struct dict_items items;
    heap_decode_init(heap, &decode, &ignored);
    if (!dict_items_read(&decode, dict, &items))
        return;
    for (uint64_t i = 0; i < items.count; i++) {
        uint64_t key = 0, value = 0;
        uint32_t id = dict_item(&items, i, &key, &value) ? heap_find(heap, key) : HEAP_NONE;
        struct root root = {.kind = ROOT_INTERNED,
                            .holder = dict,
                            .reference = {key, i, REFERENCE_RETAINS, LABEL_DICT_KEY}};
        if (id != HEAP_NONE && heap_flags(heap, id) & OBJECT_IMMORTAL)
            take(collector, &root);
    }
}

/* Words in blocks that no object owns: some C code keeps them. */
static void take_unclaimed(struct collector *collector) {
    const struct heap *heap = collector->heap;
    struct root root = {
        .kind = ROOT_C_MEMORY,
        .reference = {.properties = REFERENCE_RETAINS | REFERENCE_COUNTED | REFERENCE_GUESSED,
                      .label = LABEL_OFFSET}};
    vec_each (block, &heap->unclaimed) {
        const uint8_t *bytes = image_pin(heap->image, block->address, block->size);
        for (uint64_t at = 0; bytes && at + 8 <= block->size; at += 8) {
            root.holder = block->address + at;
            root.reference.target = load_u64(bytes + at);
            take(collector, &root);
        }
    }
}

static int compare_u64(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static int compare_roots(const void *left, const void *right) {
    const struct held_root *a = left, *b = right;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    if (a->root.kind != b->root.kind)
        return a->root.kind < b->root.kind ? -1 : 1;
    if (a->root.holder != b->root.holder)
        return compare_u64(a->root.holder, b->root.holder);
    if (a->root.reference.label != b->root.reference.label)
        return a->root.reference.label < b->root.reference.label ? -1 : 1;
    return compare_u64(a->root.reference.argument, b->root.reference.argument);
}

/* The roots of a heap that has a list of them. */
static void take_known(void *context, const struct root *root) {
    struct collector *collector = context;
    struct held_root held = {heap_find(collector->heap, root->reference.target), *root};
    if (held.object != HEAP_NONE)
        collector->out_of_memory |= !vec_push(&collector->roots, held);
}

static struct err *decode_roots(struct collector *collector) {
    const struct heap *heap = collector->heap;
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    roots_exact(&decode, heap->runtime, take, collector);
    take_static_types(collector);
    for (size_t i = 0; i < heap->marking.interned.count; i++)
        take_interned(collector, heap->marking.interned.dicts[i]);
    if (collector->words.count)
        qsort(collector->words.items, collector->words.count, sizeof *collector->words.items,
              compare_words);
    roots_guessed(&decode, heap->runtime, take_guess, collector);
    vec_free(&collector->words);
    take_unclaimed(collector);
    if (collector->roots.count)
        qsort(collector->roots.items, collector->roots.count, sizeof *collector->roots.items,
              compare_roots);
    return NULL;
}

struct err *root_list_collect(const struct heap *heap, struct root_list *ret) {
    struct collector collector = {.heap = heap};
    struct err *err = heap->provider->roots ? heap->provider->roots(heap, take_known, &collector)
                                            : decode_roots(&collector);
    if (!err && collector.out_of_memory)
        err = err_no_memory();
    if (err) {
        vec_free(&collector.roots);
        return err;
    }
    *ret = (struct root_list){collector.roots.items, collector.roots.count};
    return NULL;
}

void root_list_clear(struct root_list *list) {
    free(list->items);
    *list = (struct root_list){0};
}

const struct held_root *root_list_of(const struct root_list *list, uint32_t object, size_t *count) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < list->count && list->items[end].object == object)
        end++;
    *count = end - low;
    return *count ? list->items + low : NULL;
}
