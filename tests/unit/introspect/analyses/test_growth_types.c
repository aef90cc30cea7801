/* Growth by type between two small heaps. */
#include "fake_heap.h"
#include "introspect/analyses/growth_types.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct type_change *change_named(const struct type_changes *changes,
                                              const char *name) {
    for (size_t i = 0; i < changes->count; i++) {
        if (!strcmp(changes->items[i].name, name))
            return &changes->items[i];
    }
    cr_assert_fail("no %s", name);
    return NULL;
}

Test(growth_types, what_grew_most_comes_first) {
    static struct fake_object more[16];
    struct heap shop = fake_shop, grown = fake_shop;
    struct type_counts before, after;
    struct type_changes changes;
    memcpy(more, shop.objects, shop.count * sizeof *more);
    more[shop.count] = (struct fake_object){.address = 0x3000, .type = 5, .footprint = 4000};
    more[shop.count + 1] = (struct fake_object){.address = 0x3100, .type = 4, .footprint = 200};
    more[8].footprint = 96;   /* a str that is longer */
    grown.objects = more + 1; /* without the first dict */
    grown.count = shop.count + 1;
    cr_assert_null(type_counts_collect(&shop, &before));
    cr_assert_null(type_counts_collect(&grown, &after));
    cr_assert_null(type_changes_find(&before, &after, &changes));
    cr_expect_eq(before.count, 4,
                 "two classes of one name are one type, and those without objects none");
    cr_assert_eq(changes.count, 5);
    cr_expect_str_eq(changes.items[0].name, "shop.views.Order");
    cr_expect_eq(changes.items[0].objects_after, 2);
    cr_expect_eq(changes.items[0].footprint_after - changes.items[0].footprint_before, 4000);
    cr_expect_str_eq(changes.items[1].name, "set");
    cr_expect_eq(changes.items[1].objects_before, 0);
    cr_expect_str_eq(changes.items[2].name, "str");
    cr_expect_str_eq(changes.items[4].name, "dict");
    cr_expect_eq(change_named(&changes, "shop.models.Order")->objects_before, 3);
    cr_expect_eq(changes.grown, 3);
    cr_expect_eq(changes.changed, 4);
    type_changes_free(&changes);
    type_counts_free(&before);
    type_counts_free(&after);
}
