#include "fake_heap.h"
#include "introspect/analyses/types.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static void setup(void) {
    fake_heap_add_up(&fake_shop);
}

TestSuite(types, .init = setup);

Test(types, sums_and_default_order) {
    struct types types;
    cr_assert_null(types_collect(&fake_shop, &types));
    cr_assert(eq(sz, types.count, 5), "types without objects are left out");
    static const char *const names[] = {"str", "dict", "shop.models.Order", "shop.models.Order",
                                        "shop.views.Order"};
    for (size_t i = 0; i < 5; i++)
        cr_assert(eq(str, (char *)types.rows[i].type->name, (char *)names[i]));
    cr_assert(eq(u64, types.rows[0].objects, 4));
    cr_assert(eq(u64, types.rows[0].footprint, 64 + 0 + 1048576 + 64));
    cr_assert(eq(u64, types.rows[0].size, 51 + 50 + 1000049 + 52));
    cr_assert(eq(u64, types.rows[0].unreachable, 1));
    cr_assert(eq(u64, types.rows[2].type->address, 0x7f0000001000), "2 of them: more footprint");
    types_free(&types);
}

Test(types, of_one_interpreter) {
    struct types all, of_main, of_other;
    uint64_t objects = 0, footprint = 0;
    fake_interpreters = 2;
    cr_assert_null(types_collect(&fake_shop, &all));
    cr_assert_null(types_collect_of(&fake_shop, 0, &of_main));
    cr_assert_null(types_collect_of(&fake_shop, 1, &of_other));
    cr_assert(eq(sz, of_other.count, 1));
    cr_assert(eq(u64, of_other.rows[0].objects, 1));
    cr_assert(eq(u64, of_other.rows[0].footprint, heap_footprint(&fake_shop, 0)));
    for (size_t i = 0; i < all.count; i++)
        objects += all.rows[i].objects, footprint += all.rows[i].footprint;
    for (size_t i = 0; i < of_main.count; i++)
        objects -= of_main.rows[i].objects, footprint -= of_main.rows[i].footprint;
    cr_assert(eq(u64, objects, 1));
    cr_assert(eq(u64, footprint, of_other.rows[0].footprint), "together they are all");
    types_free(&all);
    types_free(&of_main);
    types_free(&of_other);
    struct err *err = types_collect_of(&fake_shop, 7, &all);
    cr_assert(eq(int, err_code(err), ERR_USAGE));
    cr_assert(eq(str, (char *)err_message(err), "there is no interpreter 7 in it: those are 0, 1"));
    types_free(&all);
    err_free(err);
}

Test(types, other_orders) {
    struct types types;
    cr_assert_null(types_collect(&fake_shop, &types));
    cr_assert_null(types_sort(&types, "type"));
    cr_assert(eq(str, (char *)types.rows[0].type->name, "dict"));
    cr_assert(eq(u64, types.rows[1].type->address, 0x7f0000001000));
    cr_assert(eq(u64, types.rows[2].type->address, 0x7f0000002000));
    cr_assert_null(types_sort(&types, "unreachable"));
    cr_assert(eq(str, (char *)types.rows[0].type->name, "str"));
    cr_assert(eq(u64, types.rows[1].type->address, 0x7f0000002000));
    struct err *err = types_sort(&types, "weight");
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_USAGE));
    err_free(err);
    types_free(&types);
}

Test(types, empty_heap) {
    struct heap heap = {0};
    struct types types;
    cr_assert_null(types_collect(&heap, &types));
    cr_assert(eq(sz, types.count, 0));
    types_free(&types);
}
