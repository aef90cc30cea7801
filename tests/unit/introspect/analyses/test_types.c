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
