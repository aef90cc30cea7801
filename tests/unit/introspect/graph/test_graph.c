/* The graph against what the heap decodes object by object, and guesses against refcounts. */
#include "introspect/graph/graph.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct graph *build_with(struct fake_heap *heap, unsigned threads) {
    struct graph *graph = NULL;
    struct graph_options options = {.threads = threads};
    cr_assert_null(graph_build(heap->heap, &options, &graph));
    return graph;
}

static struct graph *build(struct fake_heap *heap) {
    fake_heap_build(heap, 2);
    return build_with(heap, 2);
}

static uint32_t id_of(const struct graph *graph, uint64_t address) {
    uint32_t id = heap_find(graph->heap, address);
    cr_assert_neq(id, HEAP_NONE);
    return id;
}

static struct graph_counted counted(const struct graph *graph, uint64_t address) {
    return graph_counted(graph, id_of(graph, address));
}

static int64_t hidden(const struct graph *graph, uint64_t address) {
    return graph_hidden(graph, id_of(graph, address));
}

/* How many references of an object to another have all of these properties. */
static size_t references_between(const struct graph *graph, uint64_t from, uint64_t to,
                                 unsigned properties) {
    struct graph_references references = graph_references(graph, id_of(graph, from));
    size_t count = 0;
    for (size_t i = 0; i < references.count; i++)
        count += references.targets[i] == id_of(graph, to) &&
                 (references.properties[i] & properties) == properties;
    return count;
}

static bool is_root(const struct graph *graph, uint64_t address, enum root_kind kind) {
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id_of(graph, address), &count);
    for (size_t i = 0; i < count; i++) {
        if (roots[i].root.kind == kind)
            return true;
    }
    return false;
}

/* ---- what must be true of every graph -------------------------------------------------------- */

struct comparison {
    const struct graph *graph;
    struct graph_references references;
    size_t position;
};

static void compare_decoded(void *context, const struct reference *reference) {
    struct comparison *comparison = context;
    uint32_t target = heap_find(comparison->graph->heap, reference->target);
    if (target == HEAP_NONE)
        return;
    cr_assert_lt(comparison->position, comparison->references.count);
    unsigned properties = comparison->references.properties[comparison->position];
    cr_expect_eq(comparison->references.targets[comparison->position++], target);
    if (properties & REFERENCE_GUESSED)
        properties |= reference->properties & REFERRER_PROPERTIES;
    cr_expect_eq(properties, reference->properties);
}

static void compare_labelled(void *context, size_t position, uint32_t target,
                             const struct reference *reference) {
    struct comparison *comparison = context;
    cr_assert_eq(position, comparison->position++);
    cr_expect_eq(comparison->references.targets[position], target);
    cr_expect_eq(comparison->references.properties[position], reference->properties);
    cr_expect_eq(heap_address(comparison->graph->heap, target), reference->target);
}

static void expect_rows_of_decoders(const struct graph *graph) {
    for (uint32_t id = 0; id < graph->object_count; id++) {
        struct comparison comparison = {graph, graph_references(graph, id), 0};
        heap_references(graph->heap, id, compare_decoded, &comparison);
        cr_expect_eq(comparison.position, comparison.references.count);
        comparison.position = 0;
        graph_labelled(graph, id, compare_labelled, &comparison);
        cr_expect_eq(comparison.position, comparison.references.count);
    }
}

/* Both sides have the same references: as many, and each referrer as often with the same properties. */
static void expect_both_sides_alike(const struct graph *graph) {
    uint64_t *next = calloc(graph->object_count, sizeof *next);
    cr_assert(next || !graph->object_count);
    for (uint32_t id = 0; id < graph->object_count; id++)
        next[id] = graph->first_referrer[id];
    for (uint32_t id = 0; id < graph->object_count; id++) {
        struct graph_references references = graph_references(graph, id);
        for (size_t i = 0; i < references.count; i++) {
            uint32_t target = references.targets[i], item = graph->referrers[next[target]++];
            cr_assert_leq(next[target], graph->first_referrer[target + 1]);
            cr_assert_eq(referrer_id(item), id);
            cr_assert_eq(referrer_properties(item), references.properties[i] & REFERRER_PROPERTIES);
        }
    }
    for (uint32_t id = 0; id < graph->object_count; id++)
        cr_assert_eq(next[id], graph->first_referrer[id + 1]);
    free(next);
}

