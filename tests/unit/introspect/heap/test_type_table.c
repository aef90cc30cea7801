#include "each_version.h"
#include "introspect/heap/type_table.h"

#include <criterion/criterion.h>

static struct type_table *table;

static void create(struct fake_heap *heap) {
    if (!heap->runtime)
        fake_heap_finish(heap);
    cr_assert_null(type_table_create(heap->image, heap->layout, heap->runtime_address, &table));
}

static uint64_t class_of(struct fake_heap *heap, const char *name, uint64_t base,
                         uint64_t basicsize) {
    const struct layout *layout = heap->layout;
    uint64_t class =
        fake_type(&heap->fake,
                  &(struct fake_type){
                      .name = name, .base = base, .flags = FAKE_HEAPTYPE, .basicsize = basicsize});
    uint64_t name_object = fake_heap_str(heap, name);
    fake_set(&heap->fake, class, layout->heap_type.ht_name, name_object);
    fake_set(&heap->fake, class, layout->heap_type.ht_qualname, name_object);
    fake_set(&heap->fake, class, layout->type.tp_name, name_object + layout->ascii.size);
    fake_set(&heap->fake, class, layout->type.tp_dealloc, heap->module);
    return class;
}

static void add_members(struct fake_heap *heap, uint64_t class, size_t count,
                        const uint64_t *offsets) {
    uint64_t members = fake_alloc(&heap->fake, count * 40);
    uint64_t name = fake_string(&heap->fake, "slot");
    for (size_t i = 0; i < count; i++)
        fake_words(&heap->fake, members + i * 40, 3, (uint64_t[]){name, 16, offsets[i]});
    fake_set(&heap->fake, class, heap->layout->type.tp_members, members);
    fake_set(&heap->fake, class, heap->layout->var_object.ob_size, count);
}

Test(type_table, static_types) {
    EACH_VERSION(heap) {
        create(heap);
        const struct type *type = type_table_get(table, heap->float_type);
        cr_assert_not_null(type);
        cr_expect_str_eq(type->name, "float");
        cr_expect_not_null(type->decoder);
        cr_expect_eq(type->decoded_as, type);
        cr_expect_not(type->heap_type || type->has_gc || type->unknown_body || type->is_type);
        cr_expect_str_eq(type->base->name, "object");
        cr_expect_null(type->base->base);
        cr_expect_eq(type_table_get(table, heap->float_type), type);
        cr_expect_eq(type_table_find(table, heap->float_type), type);
        cr_expect_eq(type_table_by_id(table, type->id), type);
        const struct type *list = type_table_get(table, heap->list_type);
        cr_expect(list->has_gc);
        cr_expect(type_table_get(table, heap->fake.type_type)->is_type);
        cr_expect_null(type_table_by_id(table, type_table_count(table)));
        type_table_destroy(table);
    }
}

Test(type_table, name_of_a_static_type_keeps_its_module_but_builtins) {
    EACH_VERSION(heap) {
        uint64_t bare = fake_heap_static_type(
            heap, &(struct fake_type){.name = "builtins.thing\n", .basicsize = 16});
        uint64_t nameless =
            fake_heap_static_type(heap, &(struct fake_type){.name = "", .basicsize = 16});
        uint64_t lost =
            fake_heap_static_type(heap, &(struct fake_type){.name = "x", .basicsize = 16});
        fake_set(&heap->fake, lost, heap->layout->type.tp_name, FAKE_WILD);
        create(heap);
        cr_expect_str_eq(type_table_get(table, heap->box_type)->name, "extension.Box");
        cr_expect_str_eq(type_table_get(table, bare)->name, "thing\\x0a");
        cr_expect_str_eq(type_table_get(table, nameless)->name, "?");
        cr_expect_str_eq(type_table_get(table, lost)->name, "?");
        type_table_destroy(table);
    }
}

Test(type_table, python_class_with_slots_and_module) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t base = class_of(heap, "Base", 0, 32),
                 derived = class_of(heap, "Derived", base, 40);
        uint64_t module[] = {fake_heap_str(heap, "__module__"), fake_heap_str(heap, "shop.models")};
        fake_set(&heap->fake, derived, layout->type.tp_dict, fake_heap_dict(heap, 1, module));
        add_members(heap, base, 2, (uint64_t[]){16, 24});
        add_members(heap, derived, 1, (uint64_t[]){32});
        create(heap);
        const struct type *type = type_table_get(table, derived);
        cr_assert_not_null(type);
        cr_expect_str_eq(type->name, "shop.models.Derived");
        cr_expect(type->python_class && type->heap_type);
        cr_expect_not(type->unknown_body);
        cr_assert_eq(type->slot_count, 3);
        cr_expect_eq(type->slots[0].offset, 16);
        cr_expect_eq(type->slots[2].offset, 32);
        cr_expect_str_eq(type->base->name, "Base");
        cr_expect_eq(type->base->slot_count, 2);
        type_table_destroy(table);
    }
}

