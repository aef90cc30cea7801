/* The whole way from an image to a heap, and everything that can be asked of it. */
#include "tests/fuzz/fuzz.h"

#include "introspect/heap/heap.h"
#include "tests/fuzz/sparse_image.h"

#include <stdio.h>
#include <stdlib.h>

struct walk {
    const struct heap *heap;
    uint32_t id;
    size_t labels;
    struct strbuf text;
};

#define check(holds) ((holds) ? (void)0 : fail(#holds))

static void fail(const char *what) {
    fprintf(stderr, "fuzz_heap: does not hold: %s\n", what);
    abort();
}

static void label_reference(void *context, const struct reference *reference) {
    struct walk *walk = context;
    check(reference->target != 0);
    if (++walk->labels > 100) /* enough of a long array */
        return;
    strbuf_clear(&walk->text);
    heap_label(walk->heap, walk->id, reference, &walk->text);
}

static void walk_object(struct walk *walk, uint32_t id) {
    const struct heap *heap = walk->heap;
    const struct type *type = heap_type(heap, id);
    check(type && type->name && heap_find(heap, heap_address(heap, id)) == id);
    heap_refcount(heap, id);
    heap_flags(heap, id);
    heap_gc_state(heap, id);
    heap_interpreter(heap, id);
    walk->id = id;
    walk->labels = 0;
    heap_references(heap, id, label_reference, walk);
    strbuf_clear(&walk->text);
    heap_preview(heap, id, &walk->text);
    check(walk->text.length < 1 << 16);
}

static void walk_heap(const struct heap *heap) {
    struct walk walk = {.heap = heap};
    uint64_t size = 0, footprint = 0, found[3] = {0};
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        walk_object(&walk, id);
        size += heap_size(heap, id);
        footprint += heap_footprint(heap, id);
        found[heap_found(heap, id)]++;
    }
    const struct heap_totals *totals = heap_totals(heap);
    check(totals->objects == heap_count(heap));
    check(totals->size == size && totals->footprint == footprint);
    check(totals->tracked == found[FOUND_TRACKED] && totals->reachable == found[FOUND_REACHABLE] &&
          totals->allocator == found[FOUND_ALLOCATOR]);
    for (uint32_t id = 0; id < heap_type_count(heap); id++)
        check(heap_type_by_id(heap, id)->id == id);
    struct heap_block blocks[16];
    check(heap_unclaimed(heap, blocks, 16) <= 16);
    heap_accounts(heap);
    heap_damage(heap);
    strbuf_free(&walk.text);
}

/* Built a second time without a table of objects, it has to have the same sums. */
static void compare_totals(const struct sparse_image *sparse, const struct runtime *runtime,
                           const struct heap *heap) {
    struct heap *totals = NULL;
    struct heap_options options = {.threads = 1, .totals_only = true};
    fuzz_must(heap_build(sparse->image, sparse->layout, runtime, &options, &totals));
    check(!memcmp(heap_totals(heap), heap_totals(totals), sizeof(struct heap_totals)));
    check(!memcmp(heap_accounts(heap), heap_accounts(totals), sizeof(struct heap_accounts)));
    heap_destroy(totals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct sparse_image sparse;
    struct runtime *runtime = NULL;
    struct heap *heap = NULL;
    sparse_image_read(&input, &sparse);
    struct heap_options options = {.threads = 1};
    struct err *err = runtime_read(sparse.image, sparse.layout, sparse.runtime, &runtime);
    if (!err)
        err = heap_build(sparse.image, sparse.layout, runtime, &options, &heap);
    if (!err)
        walk_heap(heap);
    if (!err && size % 4 == 0) /* not always: it takes time */
        compare_totals(&sparse, runtime, heap);
    heap_destroy(heap);
    runtime_destroy(runtime);
    sparse_image_free(&sparse);
    err_free(err);
    return 0;
}