static void expect_reachable_from_roots(const struct graph *graph) {
    bool *reached = calloc(graph->object_count + 1u, 1);
    uint32_t *waiting = calloc(graph->object_count + 1u, sizeof *waiting), count = 0;
    cr_assert(reached && waiting);
    for (size_t i = 0; i < graph->roots.count; i++) {
        const struct held_root *held = &graph->roots.items[i];
        if (held->root.reference.properties & REFERENCE_RETAINS && !reached[held->object]) {
            reached[held->object] = true;
            waiting[count++] = held->object;
        }
    }
    while (count) {
        struct graph_references references = graph_references(graph, waiting[--count]);
        for (size_t i = 0; i < references.count; i++) {
            uint32_t target = references.targets[i];
            if (references.properties[i] & REFERENCE_RETAINS && !reached[target]) {
                reached[target] = true;
                waiting[count++] = target;
            }
        }
    }
    for (uint32_t id = 0; id < graph->object_count; id++)
        cr_expect_eq(reached[id], (heap_flags(graph->heap, id) & OBJECT_REACHABLE) != 0,
                     "object %#llx", (unsigned long long)heap_address(graph->heap, id));
    free(reached);
    free(waiting);
}

static void expect_sound(const struct graph *graph) {
    expect_rows_of_decoders(graph);
    expect_both_sides_alike(graph);
    expect_reachable_from_roots(graph);
}

/* ---- rows ------------------------------------------------------------------------------------ */

Test(graph, both_ways) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), other = fake_heap_float(heap, 2);
        uint64_t inner = fake_heap_list(heap, 3, (uint64_t[]){number, other, number});
        uint64_t outer = fake_heap_tuple(heap, 2, (uint64_t[]){inner, number});
        fake_heap_refcount(heap, number, 3);
        fake_heap_root(heap, outer);
        struct graph *graph = build(heap);
        expect_sound(graph);
        struct graph_references references = graph_references(graph, id_of(graph, inner));
        cr_assert_eq(references.count, 3);
        cr_expect_eq(references.targets[0], id_of(graph, number));
        cr_expect_eq(references.targets[1], id_of(graph, other));
        cr_expect_eq(references.targets[2], id_of(graph, number));
        cr_expect_eq(references.properties[0], REFERENCE_STRONG);
        struct graph_referrers referrers = graph_referrers(graph, id_of(graph, number));
        cr_assert_eq(referrers.count, 3);
        for (size_t i = 0; i < 3; i++)
            cr_expect_eq(referrer_properties(referrers.items[i]), REFERRER_PROPERTIES);
        cr_expect_leq(referrers.items[0], referrers.items[1]);
        cr_expect_leq(referrers.items[1], referrers.items[2]);
        graph_destroy(graph);
    }
}

Test(graph, targets_that_are_no_objects_are_left_out) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1);
        uint64_t list = fake_heap_list(heap, 3, (uint64_t[]){FAKE_WILD, number, 8});
        fake_heap_root(heap, list);
        struct graph *graph = build(heap);
        expect_sound(graph);
        struct graph_references references = graph_references(graph, id_of(graph, list));
        cr_assert_eq(references.count, 1);
        cr_expect_eq(references.targets[0], id_of(graph, number));
        graph_destroy(graph);
    }
}

/* More objects than one part has, more references of one object than are decoded at once. */
static void make_big(struct fake_heap *heap) {
    enum { OBJECTS = 17000, ITEMS = 9000 };
    uint64_t *items = calloc(ITEMS, sizeof *items), last = fake_heap_float(heap, 0);
    uint64_t seed = 1;
    for (int i = 0; i < OBJECTS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        last = i % 5 || i > 15000 ? fake_heap_float(heap, i) : fake_heap_tuple(heap, 1, &last);
        items[seed >> 33 & (ITEMS - 1 > 8191 ? 8191 : ITEMS - 1)] = last;
        items[(unsigned)i % ITEMS] = last;
    }
    fake_heap_root(heap, fake_heap_list(heap, ITEMS, items));
    fake_heap_root(heap, last);
    free(items);
}

