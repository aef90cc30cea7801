/* What keeps its number from one refresh to the next, over small heaps of one process. */
#include "fake_heap.h"
#include "introspect/analyses/first_seen.h"

#include <criterion/criterion.h>

#define LIVE .flags = OBJECT_REACHABLE, .refcount = 1

static const struct type types[] = {
    {.address = 0x10, .id = 0, .name = "shop.Order", .plain_size = true},
    {.address = 0x20, .id = 1, .name = "int", .owns_nothing = true},
    {.address = 0x30, .id = 2, .name = "type"},
};

#define HEAP(object_list, reference_list)                                                          \
    {                                                                                              \
        .types = types, .type_count = 3, .objects = object_list,                                   \
        .count = sizeof(object_list) / sizeof *(object_list), .references = reference_list,        \
        .reference_count = sizeof(reference_list) / sizeof *(reference_list)                       \
    }
#define ORDER(at)                                                                                  \
    { .address = at, .type = 0, .size = 48, .footprint = 64, LIVE }
#define NUMBER(at, value)                                                                          \
    { .address = at, .type = 1, .size = 28, .footprint = 32, .preview = value, LIVE }
#define TYPE(at)                                                                                   \
    { .address = at, .type = 2, .size = 400, .footprint = 0, .refcount = 9, .flags = OBJECT_STATIC }

/* Orders of one number each, but for one that has none; a static type, whose only number changes. */
static const struct fake_object first_objects[] = {ORDER(0x1000), NUMBER(0x1040, "1"),
                                                   ORDER(0x1300), TYPE(0x9000)};
static const struct fake_reference first_references[] = {{0, 0x1040, REFERENCE_STRONG, ".number"}};
static const struct fake_object second_objects[] = {
    ORDER(0x1000), NUMBER(0x1040, "1"), ORDER(0x1100),       NUMBER(0x1140, "2"),
    ORDER(0x1300), TYPE(0x9000),        NUMBER(0x9900, "7"),
};
static const struct fake_reference second_references[] = {
    {0, 0x1040, REFERENCE_STRONG, ".number"},
    {2, 0x1140, REFERENCE_STRONG, ".number"},
    {5, 0x9900, REFERENCE_STRONG, ".number"},
};
static const struct fake_object third_objects[] = {
    ORDER(0x1000), NUMBER(0x1040, "3"), ORDER(0x1100), NUMBER(0x1140, "2"),
    ORDER(0x1200), ORDER(0x1300),       TYPE(0x9000),  NUMBER(0x9900, "8"),
};
static const struct fake_reference third_references[] = {
    {0, 0x1040, REFERENCE_STRONG, ".number"},
    {2, 0x1140, REFERENCE_STRONG, ".number"},
    {6, 0x9900, REFERENCE_STRONG, ".number"},
};

static struct heap first = HEAP(first_objects, first_references);
static struct heap second = HEAP(second_objects, second_references);
static struct heap third = HEAP(third_objects, third_references);

static void expect_numbers(const struct first_seen *seen, const uint16_t *expected,
                           uint32_t count) {
    cr_assert_eq(seen->count, count);
    for (uint32_t id = 0; id < count; id++)
        cr_expect_eq(seen->of[id], expected[id], "object %u: %u", id, seen->of[id]);
}

Test(first_seen, numbers_are_kept) {
    struct first_seen one, two, three;
    struct object_set set;
    cr_assert_null(first_seen_start(&first, 1, &one));
    expect_numbers(&one, (const uint16_t[]){1, 1, 1, 1}, 4);
    cr_assert_null(first_seen_follow(&first, &one, &second, 2, NULL, &two));
    first_seen_free(&one);
    expect_numbers(&two, (const uint16_t[]){1, 1, 2, 2, 1, 1, 2}, 7);
    cr_expect_eq(two.unproven_count, 1, "the order without a number");
    cr_expect(two.unproven[4]);
    cr_assert_null(first_seen_follow(&second, &two, &third, 3, NULL, &three));
    first_seen_free(&two);
    expect_numbers(&three, (const uint16_t[]){3, 3, 2, 2, 3, 1, 1, 3}, 8);
    cr_assert_null(first_seen_between(&third, &three, 1, 2, &set));
    cr_expect_eq(set.count, 2);
    cr_expect(set.has[2] && set.has[3]);
    cr_expect_eq(set.footprint, 96);
    object_set_free(&set);
    cr_assert_null(first_seen_between(&third, &three, 0, 1, &set));
    cr_expect_eq(set.count, 2);
    cr_expect_eq(set.unproven, 1);
    object_set_free(&set);
    first_seen_free(&three);
}

Test(first_seen, high_numbers_are_one) {
    struct first_seen seen;
    cr_assert_null(first_seen_start(&first, 70000, &seen));
    cr_expect_eq(seen.of[0], UINT16_MAX);
    first_seen_free(&seen);
}

Test(first_seen, gives_up_when_asked) {
    struct first_seen one, two;
    int cancel = 1;
    cr_assert_null(first_seen_start(&first, 1, &one));
    struct err *err = first_seen_follow(&first, &one, &second, 2, &cancel, &two);
    cr_expect_eq(err_code(err), ERR_CANCELLED);
    cr_expect_null(two.of);
    err_free(err);
    first_seen_free(&one);
}

/* ---- how far it is looked -------------------------------------------------------------------- */

enum { CHAIN = 6 };

/* Orders each of which holds the next, the last one a number. Whichever is asked about first, a number is seen
 * through three levels of parts, and behind them nothing is known. */
static void expect_chain(const char *value, bool same, bool backwards) {
    struct fake_object before[CHAIN], now[CHAIN];
    struct fake_reference old_references[CHAIN - 1], references[CHAIN - 1];
    for (uint32_t i = 0; i < CHAIN; i++) {
        uint32_t id = backwards ? CHAIN - 1 - i : i;
        uint64_t address = 0x1000 + 0x40 * i, next = address + 0x40;
        bool last = i == CHAIN - 1;
        before[i] =
            last ? (struct fake_object)NUMBER(address, "1") : (struct fake_object)ORDER(address);
        now[id] = last ? (struct fake_object)NUMBER(address, value) : before[i];
        if (last)
            break;
        old_references[i] = (struct fake_reference){i, next, REFERENCE_STRONG, ".next"};
        references[i] = (struct fake_reference){id, next, REFERENCE_STRONG, ".next"};
    }
    struct heap earlier = HEAP(before, old_references), later = HEAP(now, references);
    struct first_seen one, two;
    cr_assert_null(first_seen_start(&earlier, 1, &one));
    cr_assert_null(first_seen_follow(&earlier, &one, &later, 2, NULL, &two));
    for (uint32_t i = 0; i < CHAIN; i++) {
        uint32_t id = backwards ? CHAIN - 1 - i : i;
        bool seen_through = i + 3 >= CHAIN - 1;
        cr_expect_eq(two.of[id], seen_through && !same ? 2 : 1, "link %u", i);
        cr_expect_eq(two.unproven[id], !seen_through, "link %u", i);
    }
    first_seen_free(&one);
    first_seen_free(&two);
}

Test(first_seen, parts_of_parts) {
    expect_chain("1", true, false);
    expect_chain("1", true, true);
    expect_chain("2", false, false);
    expect_chain("2", false, true);
}
