/* A heap with all that is rare, kept and read again: several parts, values beyond 32 bits, addresses that do not
 * ascend, several interpreters, references to outside of the heap, types in a circle. */
#include "introspect/heap/heap_private.h"
#include "introspect/snapshot/snapshot.h"
#include "memory_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { OBJECTS = 40000, TYPES = 3, OUTSIDE = 0x999000 };

static const char *const type_names[TYPES] = {"app.Order", "app.Strange\xe2\x82\xac", "dict"};

/* ---- what the heap says ---------------------------------------------------------------------- */

static uint64_t address_of(uint32_t id) {
    return 0x7f0000000000 + (uint64_t)(id ^ 5) * 48 +
           (id % 3 ? 0 : 8); /* neighbours change places */
}
static uint32_t type_of(uint32_t id) {
    return id % 7 % TYPES;
}
static uint64_t refcount_of(uint32_t id) {
    return id % 1000 == 1 ? UINT64_C(0xc0000000) << 4 | id : id % 4;
}
static uint64_t size_of(uint32_t id) {
    return id % 5000 == 2 ? (UINT64_C(5) << 32) + id : 16 + id % 5 * 8;
}
static uint64_t footprint_of(uint32_t id) {
    return id == 77 ? UINT32_MAX : size_of(id) + 16;
}
static unsigned flags_of(uint32_t id) {
    return id % 32;
}

static const struct reference *references_of(uint32_t id, size_t *count) {
    static _Thread_local struct reference references[8];
    references[0] = (struct reference){address_of(id / 2), 0, REFERENCE_STRONG, LABEL_TYPE};
    references[1] = (struct reference){address_of((id + 1) % OBJECTS), (uintptr_t) "->next",
                                       REFERENCE_UNTRAVERSED, LABEL_FIELD};
    references[2] = (struct reference){OUTSIDE + id, 3 + id % 2, REFERENCE_WEAK, LABEL_ITEM};
    references[3] = (struct reference){address_of(id % 10), 4, REFERENCE_STRONG, LABEL_DICT_KEY};
    references[4] =
        (struct reference){address_of(9), address_of(id % 10), REFERENCE_STRONG, LABEL_KEY};
    references[5] = (struct reference){address_of(8), address_of(7), REFERENCE_STRONG, LABEL_NAME};
    references[6] = (struct reference){address_of(6), OUTSIDE + 8, REFERENCE_STRONG, LABEL_KEY};
    references[7] = (struct reference){address_of(3), id, REFERENCE_GUESSED, LABEL_OFFSET};
    *count = id % 9;
    return references;
}

static void references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    size_t count = 0;
    const struct reference *all = references_of(id, &count);
    (void)heap;
    for (size_t i = 0; i < count; i++)
        visit(context, &all[i]);
}

static void preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    (void)heap;
    strbuf_printf(out, "value %u", id);
}
static void name(const struct heap *heap, uint64_t text, struct strbuf *out) {
    (void)heap;
    strbuf_printf(out, "name_%llx", (unsigned long long)text);
}
static bool no_name(const struct heap *heap, uint32_t function, uint64_t index,
                    struct strbuf *out) {
    (void)heap, (void)function, (void)index, (void)out;
    return false;
}
static bool not_pending(const struct heap *heap, uint32_t id) {
    (void)heap, (void)id;
    return false;
}
static int64_t interpreter(const struct heap *heap, uint32_t id) {
    (void)heap;
    return id % 11 ? 0 : INT64_C(1) << 40;
}
static struct err *no_stacks(const struct heap *heap, struct stacks *ret) {
    (void)heap;
    *ret = (struct stacks){0};
    return NULL;
}
static struct err *roots(const struct heap *heap, root_visit *visit, void *context) {
    struct root root = {.kind = ROOT_MODULE,
                        .reference = {address_of(4), (uintptr_t) ".__dict__", 0, LABEL_FIELD},
                        .name = "app"};
    (void)heap;
    visit(context, &root);
    return NULL;
}
static void destroy(struct heap *heap) {
    (void)heap;
}

