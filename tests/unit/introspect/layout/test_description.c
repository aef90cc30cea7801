#include "introspect/layout/internal.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(description, places_are_those_of_the_structure) {
    struct layout layout = {0};
    layout.dict.size = 48;
    layout.dict.ma_values = (struct field){.offset = 40, .size = 8};
    layout.trait.pool_size = 77;
    struct field field;
    cr_assert(layout_look_up(&layout, "dict.ma_values", &field));
    cr_expect_eq(field.offset, 40);
    cr_assert(layout_look_up(&layout, "dict", &field));
    cr_expect_eq(field.size, 48);
    cr_expect_not(layout_look_up(&layout, "dict.no_such", &field));
    cr_expect_not(layout_look_up(&layout, "no_such", &field));
    cr_expect_not(layout_look_up(&layout, "no_such.field", &field));
    bool found = false;
    for (size_t i = 0; i < layout_trait_count; i++)
        found = found || (!strcmp(layout_traits[i].name, "pool_size") &&
                          layout_trait(&layout, &layout_traits[i]) == 77);
    cr_expect(found);
}

/* Every byte of struct layout from the first structure to the traits is described, none twice. */
Test(description, covers_the_whole_layout) {
    size_t end = offsetof(struct layout, object);
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        cr_expect_eq(structure->offset, end, "%s", structure->name);
        end = structure->offset + sizeof(uint32_t) + structure->field_count * sizeof(struct field);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(structure->name, layout_structures[k].name);
        for (size_t k = 0; k < structure->field_count; k++)
            cr_expect_eq(layout_find_field(structure, structure->fields[k].name,
                                           strlen(structure->fields[k].name)),
                         k, "%s.%s is there twice", structure->name, structure->fields[k].name);
    }
    cr_expect_leq(offsetof(struct layout, trait) - end, sizeof(uint64_t) - 1);
}
