/* Which objects are the same at another moment, over small heaps of one process. */
#include "fake_heap.h"
#include "introspect/analyses/survivors.h"

#include <criterion/criterion.h>

#define LIVE .flags = OBJECT_REACHABLE, .refcount = 1

static const struct type types[] = {
    {.address = 0x10, .id = 0, .name = "shop.Order", .plain_size = true},
    {.address = 0x20, .id = 1, .name = "int", .owns_nothing = true},
    {.address = 0x30, .id = 2, .name = "list"},
};

#define HEAP(object_list, reference_list)                                                          \
    {                                                                                              \
        .types = types, .type_count = 3, .objects = object_list,                                   \
        .count = sizeof(object_list) / sizeof *(object_list), .references = reference_list,        \
        .reference_count = sizeof(reference_list) / sizeof *(reference_list)                       \
    }

/* Three orders, each with a number of its own; a list that gets longer. */
static const struct fake_object first_objects[] = {
    {.address = 0x1000, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1040, .type = 1, .size = 28, .footprint = 32, .preview = "1", LIVE},
    {.address = 0x2000, .type = 2, .size = 56, .footprint = 80, LIVE},
};
static const struct fake_reference first_references[] = {{0, 0x1040, REFERENCE_STRONG, ".number"}};
static const struct fake_object middle_objects[] = {
    {.address = 0x1000, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1040, .type = 1, .size = 28, .footprint = 32, .preview = "1", LIVE},
    {.address = 0x1100, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1140, .type = 1, .size = 28, .footprint = 32, .preview = "2", LIVE},
    {.address = 0x1200, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1240, .type = 1, .size = 28, .footprint = 32, .preview = "3", LIVE},
    {.address = 0x1300, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x2000, .type = 2, .size = 96, .footprint = 144, LIVE},
};
static const struct fake_reference middle_references[] = {
    {0, 0x1040, REFERENCE_STRONG, ".number"},
    {2, 0x1140, REFERENCE_STRONG, ".number"},
    {4, 0x1240, REFERENCE_STRONG, ".number"},
};
/* The second order stayed; where the third was is another one; the fourth has nothing that tells. */
static const struct fake_object last_objects[] = {
    {.address = 0x1000, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1040, .type = 1, .size = 28, .footprint = 32, .preview = "1", LIVE},
    {.address = 0x1100, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1140, .type = 1, .size = 28, .footprint = 32, .preview = "2", LIVE},
    {.address = 0x1200, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1240, .type = 1, .size = 28, .footprint = 32, .preview = "77", LIVE},
    {.address = 0x1300, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x1400, .type = 0, .size = 48, .footprint = 64, LIVE},
    {.address = 0x2000, .type = 2, .size = 200, .footprint = 256, LIVE},
};
static const struct fake_reference last_references[] = {
    {0, 0x1040, REFERENCE_STRONG, ".number"},
    {2, 0x1140, REFERENCE_STRONG, ".number"},
    {4, 0x1240, REFERENCE_STRONG, ".number"},
};

static struct heap first = HEAP(first_objects, first_references);
static struct heap middle = HEAP(middle_objects, middle_references);
static struct heap last = HEAP(last_objects, last_references);

Test(survivors, values_and_parts_tell_who_stayed) {
    struct object_set set;
    cr_assert_null(survivors_find(&first, &middle, &last, NULL, &set));
    cr_expect_eq(set.count, 3);
    cr_expect(set.has[2] && set.has[3], "the second order and its number");
    cr_expect(!set.has[4] && !set.has[5], "another number, so another order");
    cr_expect(set.has[6], "nothing tells that it is another");
    cr_expect_eq(set.unproven, 1);
    cr_expect_eq(set.footprint, 64 + 32 + 64);
    object_set_free(&set);
}

Test(survivors, new_and_gone_go_by_address_type_and_size) {
    struct object_set set;
    cr_assert_null(objects_missing_in(&middle, &first, NULL, &set));
    cr_expect_eq(set.count, 5, "a list may have another size");
    cr_expect_not(set.has[7]);
    object_set_free(&set);
    cr_assert_null(objects_missing_in(&first, &middle, NULL, &set));
    cr_expect_eq(set.count, 0);
    object_set_free(&set);
}

Test(survivors, processes_that_share_addresses) {
    static const struct fake_object elsewhere[] = {
        {.address = 0x9000, .type = 0, .size = 48, .footprint = 64, LIVE},
        {.address = 0x9100, .type = 1, .size = 28, .footprint = 32, LIVE},
    };
    struct heap other = HEAP(elsewhere, first_references);
    cr_expect(heaps_share_addresses(&first, &last));
    cr_expect_not(heaps_share_addresses(&first, &other));
}