Test(graph, big_and_the_same_with_any_number_of_threads) {
    EACH_VERSION(heap) {
        make_big(heap);
        struct graph *graph = build(heap), *alone = build_with(heap, 1);
        expect_sound(graph);
        size_t rows = graph->object_count + 1u, count = graph_reference_count(graph);
        cr_assert_gt(graph->object_count, 16384);
        cr_assert_eq(graph_reference_count(alone), count);
        cr_expect_eq(memcmp(graph->first, alone->first, rows * sizeof *graph->first), 0);
        cr_expect_eq(memcmp(graph->targets, alone->targets, count * sizeof *graph->targets), 0);
        cr_expect_eq(memcmp(graph->properties, alone->properties, count), 0);
        cr_expect_eq(memcmp(graph->first_referrer, alone->first_referrer,
                            rows * sizeof *graph->first_referrer),
                     0);
        cr_expect_eq(memcmp(graph->referrers, alone->referrers, count * sizeof *graph->referrers),
                     0);
        graph_destroy(alone);
        graph_destroy(graph);
    }
}

Test(graph, cancelled) {
    EACH_VERSION(heap) {
        fake_heap_root(heap, fake_heap_float(heap, 1));
        fake_heap_build(heap, 1);
        const volatile int cancel = 1;
        struct graph_options options = {.threads = 1, .cancel = &cancel};
        struct graph *graph = NULL;
        struct err *err = graph_build(heap->heap, &options, &graph);
        cr_assert_not_null(err);
        cr_expect_eq(err_code(err), ERR_CANCELLED);
        cr_expect_null(graph);
        err_free(err);
    }
}

/* It names every such string and keeps none. */
Test(graph, dict_of_interned_strings_is_weak) {
    EACH_VERSION(heap) {
        uint64_t used = fake_heap_str(heap, "used");
        uint64_t dict = fake_heap_dict(heap, 1, (uint64_t[]){used, used});
        fake_heap_root(heap, used);
        if (layout_has(heap->layout->interpreter.interned_strings)) {
            fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.interned_strings,
                     dict);
        } else {
            struct image_symbol symbol = {"interned", heap->foreign + 64, 8, 1};
            cr_assert_null(image_add_symbol(heap->image, &symbol));
            fake_word(&heap->fake, heap->foreign + 64, dict);
        }
        struct graph *graph = build(heap);
        expect_sound(graph);
        cr_expect_eq(references_between(graph, dict, used, 0), 2);
        cr_expect_eq(references_between(graph, dict, used, REFERENCE_RETAINS), 0);
        cr_expect_eq(references_between(graph, dict, used, REFERENCE_COUNTED), 0);
        cr_expect_eq(hidden(graph, used), 0);
        graph_destroy(graph);
    }
}

/* ---- refcounts ------------------------------------------------------------------------------- */

Test(graph, references_that_nobody_accounts_for) {
    EACH_VERSION(heap) {
        uint64_t leaked = fake_heap_float(heap, 1), whole = fake_heap_float(heap, 2);
        uint64_t freed = fake_heap_float(heap, 3);
        uint64_t list = fake_heap_list(heap, 5, (uint64_t[]){leaked, whole, whole, freed, freed});
        fake_heap_refcount(heap, leaked, 4);
        fake_heap_refcount(heap, whole, 2);
        fake_heap_root(heap, list);
        struct graph *graph = build(heap);
        cr_expect_eq(hidden(graph, leaked), 3);
        cr_expect_eq(hidden(graph, whole), 0);
        cr_expect_eq(hidden(graph, freed), -1);
        cr_expect_eq(counted(graph, whole).by_objects, 2);
        cr_expect_eq(counted(graph, whole).by_roots, 0);
        cr_expect_eq(counted(graph, whole).by_guesses, 0);
        graph_destroy(graph);
    }
}

Test(graph, immortal_objects_hide_nothing) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.13.0");
    uint64_t number = fake_heap_float(&heap, 1);
    fake_heap_refcount(&heap, number, 0xffffffff);
    fake_heap_root(&heap, number);
    struct graph *graph = build(&heap);
    cr_expect_not(refcount_tells(graph->heap, id_of(graph, number)));
    cr_expect_eq(hidden(graph, number), 0);
    graph_destroy(graph);
    fake_heap_destroy(&heap);
}

/* ---- guesses --------------------------------------------------------------------------------- */

