/* Labels that are asked for one by one, in any order, against decoding everything. */
#include "introspect/analyses/object.h"
#include "introspect/analyses/paths.h"
#include "introspect/analyses/reference_labels.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 3000, FLOATS = 7, WILD = 1234 };

static struct graph *graph_of(struct fake_heap *heap) {
    const struct graph_options options = {.threads = 2};
    struct graph *graph;
    fake_heap_build(heap, 2);
    cr_assert_null(graph_build(heap->heap, &options, &graph));
    return graph;
}

/* A list with many references to few objects, and one that leads nowhere; returns one of those objects. */
static uint64_t add_list(struct fake_heap *heap) {
    uint64_t floats[FLOATS], items[ITEMS];
    for (size_t i = 0; i < FLOATS; i++)
        floats[i] = fake_heap_float(heap, (double)i);
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = i == WILD ? FAKE_WILD : floats[i % FLOATS];
    fake_heap_root(heap, fake_heap_list(heap, ITEMS, items));
    fake_heap_root(heap, fake_heap_tuple(heap, 2, floats));
    for (size_t i = 0; i < FLOATS; i++)
        fake_heap_refcount(heap, floats[i], ITEMS / FLOATS + 2);
    return floats[0];
}

struct expected {
    struct reference_labels *labels;
    uint32_t owner;
    uint64_t seen;
};

static bool same(const struct reference *a, const struct reference *b) {
    return a->target == b->target && a->argument == b->argument && a->label == b->label &&
           a->properties == b->properties;
}

static void expect_label(void *context, size_t position, uint32_t target,
                         const struct reference *reference) {
    struct expected *expected = context;
    struct reference label;
    (void)target;
    cr_assert(reference_label_at(expected->labels, expected->owner, TOWARDS_REFERENCES, position,
                                 &label));
    cr_expect(same(&label, reference), "position %zu", position);
    expected->seen++;
}

Test(reference_labels, are_those_of_the_references) {
    EACH_VERSION(heap) {
        add_list(heap);
        struct graph *graph = graph_of(heap);
        struct expected expected = {0};
        struct reference label;
        cr_assert_null(reference_labels_create(graph, &expected.labels));
        for (uint32_t id = graph->object_count; id-- > 0;) {
            expected.owner = id;
            graph_labelled(graph, id, expect_label, &expected);
            size_t count = graph_references(graph, id).count;
            cr_expect_not(
                reference_label_at(expected.labels, id, TOWARDS_REFERENCES, count, &label));
        }
        cr_expect_eq(expected.seen, graph_reference_count(graph));
        reference_labels_destroy(expected.labels);
        graph_destroy(graph);
    }
}

/* Each item of the list refers to its own place, whatever is asked for before. */
Test(reference_labels, are_those_of_the_referrers) {
    EACH_VERSION(heap) {
        uint32_t id;
        uint64_t address = add_list(heap);
        struct graph *graph = graph_of(heap);
        struct reference_labels *labels;
        cr_assert_null(reference_labels_create(graph, &labels));
        cr_assert_neq(id = heap_find(graph->heap, address), HEAP_NONE);
        struct graph_referrers referrers = graph_referrers(graph, id);
        cr_expect_gt(referrers.count, ITEMS / FLOATS);
        for (size_t step = 0; step < referrers.count; step++) {
            struct reference label;
            size_t at = step * 101 % referrers.count;
            uint32_t owner = referrer_id(referrers.items[at]);
            cr_assert(reference_label_at(labels, id, TOWARDS_REFERRERS, at, &label));
            cr_expect_eq(label.target, address);
            cr_expect_eq(label.label, LABEL_ITEM);
            size_t before = 0;
            while (before < at && referrer_id(referrers.items[at - before - 1]) == owner)
                before++;
            if (heap_type(graph->heap, owner)->address == heap->list_type)
                cr_expect_eq(label.argument, before * FLOATS);
        }
        reference_labels_destroy(labels);
        graph_destroy(graph);
    }
}

static void keep_argument(void *context, size_t position, uint32_t target,
                          const struct reference *reference) {
    uint64_t *arguments = context;
    (void)target;
    arguments[position] = reference->argument + 1;
}

Test(graph_labelled_part, visits_no_others) {
    static const uint64_t parts[][2] = {{0, 1},    {1, 5},          {1230, 10}, {2990, 100},
                                        {2999, 1}, {0, UINT64_MAX}, {5000, 1}};
    EACH_VERSION(heap) {
        add_list(heap);
        struct graph *graph = graph_of(heap);
        for (uint32_t id = 0; id < graph->object_count; id++) {
            uint64_t all[ITEMS + 16] = {0};
            size_t count = graph_references(graph, id).count;
            cr_assert_leq(count, ITEMS + 16);
            graph_labelled(graph, id, keep_argument, all);
            for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
                uint64_t found[ITEMS + 16] = {0};
                graph_labelled_part(graph, id, parts[part][0], parts[part][1], keep_argument,
                                    found);
                for (size_t i = 0; i < count; i++) {
                    bool inside = i >= parts[part][0] && i - parts[part][0] < parts[part][1];
                    cr_assert_eq(found[i], inside ? all[i] : 0);
                }
            }
        }
        graph_destroy(graph);
    }
}

/* The sum has every counted reference: those that are named, "more", hidden. */
Test(object_details_from_graph, adds_up) {
    EACH_VERSION(heap) {
        uint64_t address = add_list(heap);
        struct graph *graph = graph_of(heap);
        struct reference_labels *labels;
        struct object_details details;
        struct strbuf text = {0};
        uint32_t id = heap_find(graph->heap, address);
        cr_assert_null(reference_labels_create(graph, &labels));
        cr_assert_null(object_details_from_graph(graph, labels, id, &details));
        cr_expect_eq(details.found + (uint64_t)details.hidden, heap_refcount(graph->heap, id));
        cr_expect_eq(details.holders.count + details.more_holders, details.found);
        object_refcount_text(&details, &text);
        cr_expect(strstr(text.text, " more"), "%s", text.text);
        strbuf_free(&text);
        object_details_free(&details);
        reference_labels_destroy(labels);
        graph_destroy(graph);
    }
}

/* One by one they are the same as all at once. */
Test(path_ways, are_the_paths) {
    EACH_VERSION(heap) {
        uint64_t address = add_list(heap);
        struct graph *graph = graph_of(heap);
        struct path_ways *ways;
        struct paths paths;
        uint32_t id = heap_find(graph->heap, address);
        cr_assert_null(path_ways_find(graph, id, HEAP_NONE, NULL, NULL, &ways));
        cr_assert_null(paths_to_object(graph, id, HEAP_NONE, NULL, SIZE_MAX, NULL, &paths));
        cr_assert_eq(path_ways_count(ways), paths.all);
        cr_assert_eq(paths.count, paths.all);
        cr_expect_geq(paths.count, 2);
        for (size_t i = paths.count; i-- > 0;) {
            struct path path;
            struct strbuf one = {0}, other = {0};
            cr_assert_null(path_ways_path(ways, i, &path));
            cr_expect_eq(path_ways_length(ways, i), path.hop_count);
            cr_expect_eq(path_ways_root(ways, i), path.root);
            path_text(graph->heap, &path, &one);
            path_text(graph->heap, &paths.items[i], &other);
            cr_expect_str_eq(strbuf_text(&one), strbuf_text(&other));
            strbuf_free(&one);
            strbuf_free(&other);
            path_free(&path);
        }
        paths_free(&paths);
        path_ways_destroy(ways);
        graph_destroy(graph);
    }
}
