/* The forward side: every object's references, decoded on all threads. */
#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/gauge.h"
#include "introspect/graph/graph_private.h"
#include "introspect/heap/heap_private.h"
#include "introspect/heap/parallel.h"

#include <stdlib.h>

enum {
    PART = 1 << 14,    /* objects that a thread takes at a time */
    REFERENCES = 4096, /* decoded before their targets are looked up, all at once */
    BATCH = 1024,
    HEADERS_AHEAD = 24,
    BODIES_AHEAD = 16,
};

/* The references of the objects of one part. */
struct part {
    uint32_t *targets;
    uint8_t *properties;
    size_t count, capacity;
};

struct decoder_thread {
    struct graph *graph;
    struct part *parts;
    const volatile int *cancel;
    struct part *part; /* being filled */
    struct decode decode;
    struct damage_list ignored; /* told when the heap was built */
    struct reference references[REFERENCES];
    uint64_t places[REFERENCES];
    struct {
        uint32_t id;
        uint32_t end; /* of its references; of the last object: so far */
        bool weak;    /* whatever it refers to, it does not hold */
    } owners[BATCH];
    size_t owner_count;
    struct guesses guesses;
    struct err *err;
    bool out_of_memory;
};

static bool part_reserve(struct part *part, size_t more) {
    if (part->capacity - part->count >= more)
        return true;
    size_t capacity =
        part->capacity * 2 > part->count + more ? part->capacity * 2 : part->count + more + PART;
    uint32_t *targets = realloc(part->targets, capacity * sizeof *targets);
    if (!targets)
        return false;
    part->targets = targets;
    uint8_t *properties = realloc(part->properties, capacity);
    if (!properties)
        return false;
    part->properties = properties;
    part->capacity = capacity;
    return true;
}

/* ---- from addresses to ids ------------------------------------------------------------------- */

static void prefetch_targets(struct decoder_thread *thread) {
    const struct heap *heap = thread->graph->heap;
    for (size_t i = 0; i < thread->decode.reference_count; i++) {
        thread->places[i] = image_place(heap->image, thread->references[i].target);
        columns_prefetch(&heap->columns, thread->places[i]);
    }
}

static void add(struct decoder_thread *thread, uint32_t owner, uint32_t target, bool weak,
                unsigned properties) {
    struct part *part = thread->part;
    uint64_t *count = &thread->graph->first[owner + 1];
    if (__builtin_expect(weak, 0))
        properties = REFERENCE_WEAK;
    if (__builtin_expect(properties & REFERENCE_GUESSED, 0)) {
        struct guess guess = {owner, target, (uint32_t)*count, (uint16_t)properties, false};
        thread->out_of_memory |= !vec_push(&thread->guesses, guess);
        properties &= ~(unsigned)(REFERENCE_RETAINS | REFERENCE_COUNTED);
    }
    part->targets[part->count] = target;
    part->properties[part->count++] = (uint8_t)properties;
    ++*count;
}

/* Looks up the targets of what is decoded, and files them under their owners. */
static void resolve(struct decoder_thread *thread) {
    const struct columns *columns = &thread->graph->heap->columns;
    size_t count = thread->decode.reference_count, i = 0;
    prefetch_targets(thread);
    if (!part_reserve(thread->part, count)) {
        thread->out_of_memory = true;
        i = count;
    }
    for (size_t k = 0; k < thread->owner_count; k++) {
        for (; i < thread->owners[k].end; i++) {
            uint32_t target = columns_find(columns, thread->places[i]);
            if (target != HEAP_NONE)
                add(thread, thread->owners[k].id, target, thread->owners[k].weak,
                    thread->references[i].properties);
        }
    }
    thread->decode.reference_count = 0;
    thread->owner_count = 0;
}

