/* Where the objects of each type hang, against what is said of that type alone. */
#include "introspect/analyses/path_classes.h"
#include "introspect/analyses/type_holders.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>
#include <string.h>

static struct graph *graph_of(struct fake_heap *heap) {
    const struct graph_options options = {.threads = 2};
    struct graph *graph;
    fake_heap_build(heap, 2);
    cr_assert_null(graph_build(heap->heap, &options, &graph));
    return graph;
}

static struct type_holders find(const struct graph *graph) {
    struct type_holders holders;
    cr_assert_null(type_holders_find(graph, NULL, &holders));
    cr_assert_eq(holders.type_count, heap_type_count(graph->heap));
    return holders;
}

static const struct type_holder *holder_of(const struct graph *graph,
                                           const struct type_holders *holders, uint64_t object) {
    return &holders->of[heap_type(graph->heap, heap_find(graph->heap, object))->id];
}

/* Each type by itself. */
static void expect_as_alone(const struct graph *graph, const struct type_holders *holders) {
    bool *wanted = calloc(holders->type_count + 1, sizeof *wanted);
    for (size_t type = 0; type < holders->type_count; type++) {
        struct merged_paths paths;
        wanted[type] = true;
        cr_assert_null(paths_to_types(graph, NULL, wanted, NULL, NULL, &paths));
        wanted[type] = false;
        cr_expect_eq(holders->of[type].objects, paths.count ? paths.items[0].count : 0);
        if (paths.count)
            cr_expect_str_eq(holders->of[type].path, paths.items[0].text);
        else
            cr_expect_null(holders->of[type].path);
        merged_paths_free(&paths);
    }
    free(wanted);
}

Test(type_holders, where_most_hang) {
    EACH_VERSION(heap) {
        uint64_t floats[9], name = fake_heap_str(heap, "orders");
        for (int i = 0; i < 9; i++)
            floats[i] = fake_heap_float(heap, i);
        uint64_t few = fake_heap_list(heap, 2, floats);
        uint64_t lists[] = {fake_heap_list(heap, 3, floats + 2),
                            fake_heap_list(heap, 3, floats + 5)};
        uint64_t inner = fake_heap_list(heap, 2, lists);
        uint64_t dict = fake_heap_dict(heap, 1, (uint64_t[]){name, inner});
        uint64_t lost = fake_heap_tuple(heap, 1, floats + 8);
        fake_heap_root(heap, few);
        fake_heap_root(heap, dict);
        fake_heap_track(heap, lost);
        struct graph *graph = graph_of(heap);
        struct type_holders holders = find(graph);
        const struct type_holder *of_floats = holder_of(graph, &holders, floats[0]);
        const struct type_holder *of_lists = holder_of(graph, &holders, few);
        cr_expect_eq(of_floats->objects, 6);
        cr_expect_str_eq(of_floats->path, "sys.modules[*][*][*][*]");
        cr_expect_eq(of_lists->objects, 2);
        cr_expect_str_eq(of_lists->path, "sys.modules[*][*][*]");
        cr_expect_str_eq(holder_of(graph, &holders, name)->path, "sys.modules[*].keys()[*]");
        cr_expect_null(holder_of(graph, &holders, lost)->path);
        cr_expect_eq(holder_of(graph, &holders, lost)->objects, 0);
        expect_as_alone(graph, &holders);
        type_holders_free(&holders);
        graph_destroy(graph);
    }
}

/* A chain has a path for each link, and thousands of them would be as long as they are many. */
Test(type_holders, long_chains_are_told_by_their_beginning) {
    EACH_VERSION(heap) {
        enum { LINKS = 300 };
        uint64_t link = fake_heap_float(heap, 1);
        for (int i = 0; i < LINKS; i++)
            link = fake_heap_tuple(heap, 1, &link);
        fake_heap_root(heap, link);
        struct graph *graph = graph_of(heap);
        struct type_holders holders = find(graph);
        const struct type_holder *of_links = holder_of(graph, &holders, link);
        cr_expect_eq(of_links->objects, LINKS + 2 - PATH_CLASS_TRUNK);
        cr_expect_eq(strlen(of_links->path),
                     strlen("sys.modules ...") + strlen("[*]") * (PATH_CLASS_TRUNK - 1));
        cr_expect(!strncmp(of_links->path, "sys.modules[*][*]", 17));
        expect_as_alone(graph, &holders);
        type_holders_free(&holders);
        graph_destroy(graph);
    }
}

Test(type_holders, cancelled) {
    EACH_VERSION(heap) {
        int cancel = 1;
        struct graph *graph = graph_of(heap);
        struct type_holders holders;
        struct err *err = type_holders_find(graph, &cancel, &holders);
        cr_assert_not_null(err);
        cr_expect_eq(err_code(err), ERR_CANCELLED);
        err_free(err);
        graph_destroy(graph);
    }
}
