/* Retained sizes against taking each object away and looking what is reached without it. */
#include "introspect/graph/dominators.h"
#include "tests/unit/introspect/graph/plain_graph.h"

#include <criterion/criterion.h>
#include <string.h>

enum { RANDOM_GRAPHS = 3000 };

static void reach_without(const struct heap *heap, uint32_t id, uint32_t without, bool *reached) {
    if (id == without || reached[id])
        return;
    reached[id] = true;
    for (size_t i = 0; i < heap->edge_count; i++) {
        if (heap->edges[i].from == id && heap->edges[i].properties & REFERENCE_RETAINS)
            reach_without(heap, heap->edges[i].to, without, reached);
    }
}

/* What roots and hidden references lead to, but for the objects of `without` (as if they were gone). */
static void reached_without(const struct graph *graph, uint32_t without, bool *reached) {
    const struct heap *heap = graph->heap;
    memset(reached, 0, PLAIN_OBJECTS * sizeof *reached);
    for (size_t i = 0; i < heap->root_count; i++) {
        if (heap->roots[i].root.reference.properties & REFERENCE_RETAINS)
            reach_without(heap, heap->roots[i].object, without, reached);
    }
    for (uint32_t id = 0; id < heap->count; id++) {
        if (graph_hidden(graph, id) > 0)
            reach_without(heap, id, without, reached);
    }
}

static void check_retained(const struct graph *graph, const struct dominators *dominators) {
    bool all[PLAIN_OBJECTS], rest[PLAIN_OBJECTS];
    reached_without(graph, HEAP_NONE, all);
    uint64_t whole = 0;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        uint64_t retained = 0;
        reached_without(graph, id, rest);
        for (uint32_t other = 0; other < graph->object_count; other++) {
            if (all[other] && !rest[other])
                retained += heap_footprint(graph->heap, other);
        }
        whole += all[id] ? heap_footprint(graph->heap, id) : 0;
        cr_assert_eq(dominators_retained(dominators, id), retained, "object %u: %llu, not %llu", id,
                     (unsigned long long)dominators_retained(dominators, id),
                     (unsigned long long)retained);
        cr_assert_eq(dominators_parent(dominators, id) == HEAP_NONE, !all[id]);
    }
    cr_assert_eq(dominators_retained(dominators, DOMINATORS_ROOT), whole);
}

/* Every node's children, added up with itself, are what it retains. */
static void check_children(const struct graph *graph, const struct dominators *dominators) {
    for (uint32_t id = 0; id < graph->object_count + 2; id++) {
        uint32_t node = id == graph->object_count       ? DOMINATORS_HIDDEN
                        : id == graph->object_count + 1 ? DOMINATORS_ROOT
                                                        : id;
        uint32_t *children = NULL;
        size_t count = 0;
        uint64_t sum =
            node < graph->object_count && dominators_parent(dominators, node) != HEAP_NONE
                ? heap_footprint(graph->heap, node)
                : 0;
        cr_assert_null(dominators_children(dominators, node, &children, &count));
        for (size_t i = 0; i < count; i++) {
            sum += dominators_retained(dominators, children[i]);
            cr_assert_eq(dominators_parent(dominators, children[i]), node);
            if (i)
                cr_assert_leq(dominators_retained(dominators, children[i]),
                              dominators_retained(dominators, children[i - 1]));
        }
        cr_assert_eq(dominators_retained(dominators, node), sum);
        free(children);
    }
}

static uint32_t by_three(const void *context, uint32_t id) {
    (void)context;
    return id % 4; /* the last is no group */
}

static void check_groups(const struct graph *graph, const struct dominators *dominators) {
    uint64_t retained[3], expected[3] = {0};
    cr_assert_null(dominators_retained_by_group(dominators, by_three, NULL, 3, retained));
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (by_three(NULL, id) == 3 || dominators_parent(dominators, id) == HEAP_NONE)
            continue;
        bool below = false;
        for (uint32_t above = dominators_parent(dominators, id); above < graph->object_count;
             above = dominators_parent(dominators, above))
            below |= by_three(NULL, above) == by_three(NULL, id);
        if (!below)
            expected[by_three(NULL, id)] += dominators_retained(dominators, id);
    }
    cr_assert_arr_eq(retained, expected, sizeof retained);
}

