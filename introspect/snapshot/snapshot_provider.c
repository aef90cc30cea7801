/* A heap from a snapshot: parts of references and values are read when somebody asks, and kept. */
#include "introspect/snapshot/snapshot_private.h"

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

/* Of items that begin with a number, by which they are sorted. */
static int compare_numbers(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static const void *find_numbered(uint32_t number, const void *items, size_t count, size_t size) {
    return count ? bsearch(&number, items, count, size, compare_numbers) : NULL;
}

static uint64_t outside_at(const struct reference_part *part, uint32_t position) {
    const struct outside *found = find_numbered(position, part->outside.items, part->outside.count,
                                                sizeof *part->outside.items);
    return found ? found->address : 0;
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
    const struct named_text *found = find_numbered(heap_find(heap, text), snapshot->names.items,
                                                   snapshot->names.count, sizeof *found);
    strbuf_puts(out, found ? found->text : "?");
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
    return find_numbered(id, snapshot->functions.items, snapshot->functions.count,
                         sizeof *snapshot->functions.items);
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
    vec_each (thread, &known->threads)
        fine &= vec_push(&ret->threads, *thread);
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