/* The last owner has more than there is room for. */
static void resolve_full(struct decode *decode) {
    struct decoder_thread *thread = decode->context;
    size_t last = thread->owner_count - 1;
    uint32_t id = thread->owners[last].id;
    bool weak = thread->owners[last].weak;
    thread->owners[last].end = (uint32_t)decode->reference_count;
    resolve(thread);
    thread->owners[0].id = id;
    thread->owners[0].weak = weak;
    thread->owner_count = 1;
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void decode_object(struct decoder_thread *thread, uint32_t id, const struct type *type) {
    const struct heap *heap = thread->graph->heap;
    uint64_t place = (uint64_t)heap->columns.granule[id] << GRANULE_SHIFT;
    struct object object;
    uint64_t address = heap_address(heap, id);
    place += address & 8;
    bool there = type ? object_view_on_page(&thread->decode, address, place, type, &object)
                      : object_view_typed(&thread->decode, address, heap_type(heap, id), &object);
    if (!there || object.type->owns_nothing)
        return;
    thread->owners[thread->owner_count].id = id;
    thread->owners[thread->owner_count++].weak = interned_is(&heap->marking.interned, address);
    object_references(&thread->decode, &object);
    thread->owners[thread->owner_count - 1].end = (uint32_t)thread->decode.reference_count;
    if (thread->decode.reference_count > REFERENCES / 2 || thread->owner_count == BATCH)
        resolve(thread);
}

/* A reference of a heap that has its references already. */
static void take_edge(void *context, uint32_t owner, uint32_t target, unsigned properties) {
    struct decoder_thread *thread = context;
    if (part_reserve(thread->part, 1))
        add(thread, owner, target, false, properties);
    else
        thread->out_of_memory = true;
}

static void decode_part(struct decoder_thread *thread, uint32_t first, uint32_t last) {
    const struct heap *heap = thread->graph->heap;
    const uint32_t *granule = heap->columns.granule;
    const struct type *types[BODIES_AHEAD] = {NULL}; /* of the objects to come */
    if (cancel_asked(thread->cancel))
        return;
    thread->part = &thread->parts[first / PART];
    if (heap->provider->edges) {
        struct err *err = heap->provider->edges(heap, first, last, take_edge, thread);
        if (thread->err)
            err_free(err);
        else
            thread->err = err;
        return;
    }
    for (uint32_t id = first; id < last; id++) {
        if (last - id > HEADERS_AHEAD)
            __builtin_prefetch(heap->image->mirror +
                               ((uint64_t)granule[id + HEADERS_AHEAD] << GRANULE_SHIFT));
        const struct type *type = types[id % BODIES_AHEAD];
        types[id % BODIES_AHEAD] = NULL;
        if (last - id > BODIES_AHEAD)
            types[id % BODIES_AHEAD] = object_prefetch(
                &thread->decode, (uint64_t)granule[id + BODIES_AHEAD] << GRANULE_SHIFT);
        decode_object(thread, id, type);
    }
    resolve(thread);
}

static void decode_range(void *context, size_t first, size_t last) {
    struct decoder_thread *thread = context;
    for (size_t part = first; part < last; part++) {
        size_t end = (part + 1) * PART;
        if (end > thread->graph->object_count)
            end = thread->graph->object_count;
        decode_part(thread, (uint32_t)(part * PART), (uint32_t)end);
        gauge_add(1);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Counts become beginnings. */
static void add_up(struct graph *graph) {
    for (uint32_t id = 0; id < graph->object_count; id++)
        graph->first[id + 1] += graph->first[id];
}

static struct err *lay_side_by_side(struct graph *graph, struct part *parts, size_t part_count) {
    add_up(graph);
    uint64_t count = graph_reference_count(graph);
    graph->targets = big_alloc((count + 1) * sizeof *graph->targets, false);
    graph->properties = big_alloc(count + 1, false);
    if (!graph->targets || !graph->properties)
        return err_no_memory();
    for (size_t i = 0; i < part_count; i++) {
        uint64_t to = graph->first[i * PART];
        if (parts[i].count) {
            memcpy(graph->targets + to, parts[i].targets, parts[i].count * sizeof *graph->targets);
            memcpy(graph->properties + to, parts[i].properties, parts[i].count);
        }
        free(parts[i].targets);
        free(parts[i].properties);
        parts[i] = (struct part){0};
    }
    return NULL;
}

static void thread_init(struct decoder_thread *thread, struct graph *graph, struct part *parts,
                        const volatile int *cancel) {
    thread->graph = graph;
    thread->parts = parts;
    thread->cancel = cancel;
    heap_decode_init(graph->heap, &thread->decode, &thread->ignored);
    thread->decode.references = thread->references;
    thread->decode.reference_capacity = REFERENCES;
    thread->decode.flush = resolve_full;
    thread->decode.context = thread;
}

static struct err *decode_parts(struct graph *graph, const struct graph_options *options,
                                struct part *parts, size_t part_count, struct guesses *guesses) {
    unsigned count = parallel_threads(options->threads);
    struct decoder_thread *threads = calloc(count, sizeof *threads);
    void *contexts[PARALLEL_MAX];
    if (!threads)
        return err_no_memory();
    for (unsigned i = 0; i < count; i++) {
        thread_init(&threads[i], graph, parts, options->cancel);
        contexts[i] = &threads[i];
    }
    gauge_part(0, 50, part_count);
    parallel_for(part_count, 1, count, decode_range, contexts);
    bool failed = false;
    struct err *err = NULL;
    for (unsigned i = 0; i < count; i++) {
        failed |= threads[i].out_of_memory;
        if (err)
            err_free(threads[i].err);
        else
            err = threads[i].err;
        vec_each (guess, &threads[i].guesses)
            failed |= !vec_push(guesses, *guess);
        vec_free(&threads[i].guesses);
    }
    free(threads);
    if (err)
        return err;
    return failed ? err_no_memory() : cancel_check(options->cancel);
}

struct err *graph_decode(struct graph *graph, const struct graph_options *options,
                         struct guesses *guesses) {
    size_t part_count = ((size_t)graph->object_count + PART - 1) / PART;
    struct part *parts = calloc(part_count + 1, sizeof *parts);
    graph->first = big_alloc(((size_t)graph->object_count + 1) * sizeof *graph->first, false);
    struct err *err = parts && graph->first
                          ? decode_parts(graph, options, parts, part_count, guesses)
                          : err_no_memory();
    if (!err)
        err = lay_side_by_side(graph, parts, part_count);
    for (size_t i = 0; parts && i < part_count; i++) {
        free(parts[i].targets);
        free(parts[i].properties);
    }
    free(parts);
    return err;
}
