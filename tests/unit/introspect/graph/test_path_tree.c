/* Shortest paths against distances found by relaxing every edge until nothing changes. */
#include "introspect/analyses/paths.h"
#include "tests/unit/introspect/graph/plain_graph.h"

#include <criterion/criterion.h>

enum { RANDOM_GRAPHS = 2000, FAR = 1000 };

static unsigned distance_in(const struct path_tree *tree, uint32_t id) {
    unsigned distance = 0;
    if (tree->parent[id] == HEAP_NONE)
        return FAR;
    for (; !(tree->parent[id] & PATH_FROM_ROOT); id = tree->parent[id])
        distance++;
    return distance;
}

static void relax(const struct heap *heap, uint32_t barrier, unsigned *distance) {
    for (uint32_t id = 0; id < heap->count; id++)
        distance[id] = FAR;
    for (size_t i = 0; i < heap->root_count; i++)
        distance[heap->roots[i].object] = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < heap->edge_count; i++) {
            const struct plain_edge *edge = &heap->edges[i];
            if (edge->properties & REFERENCE_RETAINS && edge->from != barrier &&
                distance[edge->from] + 1 < distance[edge->to]) {
                distance[edge->to] = distance[edge->from] + 1;
                changed = true;
            }
        }
    }
}

Test(path_tree, random_graphs) {
    uint64_t seed = 3;
    for (int i = 0; i < RANDOM_GRAPHS; i++) {
        struct heap heap = {.count = 1 + plain_random(&seed, 30)};
        for (uint32_t k = plain_random(&seed, heap.count * 3); k > 0; k--)
            plain_edge(&heap, plain_random(&seed, heap.count), plain_random(&seed, heap.count),
                       plain_random(&seed, 5) ? REFERENCE_STRONG : REFERENCE_WEAK);
        for (uint32_t k = plain_random(&seed, 4); k > 0; k--)
            plain_root(&heap, plain_random(&seed, heap.count), ROOT_MODULE, REFERENCE_UNTRAVERSED);
        struct path_filter filter = {
            .barrier = plain_random(&seed, 2) ? HEAP_NONE : plain_random(&seed, heap.count)};
        unsigned expected[PLAIN_OBJECTS];
        struct path_tree tree;
        struct graph *graph = plain_graph(&heap);
        cr_assert_null(path_tree_grow(graph, HEAP_NONE, &filter, NULL, &tree));
        relax(&heap, filter.barrier, expected);
        for (uint32_t id = 0; id < heap.count; id++)
            cr_assert_eq(distance_in(&tree, id), expected[id]);
        path_tree_free(&tree);
        plain_graph_free(graph);
    }
}

/* Of two ways of one length that from the kind of root that people know better. */
Test(path_tree, kinds_of_roots_break_ties) {
    struct heap heap = {.count = 3};
    plain_root(&heap, 0, ROOT_C_GLOBAL, REFERENCE_UNTRAVERSED | REFERENCE_GUESSED);
    plain_root(&heap, 1, ROOT_MODULE, REFERENCE_UNTRAVERSED);
    plain_edge(&heap, 0, 2, REFERENCE_STRONG);
    plain_edge(&heap, 1, 2, REFERENCE_STRONG);
    struct path_tree tree;
    struct graph *graph = plain_graph(&heap);
    cr_assert_null(path_tree_grow(graph, HEAP_NONE, NULL, NULL, &tree));
    cr_expect_eq(tree.parent[2], 1);
    path_tree_free(&tree);
    const struct path_filter no_modules = {.roots = {[ROOT_MODULE] = true}, .barrier = HEAP_NONE};
    cr_assert_null(path_tree_grow(graph, HEAP_NONE, &no_modules, NULL, &tree));
    cr_expect_eq(tree.parent[2], 0);
    path_tree_free(&tree);
    const char *const names[] = {".to2"};
    const struct path_filter no_attribute = {
        .attributes = names, .attribute_count = 1, .barrier = HEAP_NONE};
    cr_assert_null(path_tree_grow(graph, HEAP_NONE, &no_attribute, NULL, &tree));
    cr_expect_eq(tree.parent[2], HEAP_NONE);
    path_tree_free(&tree);
    plain_graph_free(graph);
}
