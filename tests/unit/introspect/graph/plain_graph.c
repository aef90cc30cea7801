#include "tests/unit/introspect/graph/plain_graph.h"

#include <stdlib.h>
#include <string.h>

void plain_edge(struct heap *heap, uint32_t from, uint32_t to, unsigned properties) {
    if (heap->edge_count < PLAIN_EDGES)
        heap->edges[heap->edge_count++] = (struct plain_edge){from, to, properties};
}

void plain_root(struct heap *heap, uint32_t object, enum root_kind kind, unsigned properties) {
    struct root root = {.kind = kind,
                        .holder = heap->root_count,
                        .reference = {.target = object + 1, .properties = (uint16_t)properties}};
    if (heap->root_count < PLAIN_ROOTS)
        heap->roots[heap->root_count++] = (struct held_root){object, root};
}

void plain_hidden(struct heap *heap, uint32_t object, unsigned count) {
    heap->refcount[object] += count;
}

static int compare_roots(const void *left, const void *right) {
    const struct held_root *a = left, *b = right;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->root.kind < b->root.kind ? -1 : a->root.kind > b->root.kind;
}

static void fill_references(struct graph *graph, const struct heap *heap) {
    uint64_t count = 0;
    for (uint32_t id = 0; id < heap->count; id++) {
        graph->first[id] = count;
        for (size_t i = 0; i < heap->edge_count; i++) {
            if (heap->edges[i].from != id)
                continue;
            graph->targets[count] = heap->edges[i].to;
            graph->properties[count++] = (uint8_t)heap->edges[i].properties;
        }
    }
    graph->first[heap->count] = count;
}

static void fill_referrers(struct graph *graph, const struct heap *heap) {
    uint64_t count = 0;
    for (uint32_t id = 0; id < heap->count; id++) {
        graph->first_referrer[id] = count;
        for (uint32_t from = 0; from < heap->count; from++) {
            for (uint64_t i = graph->first[from]; i < graph->first[from + 1]; i++) {
                if (graph->targets[i] == id)
                    graph->referrers[count++] =
                        from << REFERRER_SHIFT | (graph->properties[i] & REFERRER_PROPERTIES);
            }
        }
    }
    graph->first_referrer[heap->count] = count;
}

static void reach(struct heap *heap, uint32_t id) {
    if (heap->flags[id] & OBJECT_REACHABLE)
        return;
    heap->flags[id] |= OBJECT_REACHABLE;
    for (size_t i = 0; i < heap->edge_count; i++) {
        if (heap->edges[i].from == id && heap->edges[i].properties & REFERENCE_RETAINS)
            reach(heap, heap->edges[i].to);
    }
}

struct graph *plain_graph(struct heap *heap) {
    struct graph *graph = calloc(1, sizeof *graph);
    graph->heap = heap;
    graph->object_count = heap->count;
    graph->first = calloc(PLAIN_OBJECTS + 1, sizeof *graph->first);
    graph->first_referrer = calloc(PLAIN_OBJECTS + 1, sizeof *graph->first_referrer);
    graph->targets = calloc(PLAIN_EDGES, sizeof *graph->targets);
    graph->referrers = calloc(PLAIN_EDGES, sizeof *graph->referrers);
    graph->properties = calloc(PLAIN_EDGES, 1);
    fill_references(graph, heap);
    fill_referrers(graph, heap);
    for (size_t i = 0; i < heap->edge_count; i++)
        heap->refcount[heap->edges[i].to] += (heap->edges[i].properties & REFERENCE_COUNTED) != 0;
    for (size_t i = 0; i < heap->root_count; i++) {
        unsigned properties = heap->roots[i].root.reference.properties;
        heap->refcount[heap->roots[i].object] += (properties & REFERENCE_COUNTED) != 0;
        if (properties & REFERENCE_RETAINS)
            reach(heap, heap->roots[i].object);
    }
    qsort(heap->roots, heap->root_count, sizeof *heap->roots, compare_roots);
    graph->roots = (struct root_list){heap->roots, heap->root_count};
    return graph;
}

void plain_graph_free(struct graph *graph) {
    free(graph->first);
    free(graph->first_referrer);
    free(graph->targets);
    free(graph->referrers);
    free(graph->properties);
    free(graph);
}

uint32_t plain_random(uint64_t *seed, uint32_t limit) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return (uint32_t)(*seed >> 33) % limit;
}

/* ---- what the algorithms ask a heap ---------------------------------------------------------- */

static const struct type plain_type = {.name = "Plain"};

uint32_t heap_count(const struct heap *heap) {
    return heap->count;
}
const struct type *heap_type(const struct heap *heap, uint32_t id) {
    (void)heap, (void)id;
    return &plain_type;
}
uint64_t heap_address(const struct heap *heap, uint32_t id) {
    (void)heap;
    return id + 1;
}
uint64_t heap_refcount(const struct heap *heap, uint32_t id) {
    return heap->refcount[id];
}
uint64_t heap_footprint(const struct heap *heap, uint32_t id) {
    return heap->footprint[id];
}
unsigned heap_flags(const struct heap *heap, uint32_t id) {
    return heap->flags[id];
}
enum gc_state heap_gc_state(const struct heap *heap, uint32_t id) {
    return heap->gc[id];
}
size_t heap_interpreter_count(const struct heap *heap) {
    (void)heap;
    return 1;
}
int64_t heap_interpreter(const struct heap *heap, uint32_t id) {
    (void)heap, (void)id;
    return 0;
}
void heap_label(const struct heap *heap, uint32_t id, const struct reference *reference,
                struct strbuf *out) {
    (void)heap, (void)id;
    strbuf_printf(out, ".to%u", (unsigned)reference->target - 1);
}

const struct held_root *root_list_of(const struct root_list *list, uint32_t object, size_t *count) {
    size_t first = 0;
    while (first < list->count && list->items[first].object < object)
        first++;
    *count = 0;
    while (first + *count < list->count && list->items[first + *count].object == object)
        ++*count;
    return list->items + first;
}

void graph_labelled(const struct graph *graph, uint32_t id, graph_visit *visit, void *context) {
    for (uint64_t i = graph->first[id]; i < graph->first[id + 1]; i++) {
        struct reference reference = {.target = graph->targets[i] + 1u,
                                      .properties = graph->properties[i]};
        visit(context, (size_t)(i - graph->first[id]), graph->targets[i], &reference);
    }
}

int64_t graph_hidden(const struct graph *graph, uint32_t id) {
    struct graph_referrers referrers = graph_referrers(graph, id);
    int64_t hidden = (int64_t)heap_refcount(graph->heap, id);
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    for (size_t i = 0; i < referrers.count; i++)
        hidden -= (referrers.items[i] & REFERENCE_COUNTED) != 0;
    for (size_t i = 0; i < count; i++)
        hidden -= (roots[i].root.reference.properties & REFERENCE_COUNTED) != 0;
    return hidden;
}
