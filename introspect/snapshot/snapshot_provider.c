/* A heap from a snapshot: parts of references and values are read when somebody asks, and kept. */
#include "introspect/snapshot/snapshot_private.h"

#include <stdio.h>
#include <stdlib.h>

static void destroy(struct heap *heap) {
    (void)heap; /* the snapshot owns the rest */
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Of several threads that read the same part one is faster. NULL after an error. */
static const struct reference_part *references_of(struct snapshot *snapshot, size_t part) {
    struct reference_part **place = &snapshot->references[part], *known;
    if ((known = __atomic_load_n(place, __ATOMIC_ACQUIRE)))
        return known;
    struct reference_part *read = NULL;
    struct err *err = references_read(snapshot, part, &read);
    if (err) {
        snapshot_failed(snapshot, err);
        return NULL;
    }
    if (__atomic_compare_exchange_n(place, &known, read, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return read;
    reference_part_free(read);
    return known;
}

static const struct value_part *values_of(struct snapshot *snapshot, size_t part) {
    struct value_part **place = &snapshot->values[part], *known;
    if ((known = __atomic_load_n(place, __ATOMIC_ACQUIRE)))
        return known;
    struct value_part *read = NULL;
    struct err *err = values_read(snapshot, part, &read);
    if (err) {
        snapshot_failed(snapshot, err);
        return NULL;
    }
    if (__atomic_compare_exchange_n(place, &known, read, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return read;
    value_part_free(read);
    return known;
}

/* ---- references ------------------------------------------------------------------------------ */

static uint64_t outside_at(const struct reference_part *part, uint32_t position) {
    size_t low = 0, high = part->outside.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (part->outside.items[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low < part->outside.count ? part->outside.items[low].address : 0;
}

static void references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    const struct reference_part *part = references_of(heap->snapshot, id / PART_OBJECTS);
    uint32_t row = id % PART_OBJECTS;
    for (uint32_t i = part ? part->first[row] : 0; part && i < part->first[row + 1]; i++) {
        struct reference reference = {
            .target = part->targets[i] == HEAP_NONE ? outside_at(part, i)
                                                    : heap_address(heap, part->targets[i]),
            .argument = part->arguments[i],
            .properties = part->kinds[i] & KIND_PROPERTIES,
            .label = part->kinds[i] >> KIND_LABEL_SHIFT,
        };
        visit(context, &reference);
    }
}

static struct err *edges(const struct heap *heap, uint32_t first, uint32_t last,
                         provider_edge *visit, void *context) {
    for (uint32_t id = first; id < last;) {
        struct reference_part *read = NULL;
        uint32_t base = id / PART_OBJECTS * PART_OBJECTS;
        TRY(references_read(heap->snapshot, id / PART_OBJECTS, &read));
        for (; id < last && id - base < PART_OBJECTS; id++) {
            for (uint32_t i = read->first[id - base]; i < read->first[id - base + 1]; i++) {
                if (read->targets[i] != HEAP_NONE)
                    visit(context, id, read->targets[i], read->kinds[i] & KIND_PROPERTIES);
            }
        }
        reference_part_free(read);
    }
    return NULL;
}

static struct err *roots(const struct heap *heap, root_visit *visit, void *context) {
    vec_each (root, &heap->snapshot->roots)
        visit(context, root);
    return NULL;
}

/* ---- values and names ------------------------------------------------------------------------ */

static void preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    const struct value_part *part = values_of(heap->snapshot, id / PART_OBJECTS);
    uint32_t row = id % PART_OBJECTS;
    uint64_t length = part ? part->first[row + 1] - part->first[row] : 0;
    if (length)
        strbuf_add_escaped(out, part->texts + part->first[row], length, length);
}

static void name(const struct heap *heap, uint64_t text, struct strbuf *out) {
    const struct snapshot *snapshot = heap->snapshot;
    uint32_t id = heap_find(heap, text);
    size_t low = 0, high = snapshot->names.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (snapshot->names.items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < snapshot->names.count && snapshot->names.items[low].id == id;
    strbuf_puts(out, found ? snapshot->names.items[low].text : "?");
}

static void text_argument(const struct heap *heap, uint64_t argument, struct strbuf *out) {
    (void)heap;
    strbuf_puts(out, (const char *)(uintptr_t)argument);
}

static void local_name(const struct heap *heap, uint32_t id, uint64_t argument,
                       struct strbuf *out) {
    (void)id;
    text_argument(heap, argument, out);
}

static const struct function_names *names_of_function(const struct snapshot *snapshot,
                                                      uint32_t id) {
    size_t low = 0, high = snapshot->functions.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (snapshot->functions.items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < snapshot->functions.count && snapshot->functions.items[low].id == id;
    return found ? &snapshot->functions.items[low] : NULL;
}

static bool closure_variable(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out) {
    const struct function_names *names = names_of_function(heap->snapshot, function);
    if (!names || index >= names->closure_count || !*names->names[index])
        return false;
    strbuf_puts(out, names->names[index]);
    return true;
}

static bool default_argument(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out) {
    const struct function_names *names = names_of_function(heap->snapshot, function);
    if (!names || index >= names->default_count || !*names->names[names->closure_count + index])
        return false;
    strbuf_puts(out, names->names[names->closure_count + index]);
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool is_pending(const struct heap *heap, uint32_t id) {
    return heap_flags(heap, id) & OBJECT_PENDING;
}

static int64_t interpreter(const struct heap *heap, uint32_t id) {
    return heap->snapshot->interpreters[id];
}

static struct err *stacks(const struct heap *heap, struct stacks *ret) {
    const struct stacks *known = &heap->snapshot->stacks;
    bool fine = true;
    *ret = (struct stacks){0};
    vec_each (thread, &known->threads) {
        struct stack_thread copy = *thread;
        char hidden[32];
        snprintf(hidden, sizeof hidden, "[#%zu]", ret->threads.count + 1);
        if (heap->hides_values)
            copy.name = arena_strdup(&ret->texts, hidden);
        fine &= copy.name && vec_push(&ret->threads, copy);
    }
    vec_each (frame, &known->frames)
        fine &= vec_push(&ret->frames, *frame);
    vec_each (variable, &known->variables)
        fine &= vec_push(&ret->variables, *variable);
    if (fine)
        return NULL;
    stacks_free(ret);
    return err_no_memory();
}

const struct heap_provider snapshot_provider = {
    .destroy = destroy,
    .references = references,
    .preview = preview,
    .slot_name = text_argument,
    .local_name = local_name,
    .name = name,
    .closure_variable = closure_variable,
    .default_argument = default_argument,
    .is_pending = is_pending,
    .interpreter = interpreter,
    .stacks = stacks,
    .roots = roots,
    .edges = edges,
};