static const struct heap_provider rare_provider = {
    .destroy = destroy,
    .references = references,
    .preview = preview,
    .name = name,
    .closure_variable = no_name,
    .default_argument = no_name,
    .is_pending = not_pending,
    .interpreter = interpreter,
    .stacks = no_stacks,
    .roots = roots,
};

static void add_types(struct heap *heap) {
    static const struct decoder unheard_of = {.name = "of a version to come", .preview = NULL};
    const struct type *added[TYPES];
    must(type_table_create_known(&heap->types));
    for (uint32_t i = 0; i < TYPES; i++) {
        struct type type = {.address = 0x1000 + i * 0x100,
                            .name = type_names[i],
                            .heap_type = i == 1,
                            .decoder = i == 1 ? &unheard_of : NULL};
        added[i] = type_table_add(heap->types, &type);
        cr_assert(added[i]);
        cr_assert(vec_push(&heap->sums, ((struct heap_sums){i, 2, 3, 4})));
    }
    for (uint32_t i = 0; i < TYPES; i++) /* which hostile bytes can make of bases */
        ((struct type *)(uintptr_t)added[i])->base = added[(i + 1) % TYPES];
}

static void set(struct value_column *column, uint32_t id, uint64_t value) {
    column->values[id] = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    if (value >= UINT32_MAX)
        cr_assert(vec_push(&column->overflows, ((struct overflow){id, value})));
}

static struct heap *rare_heap(void) {
    struct heap *heap = calloc(1, sizeof *heap);
    cr_assert(heap);
    heap->provider = &rare_provider;
    add_types(heap);
    cr_assert(vec_push(&heap->interpreters, ((struct heap_interpreter){.id = 0})));
    cr_assert(vec_push(&heap->interpreters, ((struct heap_interpreter){.id = INT64_C(1) << 40})));
    heap->totals.objects = OBJECTS;
    heap->accounts.free_bytes = UINT64_MAX;
    cr_assert(columns_reserve(&heap->columns, OBJECTS));
    for (uint32_t id = 0; id < OBJECTS; id++) {
        heap->columns.addresses[id] = address_of(id);
        heap->columns.kind[id] = type_of(id) | flags_of(id) << FLAGS_SHIFT |
                                 (uint32_t)(id % 5) << GC_STATE_SHIFT | (id % 3) << FOUND_SHIFT;
        set(&heap->columns.refcount, id, refcount_of(id));
        set(&heap->columns.size, id, size_of(id));
        set(&heap->columns.footprint, id, footprint_of(id));
    }
    cr_assert(columns_order(&heap->columns));
    return heap;
}

/* ---- kept and read again ---------------------------------------------------------------------- */

static struct memory_file file;
static struct snapshot *snapshot;

static void keep(void) {
    static const struct snapshot_options options = {.threads = 2};
    struct heap *heap = rare_heap();
    struct image *none = NULL;
    struct facts facts = {0};
    must(image_create(0, &none));
    facts_add_text(&facts, "of a version to come", "ignored");
    facts_add_text(&facts, "python", "3.11.2");
    facts_add_signed(&facts, "pid", -7);
    facts_add_real(&facts, "pause_seconds", 0.25);
    must(snapshot_write(heap, none, &facts, &options, memory_sink(&file)));
    must(snapshot_open(memory_source(&file), &options, false, &snapshot));
    facts_free(&facts);
    image_destroy(none);
    heap_destroy(heap);
}

static void drop(void) {
    snapshot_close(snapshot);
    column_buffer_free(&file.content);
}

TestSuite(kept_heap, .init = keep, .fini = drop);

