#include "introspect/graph/graph.h"

#include "base/big_memory.h"
#include "introspect/graph/graph_private.h"

#include <stdlib.h>

static struct err *build(struct graph *graph, const struct graph_options *options,
                         struct guesses *guesses) {
    if (graph->object_count >> (32 - REFERRER_SHIFT))
        return err_new(ERR_BUDGET, "the graph has room for %u objects, the heap has %u",
                       1u << (32 - REFERRER_SHIFT), graph->object_count);
    TRY(root_list_collect(graph->heap, &graph->roots));
    TRY(graph_decode(graph, options, guesses));
    TRY(graph_reverse(graph, options));
    return graph_believe(graph, guesses);
}

struct err *graph_build(const struct heap *heap, const struct graph_options *options,
                        struct graph **ret) {
    static const struct graph_options defaults;
    struct graph *graph = calloc(1, sizeof *graph);
    struct guesses guesses = {0};
    if (!graph)
        return err_no_memory();
    graph->heap = heap;
    graph->object_count = heap_count(heap);
    struct err *err = build(graph, options ? options : &defaults, &guesses);
    vec_free(&guesses);
    if (err) {
        graph_destroy(graph);
        return err;
    }
    *ret = graph;
    return NULL;
}

void graph_destroy(struct graph *graph) {
    if (!graph)
        return;
    size_t rows = (size_t)graph->object_count + 1;
    uint64_t references = graph->first ? graph_reference_count(graph) : 0;
    root_list_clear(&graph->roots);
    big_free(graph->targets, (references + 1) * sizeof *graph->targets);
    big_free(graph->properties, references + 1);
    big_free(graph->referrers, (references + 1) * sizeof *graph->referrers);
    big_free(graph->first_referrer, rows * sizeof *graph->first_referrer);
    big_free(graph->first, rows * sizeof *graph->first);
    free(graph->guessed);
    free(graph);
}

/* ---- labels ---------------------------------------------------------------------------------- */

struct labeller {
    const struct graph *graph;
    struct graph_references references;
    uint64_t decoded;
    size_t position, first, end;
    bool objects_only; /* what is decoded are the graph's references, no more */
    graph_visit *visit;
    void *context;
};

static void count_decoded(void *context, const struct reference *reference) {
    (void)reference;
    ((struct labeller *)context)->decoded++;
}

/* The objects among the decoded targets are the graph's references, in the same order: they need not be found. */
static void label(void *context, const struct reference *reference) {
    struct labeller *labeller = context;
    size_t position = labeller->position;
    if (position >= labeller->end)
        return;
    if (labeller->objects_only && position < labeller->first) {
        labeller->position++;
        return;
    }
    uint32_t target = labeller->references.targets[position];
    if (heap_address(labeller->graph->heap, target) != reference->target)
        return; /* no object is there */
    labeller->position++;
    if (position < labeller->first)
        return;
    struct reference known = *reference;
    known.properties = labeller->references.properties[position];
    labeller->visit(labeller->context, position, target, &known);
}

void graph_labelled_part(const struct graph *graph, uint32_t id, uint64_t first, uint64_t count,
                         graph_visit *visit, void *context) {
    struct labeller labeller = {.graph = graph,
                                .references = graph_references(graph, id),
                                .first = first,
                                .visit = visit,
                                .context = context};
    size_t all = labeller.references.count;
    if (first >= all)
        return;
    labeller.end = count < all - first ? first + count : all;
    if (first)
        heap_references(graph->heap, id, count_decoded, &labeller);
    labeller.objects_only = first && labeller.decoded == all;
    heap_references(graph->heap, id, label, &labeller);
}

void graph_labelled(const struct graph *graph, uint32_t id, graph_visit *visit, void *context) {
    graph_labelled_part(graph, id, 0, UINT64_MAX, visit, context);
}

/* ---- refcounts ------------------------------------------------------------------------------- */

/* _PyObject_IMMORTAL_REFCNT (CPython 3.11, Include/internal/pycore_object.h): of deep-frozen code, small
 * ints, strings of one letter, ... It goes up and down, and nobody cares. */
static size_t guesses_of(const struct graph *graph, uint32_t id) {
    size_t low = 0, high = graph->guessed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (graph->guessed[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < graph->guessed_count && graph->guessed[end] == id)
        end++;
    return end - low;
}

struct graph_counted graph_counted(const struct graph *graph, uint32_t id) {
    struct graph_counted counted = {
        .by_guesses = guesses_of(graph, id),
        .by_definition = (heap_flags(graph->heap, id) & OBJECT_STATIC) != 0,
    };
    struct graph_referrers referrers = graph_referrers(graph, id);
    for (size_t i = 0; i < referrers.count; i++)
        counted.by_objects += (referrers.items[i] & REFERENCE_COUNTED) != 0;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    for (size_t i = 0; i < count; i++)
        counted.by_roots += (roots[i].root.reference.properties & REFERENCE_COUNTED) != 0;
    return counted;
}

int64_t graph_hidden(const struct graph *graph, uint32_t id) {
    if (!refcount_tells(graph->heap, id))
        return 0;
    struct graph_counted counted = graph_counted(graph, id);
    return (int64_t)(heap_refcount(graph->heap, id) - counted.by_objects - counted.by_roots -
                     counted.by_definition);
}
