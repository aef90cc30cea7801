/* Hidden references by who may have them, over fake heaps of each version. */
#include "introspect/analyses/audit.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>
#include <string.h>

struct audited {
    struct graph *graph;
    struct audit audit;
};

static struct audited audit(struct fake_heap *heap, size_t limit) {
    struct audited audited;
    const struct graph_options options = {.threads = 2};
    /* Blocks are recognised as objects of types that others have, too. */
    fake_heap_root(heap, fake_heap_float(heap, 0));
    fake_heap_root(heap, fake_heap_str(heap, "held"));
    fake_heap_build(heap, 2);
    cr_assert_null(graph_build(heap->heap, &options, &audited.graph));
    cr_assert_null(audit_collect(audited.graph, NULL, limit, NULL, &audited.audit));
    return audited;
}

static void audited_free(struct audited *audited) {
    audit_free(&audited->audit);
    graph_destroy(audited->graph);
}

/* The row of a type by its name; an empty one if there is none. */
static struct audit_type type_row(const struct audit_part *part, const char *name) {
    for (size_t i = 0; i < part->type_count; i++) {
        if (!strcmp(part->types[i].type->name, name))
            return part->types[i];
    }
    return (struct audit_type){0};
}

static struct audit_object object_row(const struct audited *audited, const struct audit_part *part,
                                      uint64_t address) {
    for (size_t i = 0; i < part->object_count; i++) {
        if (heap_address(audited->graph->heap, part->objects[i].id) == address)
            return part->objects[i];
    }
    return (struct audit_object){.id = HEAP_NONE};
}

Test(audit, leaked_objects_come_first) {
    EACH_VERSION(heap) {
        uint64_t small[3], big = fake_heap_str(heap, "leaked, and bigger than a float is");
        for (int i = 0; i < 3; i++)
            small[i] = fake_heap_float(heap, i);
        uint64_t held = fake_heap_float(heap, 9);
        fake_heap_refcount(heap, held, 3);
        fake_heap_root(heap, held);
        struct audited audited = audit(heap, SIZE_MAX);
        const struct audit_part *part = &audited.audit.hidden;
        struct audit_type floats = type_row(part, "float");
        cr_expect_eq(floats.objects, 4);
        cr_expect_eq(floats.hidden, 5);
        cr_expect_eq(floats.by[AUDIT_UNEXPLAINED], 5);
        cr_expect_eq(floats.unexplained_objects, 4);
        cr_expect_eq(floats.unreachable, 3);
        cr_expect_eq(part->types[0].type->address, heap->float_type, "the most hidden first");
        cr_assert_geq(part->object_count, 5);
        cr_expect_eq(heap_address(audited.graph->heap, part->objects[0].id), held, "2 are hidden");
        cr_expect_eq(part->objects[0].found, 1);
        cr_expect_eq(heap_address(audited.graph->heap, part->objects[1].id), big,
                     "of equals the biggest");
        cr_expect_eq(object_row(&audited, part, small[2]).hidden, 1);
        cr_expect_eq(audited.audit.overcounted.all_objects, 0);
        audited_free(&audited);
    }
}

Test(audit, guesses_only_tell_who_may_hold) {
    EACH_VERSION(heap) {
        uint64_t kept = fake_heap_float(heap, 1), on_stack = fake_heap_float(heap, 2);
        uint64_t boxed = fake_heap_float(heap, 3), whole = fake_heap_float(heap, 4);
        uint64_t box = fake_heap_box(heap, boxed, whole);
        fake_heap_root(heap, box);
        fake_heap_root(heap, whole);
        fake_word(&heap->fake, heap->foreign + 8, kept);
        fake_word(&heap->fake, heap->foreign + 16, whole);
        fake_word(&heap->fake, heap->stack + 128, on_stack);
        struct audited audited = audit(heap, SIZE_MAX);
        const struct audit_part *part = &audited.audit.hidden;
        struct audit_type floats = type_row(part, "float");
        cr_expect_eq(floats.objects, 3, "all of `whole` was found");
        cr_expect_eq(floats.hidden, 3);
        cr_expect_eq(floats.guessed_objects, 3);
        cr_expect_eq(floats.by[AUDIT_UNEXPLAINED], 0);
        cr_expect_eq(floats.by[AUDIT_C_GLOBAL], 1);
        cr_expect_eq(floats.by[AUDIT_C_STACK], 1);
        cr_expect_eq(floats.by[AUDIT_BODY], 1);
        cr_expect_eq(object_row(&audited, part, kept).found, 0);
        cr_expect_eq(object_row(&audited, part, kept).hidden, 1);
        cr_expect_eq(object_row(&audited, part, whole).id, HEAP_NONE);
        audited_free(&audited);
    }
}

