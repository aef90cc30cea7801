#include "each_version.h"
#include "introspect/heap/gc_lists.h"

#include <criterion/criterion.h>

static struct damage_list damage;

static struct gc_lists walk(struct fake_heap *heap) {
    struct gc_lists lists;
    damage = (struct damage_list){0};
    cr_assert_null(gc_lists_walk(heap->image, heap->layout, heap->runtime, &damage, NULL, &lists));
    return lists;
}

static bool has(const struct fake_heap *heap, const struct bitmap *bitmap, uint64_t object) {
    return bitmap_test(bitmap, image_place(heap->image, object));
}

static uint64_t head_of(const struct fake_heap *heap, unsigned generation) {
    return heap->interpreter + heap->layout->interpreter.gc.offset +
           heap->layout->gc_state.generations.offset +
           (uint64_t)generation * heap->layout->gc_generation.size;
}

/* The GC head of an object. */
static uint64_t entry(const struct fake_heap *heap, uint64_t object) {
    return object - heap->layout->trait.header_before_gc;
}

static void set_next(struct fake_heap *heap, uint64_t object, uint64_t next) {
    fake_set(&heap->fake, entry(heap, object), heap->layout->gc_head.gc_next, next);
}

static void make_three(struct fake_heap *heap, uint64_t lists[3]) {
    for (int i = 0; i < 3; i++) {
        lists[i] = fake_heap_list(heap, 0, NULL);
        fake_heap_track(heap, lists[i]);
    }
    fake_heap_finish(heap);
}

Test(gc_lists, generations_and_the_permanent_one) {
    EACH_VERSION(heap) {
        uint64_t young = fake_heap_list(heap, 0, NULL), old = fake_heap_list(heap, 0, NULL);
        uint64_t frozen = fake_heap_list(heap, 0, NULL), untracked = fake_heap_list(heap, 0, NULL);
        fake_heap_track(heap, young);
        cr_assert(vec_push(&heap->old, old));
        cr_assert(vec_push(&heap->permanent, frozen));
        fake_heap_finish(heap);
        struct gc_lists lists = walk(heap);
        cr_expect_eq(lists.count, 3);
        cr_expect(has(heap, &lists.tracked, young) && has(heap, &lists.young, young) &&
                  !has(heap, &lists.permanent, young));
        cr_expect(has(heap, &lists.tracked, old) && !has(heap, &lists.young, old) &&
                  !has(heap, &lists.permanent, old));
        cr_expect(has(heap, &lists.tracked, frozen) && !has(heap, &lists.young, frozen) &&
                  has(heap, &lists.permanent, frozen));
        cr_expect_not(has(heap, &lists.tracked, untracked));
        cr_expect_eq(damage.count, 0);
        gc_lists_clear(&lists);
    }
}

Test(gc_lists, middle_generation_is_young_too) {
    EACH_VERSION(heap) {
        uint64_t list = fake_heap_list(heap, 0, NULL);
        fake_heap_finish(heap);
        fake_gc_list(&heap->fake, head_of(heap, 1), 1, &list);
        struct gc_lists lists = walk(heap);
        cr_expect(has(heap, &lists.young, list));
        gc_lists_clear(&lists);
    }
}

Test(gc_lists, object_at_8_modulo_16) {
    EACH_VERSION(heap) {
        uint64_t list = fake_heap_malloc(heap, 1000) + 24;
        fake_heap_track(heap, list);
        fake_heap_finish(heap);
        struct gc_lists lists = walk(heap);
        cr_expect(has(heap, &lists.tracked, list) && has(heap, &lists.odd, list));
        gc_lists_clear(&lists);
    }
}

Test(gc_lists, broken_back_link_is_told_and_the_rest_followed) {
    EACH_VERSION(heap) {
        uint64_t objects[3];
        make_three(heap, objects);
        fake_set(&heap->fake, entry(heap, objects[1]), heap->layout->gc_head.gc_prev, FAKE_WILD);
        struct gc_lists lists = walk(heap);
        cr_expect_eq(lists.count, 3);
        cr_expect_eq(fake_heap_damage(&damage, "back link"), 1);
        cr_expect_eq(damage.items[0].first, entry(heap, objects[1]));
        gc_lists_clear(&lists);
    }
}

/* While it collects, the back links hold counts. */
Test(gc_lists, back_links_of_a_running_collection_are_no_damage) {
    EACH_VERSION(heap) {
        uint64_t objects[3];
        fake_set(&heap->fake, heap->interpreter + heap->layout->interpreter.gc.offset,
                 heap->layout->gc_state.collecting, 1);
        make_three(heap, objects);
        for (int i = 0; i < 3; i++)
            fake_set(&heap->fake, entry(heap, objects[i]), heap->layout->gc_head.gc_prev, 6);
        struct gc_lists lists = walk(heap);
        cr_expect_eq(lists.count, 3);
        cr_expect_eq(damage.count, 0);
        gc_lists_clear(&lists);
    }
}

Test(gc_lists, circle_that_never_returns_to_its_head) {
    EACH_VERSION(heap) {
        uint64_t objects[3];
        make_three(heap, objects);
        set_next(heap, objects[2], entry(heap, objects[1]));
        struct gc_lists lists = walk(heap);
        cr_expect_eq(lists.count, 3);
        cr_expect_eq(fake_heap_damage(&damage, "chain"), 1);
        gc_lists_clear(&lists);
    }
}

Test(gc_lists, wild_links) {
    EACH_VERSION(heap) {
        uint64_t objects[3];
        uint64_t targets[] = {0, 4, FAKE_WILD, UINT64_MAX, heap->arena + 4, 1ull << 47};
        make_three(heap, objects);
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
            set_next(heap, objects[1], targets[i]);
            struct gc_lists lists = walk(heap);
            cr_expect_eq(lists.count, 2, "%zu", i);
            cr_expect_eq(fake_heap_damage(&damage, "absent"), 1, "%zu", i);
            gc_lists_clear(&lists);
        }
    }
}

Test(gc_lists, flags_in_links_are_no_part_of_them) {
    EACH_VERSION(heap) {
        uint64_t objects[3];
        make_three(heap, objects);
        /* PREV_MASK_FINALIZED and NEXT_MASK_UNREACHABLE */
        set_next(heap, objects[0], entry(heap, objects[1]) | 1);
        fake_set(&heap->fake, entry(heap, objects[1]), heap->layout->gc_head.gc_prev,
                 entry(heap, objects[0]) | 3);
        struct gc_lists lists = walk(heap);
        cr_expect_eq(lists.count, 3);
        cr_expect_eq(damage.count, 0);
        gc_lists_clear(&lists);
    }
}
