/* Which containers are the same, and what has grown, from lists of them. */
#include "introspect/analyses/container_growth.h"

#include <criterion/criterion.h>
#include <string.h>

enum { DICT, LIST, NODE, TYPES, MOST = 64 };

static const char *type_names[TYPES] = {"dict", "list", "shop.Node"};

/* Containers made by hand: the path of each is a class of its own, unless another has the same text. */
struct made {
    struct containers containers;
    struct container items[MOST];
    struct container_class classes[MOST];
};

static uint64_t hash(const char *text) {
    uint64_t hash = 5381;
    for (; *text; text++)
        hash = hash * 33 ^ (unsigned char)*text;
    return hash;
}

static void begin(struct made *made) {
    memset(made, 0, sizeof *made);
    made->containers = (struct containers){
        .items = made->items, .classes = made->classes, .types = type_names, .type_count = TYPES};
}

static uint32_t class_of(struct made *made, const char *text) {
    for (size_t i = 0; i < made->containers.class_count; i++) {
        if (!strcmp(made->classes[i].text, text))
            return (uint32_t)i;
    }
    made->classes[made->containers.class_count] = (struct container_class){text, hash(text)};
    return (uint32_t)made->containers.class_count++;
}

/* Its index. `exact` is the path with keys and indices. */
static uint32_t add(struct made *made, uint32_t type, uint64_t address, const char *path,
                    const char *exact, uint32_t entries, uint64_t held) {
    uint32_t index = (uint32_t)made->containers.count++;
    made->items[index] = (struct container){
        .address = address,
        .path = hash(exact),
        .held = held,
        .entries = entries,
        .class = class_of(made, path),
        .type = type,
        .parent = (uint32_t)CONTAINER_NONE,
    };
    return index;
}

static void put_into(struct made *made, uint32_t index, uint32_t around, uint32_t deeper) {
    made->items[index].parent = around;
    made->items[index].depth = made->items[around].depth + deeper;
}

/* Dicts that are the same on both sides, so that addresses are known to tell something. */
static void add_others(struct made *made) {
    static const char *const paths[] = {"a.a", "a.b", "a.c", "a.d", "a.e", "a.f"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        add(made, DICT, 0x100 + 0x40 * i, paths[i], paths[i], 3, 232);
}

static struct container_changes find(const struct made *before, const struct made *after) {
    struct container_changes changes;
    cr_assert_null(container_changes_find(&before->containers, &after->containers, &changes));
    return changes;
}

static void expect(const struct container_change *change, const char *path, uint64_t containers,
                   uint64_t before, uint64_t after, int64_t bytes) {
    cr_expect_str_eq(change->path, path);
    cr_expect_eq(change->containers, containers);
    cr_expect_eq(change->entries_before, before);
    cr_expect_eq(change->entries_after, after);
    cr_expect_eq((int64_t)(change->held_after - change->held_before), bytes);
}

static struct made before, after;

static void begin_both(void) {
    begin(&before);
    begin(&after);
    add_others(&before);
    add_others(&after);
}

Test(container_growth, by_address, .init = begin_both) {
    add(&before, LIST, 0x1000, "shop.orders", "shop.orders", 10, 1000);
    add(&after, LIST, 0x1000, "local orders in f()", "local orders in f()", 30, 3000);
    before.items[6].first = after.items[6].first = 77;
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "local orders in f()", 1, 10, 30, 2000);
    cr_expect_not(changes.by_path);
    container_changes_free(&changes);
}

Test(container_growth, a_reused_address_is_another_container, .init = begin_both) {
    add(&before, LIST, 0x1000, "shop.first", "shop.first", 10, 1000);
    add(&after, LIST, 0x1000, "shop.other", "shop.other", 30, 3000);
    before.items[6].first = 1;
    after.items[6].first = 2;
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "shop.other", 1, 0, 30, 3000);
    container_changes_free(&changes);
}

Test(container_growth, what_was_made_anew_is_found_by_its_place, .init = begin_both) {
    add(&before, DICT, 0x1000, "shop.caches[*]", "shop.caches['a']", 10, 1000);
    add(&before, DICT, 0x1100, "shop.caches[*]", "shop.caches['b']", 500, 9000);
    add(&after, DICT, 0x2000, "shop.caches[*]", "shop.caches['a']", 40, 5000);
    add(&after, DICT, 0x2100, "shop.caches[*]", "shop.caches['b']", 500, 9000);
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "shop.caches[*]", 1, 10, 40, 4000);
    cr_expect_eq(changes.items[0].address, 0x2000);
    container_changes_free(&changes);
}