Test(audit, more_found_than_counted) {
    EACH_VERSION(heap) {
        uint64_t freed = fake_heap_float(heap, 1);
        fake_heap_root(heap, fake_heap_list(heap, 3, (uint64_t[]){freed, freed, freed}));
        struct audited audited = audit(heap, SIZE_MAX);
        const struct audit_part *part = &audited.audit.overcounted;
        cr_assert_eq(part->all_objects, 1);
        cr_expect_eq(part->hidden, -2);
        cr_expect_eq(part->objects[0].found, 3);
        cr_expect_eq(part->objects[0].hidden, -2);
        cr_expect_eq(part->objects[0].unexplained, 0);
        cr_expect_eq(type_row(&audited.audit.hidden, "float").objects, 0);
        audited_free(&audited);
    }
}

/* Far more than are kept while it looks. */
Test(audit, only_the_first_are_kept) {
    EACH_VERSION(heap) {
        enum { OBJECTS = 5000 };
        uint64_t worst = 0;
        for (int i = 0; i < OBJECTS; i++) {
            uint64_t leaked = fake_heap_float(heap, i);
            if (i == OBJECTS / 2) {
                worst = leaked;
                fake_heap_refcount(heap, leaked, 7);
            }
        }
        struct audited audited = audit(heap, 3);
        const struct audit_part *part = &audited.audit.hidden;
        cr_assert_eq(part->object_count, 3);
        cr_expect_eq(heap_address(audited.graph->heap, part->objects[0].id), worst);
        cr_expect_geq(part->all_objects, OBJECTS);
        cr_expect_eq(type_row(part, "float").hidden, OBJECTS + 6);
        audited_free(&audited);
    }
}

Test(audit, wanted_types_and_cancelling) {
    EACH_VERSION(heap) {
        fake_heap_float(heap, 1);
        fake_heap_str(heap, "leaked");
        struct audited audited = audit(heap, SIZE_MAX);
        struct audit some;
        bool *wanted = calloc(heap_type_count(heap->heap), sizeof *wanted);
        cr_assert(wanted);
        wanted[type_row(&audited.audit.hidden, "str").type->id] = true;
        cr_assert_null(audit_collect(audited.graph, wanted, SIZE_MAX, NULL, &some));
        cr_expect_eq(some.hidden.type_count, 1);
        cr_expect_eq(some.hidden.all_objects, 1);
        cr_expect_str_eq(some.hidden.types[0].type->name, "str");
        audit_free(&some);
        free(wanted);
        const volatile int cancel = 1;
        struct err *err = audit_collect(audited.graph, NULL, SIZE_MAX, &cancel, &some);
        cr_assert_not_null(err);
        cr_expect_eq(err_code(err), ERR_CANCELLED);
        err_free(err);
        audit_free(&some);
        audited_free(&audited);
    }
}

static size_t count_rows(struct audit_rows *rows, struct value cells[TABLE_MAX_COLUMNS]) {
    size_t count = 0;
    while (rows->table.next(rows->table.context, cells))
        count++;
    audit_rows_close(rows);
    return count;
}

Test(audit, tables) {
    EACH_VERSION(heap) {
        uint64_t kept = fake_heap_float(heap, 1.5), leaked = fake_heap_list(heap, 0, NULL);
        fake_word(&heap->fake, heap->foreign + 8, kept);
        fake_heap_track(heap, leaked);
        struct audited audited = audit(heap, SIZE_MAX);
        struct audit_rows rows;
        struct value cells[TABLE_MAX_COLUMNS];
        audit_unexplained_open(&rows, &audited.audit, SIZE_MAX);
        cr_assert(rows.table.next(&rows, cells));
        cr_expect_str_eq(cells[0].text, "list");
        cr_expect_str_eq(cells[3].text, "1 each; reachable from nothing");
        audit_rows_close(&rows);
        audit_guessed_open(&rows, &audited.audit, 1);
        cr_assert_eq(count_rows(&rows, cells), 1);
        cr_expect_str_eq(cells[0].text, "float");
        cr_expect_eq(cells[2].number, 1);
        audit_types_open(&rows, &audited.audit, &audited.audit.hidden, SIZE_MAX);
        cr_expect_eq(count_rows(&rows, cells), audited.audit.hidden.type_count);
        audit_objects_open(&rows, &audited.audit, &audited.audit.hidden, 1, true, true);
        cr_expect_eq(count_rows(&rows, cells), 1);
        cr_expect_eq(cells[0].number, leaked);
        audited_free(&audited);
    }
}
