#include "fake_heap.h"
#include "introspect/analyses/object.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(object, refcount_adds_up) {
    struct object_details details;
    cr_assert_null(object_details_collect(&fake_shop, 1, 0, NULL, &details));
    cr_assert(eq(sz, details.holders.count, 3));
    cr_assert(eq(u64, details.found, 3));
    cr_assert(eq(i64, details.hidden, 0));
    cr_assert(eq(u32, details.holders.items[0].id, 0));
    cr_assert(eq(u32, details.holders.items[1].id, 3));
    cr_assert(eq(str, (char *)(uintptr_t)details.holders.items[1].reference.argument, ".name"));
    cr_assert(eq(str, (char *)(uintptr_t)details.holders.items[2].reference.argument, ".title"));
    object_details_free(&details);
}

Test(object, weak_references_do_not_count) {
    struct object_details details;
    cr_assert_null(object_details_collect(&fake_shop, 3, 2, NULL, &details));
    cr_assert(eq(sz, details.holders.count, 2));
    cr_assert(eq(u64, details.found, 1));
    cr_assert(eq(i64, details.hidden, 1));
    cr_assert(eq(sz, details.references.count, 3));
    object_details_free(&details);
}

Test(object, more_found_than_counted) {
    struct object_details details;
    cr_assert_null(object_details_collect(&fake_shop, 4, 1, NULL, &details));
    cr_assert(eq(u64, details.found, 2), "a guess is none");
    cr_assert(eq(i64, details.hidden, -1));
    object_details_free(&details);
}

Test(object, immortal_hides_nothing) {
    struct object_details details;
    cr_assert_null(object_details_collect(&fake_shop, 2, 1, NULL, &details));
    cr_assert(eq(i64, details.hidden, 0));
    object_details_free(&details);
}

Test(object, cancelled) {
    volatile int cancel = 1;
    struct object_details details;
    struct err *err = object_details_collect(&fake_shop, 1, 1, &cancel, &details);
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_CANCELLED));
    err_free(err);
}

Test(object, fields_of_what_is_no_object) {
    struct object_details details;
    struct object_rows rows;
    struct value cells[TABLE_MAX_COLUMNS];
    cr_assert_null(object_details_collect(&fake_shop, 9, 1, NULL, &details));
    object_fields_open(&rows, &details, 10, true);
    for (int i = 0; i < 3; i++)
        cr_assert(rows.table.next(rows.table.context, cells));
    cr_assert(eq(str, (char *)cells[0].text, "['gone']"));
    cr_assert(eq(int, cells[2].kind, VALUE_NONE), "no type");
    cr_assert(eq(u64, cells[3].number, 0x99999));
    cr_assert(not(rows.table.next(rows.table.context, cells)));
    object_rows_close(&rows);
    object_details_free(&details);
}