Test(kept_heap, has_every_column) {
    const struct heap *heap = snapshot_heap(snapshot);
    cr_assert_eq(heap_count(heap), OBJECTS);
    for (uint32_t id = 0; id < OBJECTS; id++) {
        bool same =
            heap_address(heap, id) == address_of(id) && heap_find(heap, address_of(id)) == id &&
            heap_type(heap, id)->id == type_of(id) && heap_refcount(heap, id) == refcount_of(id) &&
            heap_size(heap, id) == size_of(id) && heap_footprint(heap, id) == footprint_of(id) &&
            heap_flags(heap, id) == flags_of(id) && (uint32_t)heap_gc_state(heap, id) == id % 5 &&
            (uint32_t)heap_found(heap, id) == id % 3 &&
            heap_interpreter(heap, id) == interpreter(heap, id);
        cr_assert(same, "object %u differs", id);
    }
    cr_expect_eq(heap_find(heap, 0x7f0000000001), HEAP_NONE);
}

struct comparison {
    uint32_t id;
    size_t position;
};

static void compare(void *context, const struct reference *found) {
    struct comparison *comparison = context;
    size_t count = 0;
    const struct reference *expected =
        &references_of(comparison->id, &count)[comparison->position++];
    bool same =
        found->target == expected->target && found->properties == expected->properties &&
        found->label == expected->label &&
        (found->label == LABEL_FIELD ? !strcmp((const char *)(uintptr_t)found->argument, "->next")
                                     : found->argument == expected->argument);
    cr_assert(same, "reference %zu of %u differs", comparison->position - 1, comparison->id);
}

Test(kept_heap, has_every_reference_with_its_label) {
    for (uint32_t id = 0; id < OBJECTS; id++) {
        struct comparison comparison = {id, 0};
        size_t count = 0;
        references_of(id, &count);
        heap_references(snapshot_heap(snapshot), id, compare, &comparison);
        cr_assert_eq(comparison.position, count);
    }
    must(snapshot_take_error(snapshot));
}

Test(kept_heap, has_names_types_facts_and_totals) {
    const struct heap *heap = snapshot_heap(snapshot);
    const struct facts *facts = snapshot_facts(snapshot);
    struct strbuf text = {0};
    heap_name(heap, address_of(7), &text);
    cr_expect_str_eq(strbuf_text(&text), "name_7f0000000060");
    strbuf_free(&text);
    for (uint32_t i = 0; i < TYPES; i++) {
        cr_expect_str_eq(heap_type_by_id(heap, i)->name, type_names[i]);
        cr_expect_eq(heap_type_sums(heap, i)->objects, i);
    }
    cr_expect_null(heap_type_by_id(heap, 1)->decoder);
    cr_expect_str_eq(facts_text(facts, "python"), "3.11.2");
    cr_expect_eq(facts_signed(facts, "pid"), -7);
    cr_expect_float_eq(facts_real(facts, "pause_seconds"), 0.25, 1e-9);
    cr_expect_str_eq(facts_text(facts, "not there"), "");
    cr_expect_eq(heap_accounts(heap)->free_bytes, UINT64_MAX);
    cr_expect_eq(heap_interpreter_count(heap), 2);
}

static void keep_again(struct snapshot *from, struct memory_file *to) {
    static const struct snapshot_options options = {.threads = 1};
    must(snapshot_write(snapshot_heap(from), snapshot_image(from), snapshot_facts(from), &options,
                        memory_sink(to)));
}

/* But for what this version cannot know: the first time it forgets the name of an unknown family. */
Test(kept_heap, kept_again_is_the_same) {
    static const struct snapshot_options options = {.threads = 2};
    struct memory_file second = {0}, third = {0};
    struct snapshot *opened = NULL;
    keep_again(snapshot, &second);
    must(snapshot_open(memory_source(&second), &options, false, &opened));
    keep_again(opened, &third);
    cr_assert_eq(second.content.length, third.content.length);
    cr_expect_arr_eq(second.content.bytes, third.content.bytes, third.content.length);
    snapshot_close(opened);
    must(snapshot_open(memory_source(&second), &options, true, &opened));
    cr_expect_eq(heap_totals(snapshot_heap(opened))->objects, OBJECTS);
    snapshot_close(opened);
    column_buffer_free(&second.content);
    column_buffer_free(&third.content);
}