/* Slots that lie outside, overlap the header or are not aligned are left out; a number of them that
 * has no room in the instances is not believed at all. */
Test(type_table, slots_that_make_no_sense) {
    EACH_VERSION(heap) {
        uint64_t wild = class_of(heap, "Wild", 0, 64), many = class_of(heap, "Many", 0, 32);
        add_members(heap, wild, 6, (uint64_t[]){0, 8, 60, 1ull << 40, 20, 48});
        add_members(heap, many, 1, (uint64_t[]){16});
        fake_set(&heap->fake, many, heap->layout->var_object.ob_size, 60000);
        create(heap);
        cr_assert_eq(type_table_get(table, wild)->slot_count, 1);
        cr_expect_eq(type_table_get(table, wild)->slots[0].offset, 48);
        cr_expect_eq(type_table_get(table, many)->slot_count, 0);
        type_table_destroy(table);
    }
}

/* A chain of classes, each with as many slots as may be: what is kept of them stays in bounds. */
Test(type_table, slots_do_not_pile_up) {
    EACH_VERSION(heap) {
        enum { SLOTS = 60000, CHAIN = 20, SIZE = 1 << 19 };
        uint64_t members = fake_alloc(&heap->fake, SLOTS * 40ull);
        uint64_t name = fake_string(&heap->fake, "slot"), base = 0;
        for (uint64_t i = 0; i < SLOTS; i++)
            fake_words(&heap->fake, members + i * 40, 3, (uint64_t[]){name, 16, 16 + i * 8});
        for (int i = 0; i < CHAIN; i++) {
            base = class_of(heap, "C", base, SIZE);
            fake_set(&heap->fake, base, heap->layout->type.tp_members, members);
            fake_set(&heap->fake, base, heap->layout->var_object.ob_size, SLOTS);
        }
        create(heap);
        const struct type *type = type_table_get(table, base);
        cr_assert_not_null(type);
        cr_expect_eq(type->slot_count, SLOTS);
        type_table_destroy(table);
    }
}

Test(type_table, python_subclass_is_decoded_as_its_base) {
    EACH_VERSION(heap) {
        uint64_t class = class_of(heap, "Point", heap->list_type, heap->layout->list.size + 8ull);
        create(heap);
        const struct type *type = type_table_get(table, class);
        const struct type *list = type_table_get(table, heap->list_type);
        cr_expect_eq(type->decoder, list->decoder);
        cr_expect_eq(type->decoded_as, list);
        cr_expect_not(type->unknown_body);
        type_table_destroy(table);
    }
}

/* A C type of that name elsewhere (Cython's) is another structure. */
Test(type_table, name_of_pythons_in_a_foreign_module) {
    EACH_VERSION(heap) {
        struct fake_type generator = {.name = "generator", .basicsize = 400};
        uint64_t own = fake_heap_static_type(heap, &generator);
        uint64_t foreign = fake_heap_static_type(heap, &generator);
        fake_set(&heap->fake, foreign, heap->layout->type.tp_dealloc, heap->foreign + 8);
        create(heap);
        const struct type *type = type_table_get(table, own);
        cr_expect_not_null(type->decoder);
        cr_expect_not(type->unknown_body);
        type = type_table_get(table, foreign);
        cr_assert_not_null(type);
        cr_expect_null(type->decoder);
        cr_expect(type->unknown_body);
        type_table_destroy(table);
    }
}

/* With fewer bytes than the decoder reads it is something else. */
Test(type_table, known_name_but_too_small) {
    EACH_VERSION(heap) {
        uint64_t small =
            fake_heap_static_type(heap, &(struct fake_type){.name = "dict", .basicsize = 24});
        create(heap);
        const struct type *type = type_table_get(table, small);
        cr_expect_null(type->decoder);
        cr_expect(type->unknown_body);
        type_table_destroy(table);
    }
}

Test(type_table, unknown_body) {
    EACH_VERSION(heap) {
        uint64_t same =
            fake_heap_static_type(heap, &(struct fake_type){.name = "m.Same",
                                                            .base = heap->list_type,
                                                            .basicsize = heap->layout->list.size});
        uint64_t more = fake_heap_static_type(
            heap, &(struct fake_type){.name = "m.More",
                                      .base = heap->list_type,
                                      .basicsize = heap->layout->list.size + 8ull});
        uint64_t python = class_of(heap, "OfMore", more, heap->layout->list.size + 16ull);
        create(heap);
        cr_expect(type_table_get(table, heap->box_type)->unknown_body);
        cr_expect_not(type_table_get(table, same)->unknown_body);
        cr_expect(type_table_get(table, more)->unknown_body);
        cr_expect(type_table_get(table, python)->unknown_body);
        cr_expect_not(type_table_get(table, heap->fake.object_type)->unknown_body);
        type_table_destroy(table);
    }
}