static void check(struct heap *heap) {
    struct dominators *dominators = NULL;
    struct graph *graph = plain_graph(heap);
    cr_assert_null(dominators_build(graph, NULL, &dominators));
    check_retained(graph, dominators);
    check_children(graph, dominators);
    check_groups(graph, dominators);
    dominators_destroy(dominators);
    plain_graph_free(graph);
}

static void randomize(struct heap *heap, uint64_t *seed) {
    static const unsigned kinds[] = {REFERENCE_STRONG, REFERENCE_STRONG, REFERENCE_UNTRAVERSED,
                                     REFERENCE_WEAK, REFERENCE_RETAINS};
    *heap = (struct heap){.count = 1 + plain_random(seed, 24)};
    uint32_t edges = plain_random(seed, heap->count * 3 + 1);
    for (uint32_t id = 0; id < heap->count; id++)
        heap->footprint[id] = 16 + plain_random(seed, 100);
    for (uint32_t i = 0; i < edges; i++)
        plain_edge(heap, plain_random(seed, heap->count), plain_random(seed, heap->count),
                   kinds[plain_random(seed, 5)]);
    for (uint32_t i = plain_random(seed, 4); i > 0; i--)
        plain_root(heap, plain_random(seed, heap->count), ROOT_MODULE,
                   plain_random(seed, 3) ? REFERENCE_UNTRAVERSED : REFERENCE_WEAK);
    for (uint32_t i = plain_random(seed, 3); i > 0; i--)
        plain_hidden(heap, plain_random(seed, heap->count), 1);
}

Test(dominators, random_graphs) {
    uint64_t seed = 1;
    for (int i = 0; i < RANDOM_GRAPHS; i++) {
        struct heap heap;
        randomize(&heap, &seed);
        check(&heap);
    }
}

Test(dominators, what_two_roots_hold_neither_retains) {
    struct heap heap = {.count = 3, .footprint = {10, 20, 30}};
    plain_root(&heap, 0, ROOT_MODULE, REFERENCE_UNTRAVERSED);
    plain_root(&heap, 1, ROOT_FRAME, REFERENCE_UNTRAVERSED);
    plain_edge(&heap, 0, 2, REFERENCE_STRONG);
    plain_edge(&heap, 1, 2, REFERENCE_STRONG);
    struct dominators *dominators = NULL;
    struct graph *graph = plain_graph(&heap);
    cr_assert_null(dominators_build(graph, NULL, &dominators));
    cr_expect_eq(dominators_retained(dominators, 0), 10);
    cr_expect_eq(dominators_retained(dominators, 1), 20);
    cr_expect_eq(dominators_parent(dominators, 2), DOMINATORS_ROOT);
    dominators_destroy(dominators);
    plain_graph_free(graph);
}

Test(dominators, hidden_references_are_a_group) {
    struct heap heap = {.count = 3, .footprint = {10, 20, 30}};
    plain_root(&heap, 0, ROOT_MODULE, REFERENCE_UNTRAVERSED);
    plain_hidden(&heap, 1, 1);
    plain_edge(&heap, 1, 2, REFERENCE_STRONG);
    struct dominators *dominators = NULL;
    struct graph *graph = plain_graph(&heap);
    cr_assert_null(dominators_build(graph, NULL, &dominators));
    cr_expect_eq(dominators_parent(dominators, 1), DOMINATORS_HIDDEN);
    cr_expect_eq(dominators_retained(dominators, DOMINATORS_HIDDEN), 50);
    cr_expect_eq(dominators_retained(dominators, DOMINATORS_ROOT), 60);
    dominators_destroy(dominators);
    plain_graph_free(graph);
}