/* Both words of the box may be references; the refcount says that one is. */
Test(guesses, no_more_than_the_refcount_has_room_for) {
    EACH_VERSION(heap) {
        uint64_t twice = fake_heap_float(heap, 1), exact = fake_heap_float(heap, 2);
        uint64_t both = fake_heap_float(heap, 3);
        uint64_t boxes[] = {fake_heap_box(heap, twice, twice), fake_heap_box(heap, exact, exact),
                            fake_heap_box(heap, both, both)};
        uint64_t list = fake_heap_list(heap, 4, (uint64_t[]){boxes[0], boxes[1], boxes[2], exact});
        fake_heap_refcount(heap, both, 2);
        fake_heap_root(heap, list);
        struct graph *graph = build(heap);
        expect_sound(graph);
        const unsigned believed = REFERENCE_GUESSED | REFERENCE_RETAINS | REFERENCE_COUNTED;
        cr_expect_eq(references_between(graph, boxes[0], twice, REFERENCE_GUESSED), 2);
        cr_expect_eq(references_between(graph, boxes[0], twice, believed), 1);
        cr_expect_eq(references_between(graph, boxes[1], exact, REFERENCE_GUESSED), 2);
        cr_expect_eq(references_between(graph, boxes[1], exact, believed), 0);
        cr_expect_eq(references_between(graph, boxes[2], both, believed), 2);
        cr_expect_eq(counted(graph, twice).by_guesses, 1);
        cr_expect_eq(counted(graph, both).by_guesses, 2);
        cr_expect_eq(hidden(graph, twice), 0);
        cr_expect_eq(hidden(graph, exact), 0);
        cr_expect_eq(hidden(graph, both), 0);
        graph_destroy(graph);
    }
}

Test(guesses, roots_come_after_objects) {
    EACH_VERSION(heap) {
        uint64_t boxed = fake_heap_float(heap, 1), held = fake_heap_list(heap, 0, NULL);
        fake_heap_root(heap, fake_heap_box(heap, boxed, 0));
        fake_heap_root(heap, fake_heap_float(heap, 0)); /* so that the type is known */
        fake_heap_track(heap, held);
        fake_words(&heap->fake, heap->foreign + 128, 3, (uint64_t[]){boxed, held, held});
        struct graph *graph = build(heap);
        expect_sound(graph);
        cr_expect_not(is_root(graph, boxed, ROOT_C_GLOBAL));
        cr_expect(is_root(graph, held, ROOT_C_GLOBAL));
        cr_expect_eq(counted(graph, held).by_roots, 1);
        cr_expect_eq(counted(graph, held).by_guesses, 1);
        cr_expect_eq(hidden(graph, held), 0);
        graph_destroy(graph);
    }
}

Test(guesses, garbage_with_a_stale_word_stays_garbage) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), first = fake_heap_list(heap, 1, &number);
        uint64_t second = fake_heap_list(heap, 1, &first);
        fake_heap_track(heap, second);
        fake_heap_track(heap, first);
        fake_word(&heap->fake, heap->stack + 256, first);
        struct graph *graph = build(heap);
        expect_sound(graph);
        cr_expect_not(is_root(graph, first, ROOT_C_STACK));
        cr_expect_eq(hidden(graph, first), 0);
        cr_expect_eq(hidden(graph, second), 1);
        graph_destroy(graph);
    }
}

/* Lists, tuples and boxes that refer to each other by chance, with refcounts that are about right; some
 * held, some pointed to from C. */
static void make_random(struct fake_heap *heap, uint64_t seed) {
    enum { OBJECTS = 300 };
    uint64_t objects[OBJECTS] = {0};
    uint64_t counts[OBJECTS] = {0};
    for (unsigned i = 0; i < OBJECTS; i++) {
        uint64_t items[3];
        for (unsigned k = 0; k < 3; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            unsigned other = (unsigned)(seed >> 33) % (i + 1);
            items[k] = i ? objects[other % i] : fake_heap_float(heap, 0);
            counts[i ? other % i : 0] += seed >> 62 != 0 || i % 3 != 2;
        }
        objects[i] = i % 3 == 0   ? fake_heap_list(heap, 3, items)
                     : i % 3 == 1 ? fake_heap_tuple(heap, 3, items)
                                  : fake_heap_box(heap, items[0], items[1]);
        if (i % 3 != 2)
            fake_heap_track(heap, objects[i]);
        if (seed >> 60 == 0)
            fake_heap_root(heap, objects[i]);
        if (seed >> 60 == 1)
            fake_word(&heap->fake, heap->stack + 8ull * (i % 256), objects[i]);
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        fake_heap_refcount(heap, objects[i], counts[i] ? counts[i] : 1);
}

Test(guesses, reachable_is_what_the_heap_says) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        EACH_VERSION(heap) {
            make_random(heap, seed * 977);
            struct graph *graph = build(heap);
            expect_sound(graph);
            graph_destroy(graph);
        }
    }
}
