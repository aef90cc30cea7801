/* Garbage against CPython's rule, written as what may be freed at all: a set of tracked objects is garbage
 * if all their refcounts are explained by references among them, and it is the largest such set. */
#include "introspect/analyses/garbage.h"
#include "tests/unit/introspect/graph/plain_graph.h"

#include <criterion/criterion.h>

enum { RANDOM_GRAPHS = 3000 };

static uint64_t traversed_from(const struct heap *heap, const bool *set, uint32_t to) {
    uint64_t count = 0;
    for (size_t i = 0; i < heap->edge_count; i++)
        count += heap->edges[i].to == to && set[heap->edges[i].from] &&
                 heap->edges[i].properties & REFERENCE_TRAVERSED;
    return count;
}

/* Takes out of the tracked objects, one after the other, what others than they hold. */
static void largest_unheld_set(const struct heap *heap, bool *set) {
    for (uint32_t id = 0; id < heap->count; id++)
        set[id] = heap->gc[id] == GC_YOUNG || heap->gc[id] == GC_OLD;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t id = 0; id < heap->count; id++) {
            if (set[id] && heap->refcount[id] > traversed_from(heap, set, id)) {
                set[id] = false;
                changed = true;
            }
        }
    }
}

static void check(struct heap *heap) {
    struct garbage garbage;
    bool expected[PLAIN_OBJECTS];
    struct graph *graph = plain_graph(heap);
    cr_assert_null(garbage_find(graph, 0, NULL, &garbage));
    largest_unheld_set(heap, expected);
    uint64_t count = 0, members = 0, footprint = 0;
    for (uint32_t id = 0; id < heap->count; id++) {
        cr_assert_eq(garbage.state[id] == GARBAGE_TRACKED, expected[id], "object %u", id);
        count += expected[id];
    }
    cr_assert_eq(garbage.gc_objects, count);
    for (size_t i = 0; i < garbage.group_count; i++) {
        members += garbage.groups[i].objects;
        footprint += garbage.groups[i].footprint;
    }
    cr_assert_eq(members, garbage.member_count);
    cr_assert_eq(footprint, garbage.footprint);
    garbage_free(&garbage);
    plain_graph_free(graph);
}

Test(garbage, random_graphs) {
    static const enum gc_state states[] = {GC_YOUNG, GC_OLD, GC_YOUNG, GC_PERMANENT, GC_UNTRACKED};
    uint64_t seed = 7;
    for (int i = 0; i < RANDOM_GRAPHS; i++) {
        struct heap heap = {.count = 1 + plain_random(&seed, 20)};
        for (uint32_t id = 0; id < heap.count; id++) {
            heap.gc[id] = states[plain_random(&seed, 5)];
            heap.footprint[id] = 16 + plain_random(&seed, 50);
        }
        for (uint32_t k = plain_random(&seed, heap.count * 2); k > 0; k--) {
            uint32_t from = plain_random(&seed, heap.count);
            plain_edge(&heap, from, plain_random(&seed, heap.count),
                       heap.gc[from] == GC_UNTRACKED ? REFERENCE_UNTRAVERSED : REFERENCE_STRONG);
        }
        for (uint32_t k = plain_random(&seed, 3); k > 0; k--)
            plain_root(&heap, plain_random(&seed, heap.count), ROOT_MODULE, REFERENCE_UNTRAVERSED);
        if (plain_random(&seed, 2))
            plain_hidden(&heap, plain_random(&seed, heap.count), 1);
        check(&heap);
    }
}

Test(garbage, groups_are_what_hangs_together) {
    struct heap heap = {.count = 6, .footprint = {1, 2, 4, 8, 16, 32}};
    for (uint32_t id = 0; id < 5; id++)
        heap.gc[id] = GC_YOUNG;
    plain_edge(&heap, 0, 1, REFERENCE_STRONG);
    plain_edge(&heap, 1, 0, REFERENCE_STRONG);
    plain_edge(&heap, 2, 3, REFERENCE_STRONG);
    plain_edge(&heap, 3, 2, REFERENCE_STRONG);
    plain_edge(&heap, 3, 5, REFERENCE_STRONG); /* not tracked, kept by nothing else */
    plain_root(&heap, 4, ROOT_MODULE, REFERENCE_UNTRAVERSED);
    struct garbage garbage;
    struct graph *graph = plain_graph(&heap);
    cr_assert_null(garbage_find(graph, 0, NULL, &garbage));
    cr_assert_eq(garbage.group_count, 2);
    cr_expect_eq(garbage.groups[0].gc_objects, 2);
    cr_expect_eq(garbage.groups[0].objects, 3);
    cr_expect_eq(garbage.groups[0].footprint, 4 + 8 + 32);
    cr_expect_eq(garbage.groups[1].footprint, 1 + 2);
    cr_expect_eq(garbage.state[4], GARBAGE_NONE);
    garbage_free(&garbage);
    plain_graph_free(graph);
}
