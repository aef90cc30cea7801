#include "base/strbuf.h"
#include "introspect/layout/internal.h"
#include "tests/unit/fixture_layout.h"

#include <criterion/criterion.h>
#include <string.h>

/* A table that was made before a field was added lacks it, and would silently hide it from
 * decoders: scripts/make-tables is to be run then. */
Test(tables, know_every_field_and_trait) {
    cr_assert_not_null(layout_tables[0].name);
    for (const struct layout_table *table = layout_tables; table->name; table++) {
        struct layout *layout = NULL;
        struct err *err = layout_parse(table->text, table->length, &layout);
        cr_assert_null(err, "%s: %s", table->name, err ? err_message(err) : "");
        struct strbuf again = {0};
        layout_emit(layout, &again);
        cr_expect(again.length == table->length && !memcmp(again.text, table->text, table->length),
                  "%s is out of date: run scripts/make-tables", table->name);
        strbuf_free(&again);
        layout_destroy(layout);
    }
}

Test(tables, traits_are_those_that_would_be_derived) {
    for (const struct layout_table *table = layout_tables; table->name; table++) {
        struct layout *layout = NULL, derived;
        cr_assert_null(layout_parse(table->text, table->length, &layout));
        derived = *layout;
        memset(&derived.trait, 0xee, sizeof derived.trait);
        cr_assert_null(traits_derive(&derived));
        cr_expect_arr_eq(&derived.trait, &layout->trait, sizeof derived.trait, "%s", table->name);
        layout_destroy(layout);
    }
}

/* Facts of CPython's sources, not of our reading of DWARF. */
Test(tables, say_what_the_sources_say) {
    const struct layout *old = fixture_layout("3.11.2"), *new = fixture_layout("3.13.0");
    cr_expect_eq(old->object.ob_type.offset, 8);
    cr_expect_eq(new->object.ob_type.offset, 8);
    cr_expect_eq(old->trait.managed_dict_values, 1);
    cr_expect_eq(new->trait.managed_dict_values, 3);
    cr_expect_eq(old->trait.obmalloc_state, 0);
    cr_expect_eq(new->trait.obmalloc_state, 2);
    cr_expect_eq(old->trait.compact_int, 0);
    cr_expect_eq(new->trait.compact_int, 1);
    cr_expect_eq(old->trait.immortal_bit, 0);
    cr_expect_eq(new->trait.immortal_bit, 0x80000000);
    cr_expect_eq(new->trait.refcount_mask, 0xffffffff);
    cr_expect_eq(old->ascii.kind.bit_size, 3);
    cr_expect_eq(old->runtime.size, 166688);
    cr_expect_eq(new->runtime.size, 283320);
}