Test(type_table, what_is_no_type) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1);
        uint64_t no_metatype =
            fake_heap_static_type(heap, &(struct fake_type){.name = "x", .basicsize = 16});
        fake_set(&heap->fake, no_metatype, heap->layout->object.ob_type, 0);
        uint64_t of_float = fake_heap_static_type(
            heap, &(struct fake_type){.name = "x", .metatype = heap->float_type, .basicsize = 16});
        /* Its metatype says that it is one, but is itself an instance of float. */
        uint64_t meta =
            fake_heap_static_type(heap, &(struct fake_type){.name = "meta",
                                                            .metatype = heap->float_type,
                                                            .flags = FAKE_TYPE_SUBCLASS,
                                                            .basicsize = 16});
        uint64_t of_meta = fake_heap_static_type(
            heap, &(struct fake_type){.name = "x", .metatype = meta, .basicsize = 16});
        create(heap);
        const uint64_t wrong[] = {0,           number,          no_metatype, of_float,
                                  of_meta,     FAKE_WILD,       UINT64_MAX,  heap->float_type + 8,
                                  heap->stack, heap->module + 4};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
            cr_expect_null(type_table_get(table, wrong[i]), "%zu", i);
        type_table_destroy(table);
    }
}

Test(type_table, hostile_sizes) {
    EACH_VERSION(heap) {
        const uint64_t sizes[][2] = {{0, 0},          {8, 0},           {UINT64_MAX, 0},
                                     {1ull << 40, 0}, {16, UINT64_MAX}, {16, 1ull << 40},
                                     {1ull << 63, 8}};
        uint64_t types[7];
        for (size_t i = 0; i < 7; i++)
            types[i] = fake_heap_static_type(heap, &(struct fake_type){.name = "x",
                                                                       .basicsize = sizes[i][0],
                                                                       .itemsize = sizes[i][1]});
        create(heap);
        for (size_t i = 0; i < 7; i++)
            cr_expect_null(type_table_get(table, types[i]), "%zu", i);
        cr_expect_eq(type_table_find(table, types[0]), NULL);
        type_table_destroy(table);
    }
}

Test(type_table, circular_bases) {
    EACH_VERSION(heap) {
        struct fake_type plain = {.name = "x", .basicsize = 16};
        uint64_t self = fake_heap_static_type(heap, &plain);
        uint64_t a = fake_heap_static_type(heap, &plain), b = fake_heap_static_type(heap, &plain);
        fake_set(&heap->fake, self, heap->layout->type.tp_base, self);
        fake_set(&heap->fake, a, heap->layout->type.tp_base, b);
        fake_set(&heap->fake, b, heap->layout->type.tp_base, a);
        uint64_t orphan = fake_heap_static_type(heap, &plain);
        fake_set(&heap->fake, orphan, heap->layout->type.tp_base, FAKE_WILD);
        create(heap);
        cr_expect_null(type_table_get(table, self));
        cr_expect_null(type_table_get(table, a));
        cr_expect_null(type_table_get(table, b));
        cr_expect_null(type_table_get(table, orphan));
        type_table_destroy(table);
    }
}

Test(type_table, type_of_which_the_end_is_missing) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        for (int heap_type = 0; heap_type < 2; heap_type++) {
            uint64_t size = heap_type ? layout->heap_type.size : layout->type.size;
            uint64_t type = fake_object_cut(&heap->fake, heap->fake.type_type, size,
                                            layout->type.size - 8ull * !heap_type);
            fake_set(&heap->fake, type, layout->type.tp_basicsize, 16);
            fake_set(&heap->fake, type, layout->type.tp_flags, heap_type ? FAKE_HEAPTYPE : 0);
            if (!table)
                create(heap);
            cr_expect_null(type_table_get(table, type));
        }
        type_table_destroy(table);
        table = NULL;
    }
}

Test(type_table, grows) {
    struct fake_heap heap;
    enum { MANY = 5000 };
    static uint64_t types[MANY];
    fake_heap_create(&heap, "3.13.0");
    for (int i = 0; i < MANY; i++)
        types[i] = fake_heap_static_type(&heap, &(struct fake_type){.name = "x", .basicsize = 16});
    create(&heap);
    for (int i = 0; i < MANY; i++)
        cr_assert_not_null(type_table_get(table, types[i]));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(type_table_find(table, types[i])->address, types[i]);
    cr_expect_geq(type_table_count(table), MANY);
    type_table_destroy(table);
    fake_heap_destroy(&heap);
}
