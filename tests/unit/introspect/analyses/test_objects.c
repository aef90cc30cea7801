#include "fake_heap.h"
#include "introspect/analyses/objects.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The addresses of the rows that a query yields, in hex, with blanks between. */
static char *addresses(struct objects_query query) {
    static char text[1024];
    struct objects *objects = NULL;
    struct value cells[TABLE_MAX_COLUMNS];
    text[0] = '\0';
    cr_assert_null(objects_open(&fake_shop, &query, &objects));
    const struct table *table = objects_table(objects);
    while (table->next(table->context, cells))
        sprintf(text + strlen(text), "%s%llx", *text ? " " : "",
                (unsigned long long)cells[0].number);
    cr_assert_null(objects_error(objects));
    objects_close(objects);
    return text;
}

static char *refusal(struct objects_query query) {
    static char text[1024];
    struct objects *objects = NULL;
    struct err *err = objects_open(&fake_shop, &query, &objects);
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_USAGE));
    snprintf(text, sizeof text, "%s", err_message(err));
    err_free(err);
    return text;
}

Test(objects, all_by_address) {
    cr_assert(eq(str, addresses((struct objects_query){0}),
                 "2000 2100 2140 2200 2240 2300 2400 2500 2600 2700 2800"));
    cr_assert(eq(str, addresses((struct objects_query){.limit = 2}), "2000 2100"));
}

Test(objects, by_type) {
    cr_assert(eq(str, addresses((struct objects_query){.type = "dict"}), "2000 2300 2700"));
    cr_assert(
        eq(str, addresses((struct objects_query){.type = "shop.*.Order"}), "2200 2240 2400 2800"));
    cr_assert(eq(str, addresses((struct objects_query){.type = "models.Order"}), "2200 2240 2400"));
    cr_assert(eq(str, addresses((struct objects_query){.type = "nothing*"}), ""));
}

Test(objects, types_that_are_not_clear) {
    cr_assert(eq(str, refusal((struct objects_query){.type = "Order"}),
                 "'Order' is ambiguous: shop.models.Order, shop.models.Order, shop.views.Order"));
    cr_assert(eq(str, refusal((struct objects_query){.type = "Ordr"}),
                 "no type is called 'Ordr'; `heapglass top` lists the types"));
}

Test(objects, unreachable) {
    cr_assert(eq(str, addresses((struct objects_query){.unreachable = true}), "2400 2500"));
    cr_assert(
        eq(str, addresses((struct objects_query){.unreachable = true, .type = "str"}), "2500"));
}

Test(objects, sorted) {
    cr_assert(eq(str, addresses((struct objects_query){.sort = "size", .limit = 4}),
                 "2500 2000 2700 2300"));
    cr_assert(eq(str, addresses((struct objects_query){.sort = "refcount", .limit = 3}),
                 "2140 2100 2200"));
    cr_assert(eq(str, addresses((struct objects_query){.sort = "type", .limit = 4}),
                 "2000 2300 2700 2200"));
    cr_assert(
        eq(str, refusal((struct objects_query){.sort = "colour"}),
           "can't sort objects by 'colour': address, type, size, footprint, retained or refcount"));
}

/* More rows than a limit keeps in memory at once. */
Test(objects, limit_over_many) {
    enum { COUNT = 20000 };
    static struct fake_object many[COUNT];
    static const struct type type = {.name = "int"};
    for (uint32_t i = 0; i < COUNT; i++)
        many[i] = (struct fake_object){.address = 16 * (i + 1), .size = i * 7919u % COUNT};
    struct heap heap = {.types = &type, .type_count = 1, .objects = many, .count = COUNT};
    struct objects *objects = NULL;
    struct value cells[TABLE_MAX_COLUMNS];
    const struct objects_query query = {.sort = "size", .limit = 3};
    cr_assert_null(objects_open(&heap, &query, &objects));
    const struct table *table = objects_table(objects);
    for (uint64_t expected = COUNT - 1; table->next(table->context, cells); expected--) {
        bool found = false;
        for (size_t i = 0; i < table->column_count; i++) {
            if (!strcmp(table->columns[i].key, "size")) {
                cr_assert(eq(u64, cells[i].number, expected));
                found = true;
            }
        }
        cr_assert(found);
    }
    cr_assert(eq(u64, objects_shown(objects), 3));
    objects_close(objects);
}

Test(objects, references) {
    struct objects *objects = NULL;
    struct value cells[TABLE_MAX_COLUMNS];
    const struct objects_query query = {.type = "models.Order", .refs = true};
    cr_assert_null(objects_open(&fake_shop, &query, &objects));
    const struct table *table = objects_table(objects);
    size_t refs = table->column_count - 4, weakrefs = table->column_count - 3,
           guesses = table->column_count - 1;
    cr_assert(eq(str, (char *)table->columns[refs].key, "refs"));
    cr_assert(eq(str, (char *)table->columns[weakrefs].key, "weakrefs"));
    cr_assert(table->next(table->context, cells));
    cr_assert(eq(sz, cells[refs].addresses.count, 3), "duplicates are kept");
    cr_assert(eq(u64, cells[refs].addresses.items[2], 0x2100));
    cr_assert(eq(sz, cells[weakrefs].addresses.count, 0));
    cr_assert(table->next(table->context, cells));
    cr_assert(eq(sz, cells[refs].addresses.count, 1));
    cr_assert(eq(sz, cells[weakrefs].addresses.count, 1));
    cr_assert(eq(u64, cells[weakrefs].addresses.items[0], 0x2200));
    cr_assert(eq(sz, cells[guesses].addresses.count, 1), "a guess is no reference");
    objects_close(objects);
}