Test(container_growth, new_ones_are_part_of_what_has_more_entries, .init = begin_both) {
    uint32_t users = add(&before, DICT, 0x1000, "shop.users", "shop.users", 1, 1000);
    put_into(&before, add(&before, LIST, 0x1100, "shop.users[*]", "1", 5, 500), users, 1);
    users = add(&after, DICT, 0x1000, "shop.users", "shop.users", 3, 1200);
    put_into(&after, add(&after, LIST, 0x1100, "shop.users[*]", "1", 5, 500), users, 1);
    put_into(&after, add(&after, LIST, 0x1200, "shop.users[*]", "2", 6, 600), users, 1);
    put_into(&after, add(&after, LIST, 0x1300, "shop.users[*]", "3", 7, 700), users, 1);
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "shop.users", 1, 1, 3, 1500);
    container_changes_free(&changes);
}

Test(container_growth, replaced_ones_are_no_growth, .init = begin_both) {
    uint32_t ring = add(&before, LIST, 0x1000, "shop.ring", "shop.ring", 2, 1000);
    put_into(&before, add(&before, LIST, 0x1100, "shop.ring[*]", "1", 5, 500), ring, 1);
    put_into(&before, add(&before, LIST, 0x1200, "shop.ring[*]", "2", 5, 500), ring, 1);
    ring = add(&after, LIST, 0x1000, "shop.ring", "shop.ring", 2, 1000);
    put_into(&after, add(&after, LIST, 0x1300, "shop.ring[*]", "3", 5, 500), ring, 1);
    put_into(&after, add(&after, LIST, 0x1400, "shop.ring[*]", "4", 5, 500), ring, 1);
    struct container_changes changes = find(&before, &after);
    cr_expect_eq(changes.count, 0);
    container_changes_free(&changes);
}

Test(container_growth, many_that_grew_alike_are_one_line, .init = begin_both) {
    for (uint64_t i = 0; i < 20; i++) {
        char exact[] = {(char)('a' + i), '\0'};
        add(&before, LIST, 0x1000 + i * 64, "shop.users[*].log", exact, 3, 100);
        add(&after, LIST, 0x1000 + i * 64, "shop.users[*].log", exact, 10, 300);
    }
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "shop.users[*].log", 20, 60, 200, 4000);
    cr_expect_eq(changes.items[0].address, 0);
    cr_expect_eq(changes.items[0].example, 0x1000);
    container_changes_free(&changes);
}

Test(container_growth, one_that_outgrew_the_others_has_its_own_line, .init = begin_both) {
    for (uint64_t i = 0; i < 5; i++) {
        char exact[] = {(char)('a' + i), '\0'};
        add(&before, LIST, 0x1000 + i * 64, "shop.users[*].log", exact, 3, 100);
        add(&after, LIST, 0x1000 + i * 64, "shop.users[*].log", exact, i ? 4 : 1000,
            i ? 200 : 9000);
    }
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 2);
    expect(&changes.items[0], "shop.users[*].log", 1, 3, 1000, 8900);
    cr_expect_eq(changes.items[0].address, 0x1000);
    cr_expect_eq(changes.items[0].example, 0x1000);
    expect(&changes.items[1], "shop.users[*].log", 4, 12, 16, 400);
    cr_expect_eq(changes.items[1].example, 0);
    container_changes_free(&changes);
}

Test(container_growth, unrelated_processes_are_compared_by_path) {
    begin(&before);
    begin(&after);
    for (uint64_t i = 0; i < 10; i++) {
        static const char *const paths[] = {"s.a", "s.b", "s.c", "s.d", "s.e",
                                            "s.f", "s.g", "s.h", "s.i", "s.j"};
        add(&before, DICT, 0x1000 + i * 64, paths[i], paths[i], 3, 100);
        add(&after, DICT, 0x5000 + i * 64, paths[i], paths[i], i == 4 ? 9 : 3, i == 4 ? 700 : 100);
    }
    struct container_changes changes = find(&before, &after);
    cr_expect(changes.by_path);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "s.e", 1, 3, 9, 600);
    container_changes_free(&changes);
}

Test(container_growth, what_has_no_entries_tells_none, .init = begin_both) {
    add(&before, NODE, 0x1000, "shop.head", "shop.head", (uint32_t)CONTAINER_NO_ENTRIES, 1000);
    add(&after, NODE, 0x1040, "shop.head", "shop.head", (uint32_t)CONTAINER_NO_ENTRIES, 9000);
    struct container_changes changes = find(&before, &after);
    cr_assert_eq(changes.count, 1);
    expect(&changes.items[0], "shop.head", 1, 0, 0, 8000);
    cr_expect_not(changes.items[0].has_entries);
    cr_expect_str_eq(changes.items[0].type, "shop.Node");
    container_changes_free(&changes);
}
