#include "core_fixture.h"

#include "introspect/objects/instance.h"

#include <criterion/criterion.h>

/* As fixture_decode, for what every instance has. */
static void decode_instance(struct decode_fixture *fixture, uint64_t address) {
    uint64_t type = 0;
    struct object object = {.address = address};
    cr_assert(image_read_u64(fixture->decode.image,
                             address + fixture->layout->object.ob_type.offset, &type));
    object.type = type_table_get(fixture->types, type);
    cr_assert_not_null(object.type);
    object.body =
        image_pin_some(fixture->decode.image, address, object.type->basicsize, &object.available);
    cr_assert_not_null(object.body);
    fixture->reference_count = fixture->buffer_count = 0;
    fixture->damage = (struct damage_list){.count = 0};
    fixture->measure = (struct measure){.size = object.type->basicsize};
    instance_references(&fixture->decode, &object);
    fixture->decode.flush(&fixture->decode);
    instance_measure(&fixture->decode, &object, &fixture->measure);
}

/* A class with shared keys for the attributes `a` and `b`. */
static uint64_t make_class(struct decode_fixture *fixture, uint64_t flags, uint64_t a, uint64_t b) {
    const struct layout *layout = fixture->layout;
    uint64_t type =
        fake_type(&fixture->fake, &(struct fake_type){.name = "C",
                                                      .flags = flags | FAKE_HEAPTYPE | FAKE_HAVE_GC,
                                                      .basicsize = layout->object.size});
    struct core_keys keys = {KEYS_SPLIT, 3, 1, 3, 2, (uint64_t[]){a, 0, b, 0}};
    core_set(fixture, type, layout->heap_type.ht_cached_keys, core_keys(fixture, &keys));
    core_set(fixture, type, layout->heap_type.ht_qualname, core_str(fixture, "C"));
    return type;
}

/* The values array of an instance with `capacity` slots, where this version has it. */
static void give_values(struct decode_fixture *fixture, uint64_t object, uint64_t capacity,
                        const uint64_t *values, uint64_t *block) {
    const struct layout *layout = fixture->layout;
    uint64_t first;
    if (layout->trait.managed_dict_values == 3) {
        uint64_t inline_values = object + layout->object.size;
        core_set(fixture, inline_values, layout->dict_values.capacity, capacity);
        core_set(fixture, inline_values, layout->dict_values.embedded, 1);
        core_set(fixture, inline_values, layout->dict_values.valid, 1);
        first = inline_values + layout->dict_values.values.offset;
        *block = 0;
    } else {
        uint8_t prefix = 8;
        *block = fake_alloc(&fixture->fake, 8 + capacity * 8);
        fake_bytes(&fixture->fake, *block + 7, &prefix, 1);
        first = *block + 8;
        fake_word(&fixture->fake, object - 32, first);
    }
    fake_words(&fixture->fake, first, capacity, values);
}

Test(instance, attributes_without_a_dict) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t a = core_str(fixture, "a"), b = core_str(fixture, "b");
        uint64_t flags = layout->trait.flag_managed_dict | layout->trait.flag_inline_values;
        uint64_t type = make_class(fixture, flags, a, b);
        uint64_t object = fake_object(&fixture->fake, type, 128);
        uint64_t x = fixture_target(fixture), block;
        give_values(fixture, object, 5, (uint64_t[]){0, x, 0, 0, 0}, &block);
        decode_instance(fixture, object);
        cr_assert_eq(fixture->reference_count, 2, "%zu", fixture->reference_count);
        cr_expect_eq(fixture_find(fixture, type)->label, LABEL_TYPE);
        cr_expect_eq(fixture_find(fixture, type)->properties, REFERENCE_STRONG);
        cr_expect_eq(fixture_find(fixture, x)->label, LABEL_NAME);
        cr_expect_eq(fixture_find(fixture, x)->argument, b);
        if (block)
            cr_expect_eq(fixture_buffer(fixture, block), 48);
        else
            cr_expect_eq(fixture->measure.body_size, layout->object.size + 6 * 8 + 8u);
        cr_expect_eq(fixture->damage.count, 0);
    }
}

Test(instance, managed_dict) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = make_class(fixture, layout->trait.flag_managed_dict, 0, 0);
        uint64_t object = fake_object(&fixture->fake, type, 128);
        uint64_t dict = fixture_target(fixture);
        fake_word(&fixture->fake, object - 24, dict);
        decode_instance(fixture, object);
        cr_expect(fixture_has(fixture, dict, REFERENCE_STRONG, ".__dict__"));
    }
}

Test(instance, explicit_dict_and_weak_references) {
    EACH_VERSION(fixture) {
        uint64_t dict = fixture_target(fixture), weakref = fixture_target(fixture);
        uint64_t type = fake_type(&fixture->fake, &(struct fake_type){.name = "mod.T",
                                                                      .basicsize = 40,
                                                                      .flags = FAKE_HAVE_GC,
                                                                      .dictoffset = 24,
                                                                      .weaklistoffset = 32});
        uint64_t object = fake_object(&fixture->fake, type, 40);
        uint64_t other = fixture_target(fixture);
        fake_words(&fixture->fake, object + 16, 3, (uint64_t[]){other, dict, weakref});
        decode_instance(fixture, object);
        cr_expect(fixture_has(fixture, dict, REFERENCE_STRONG, ".__dict__"));
        cr_expect(fixture_has(fixture, weakref, REFERENCE_WEAK, ".__weakref__"));
        const struct reference *guess = fixture_find(fixture, other);
        cr_assert_not_null(guess, "nobody knows the structure: its words are guessed at");
        cr_expect_eq(guess->label, LABEL_OFFSET);
        cr_expect_eq(guess->argument, 16);
        cr_expect_eq(guess->properties, REFERENCE_STRONG | REFERENCE_GUESSED);
        cr_expect_eq(fixture->reference_count, 3);
    }
}

Test(instance, dict_behind_the_items) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t tuple = fixture_type(fixture, "tuple", FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC, 8);
        uint64_t basicsize = layout->tuple.ob_item.offset + 8;
        uint64_t type =
            fake_type(&fixture->fake, &(struct fake_type){.name = "T",
                                                          .base = tuple,
                                                          .flags = FAKE_TUPLE_SUBCLASS |
                                                                   FAKE_HAVE_GC | FAKE_HEAPTYPE,
                                                          .basicsize = basicsize,
                                                          .itemsize = 8,
                                                          .dictoffset = -8});
        uint64_t object = fake_var_object(&fixture->fake, type, basicsize + 3 * 8, 3);
        uint64_t dict = fixture_target(fixture);
        fake_word(&fixture->fake, object + basicsize + 2 * 8, dict);
        decode_instance(fixture, object);
        cr_expect(fixture_has(fixture, dict, REFERENCE_STRONG, ".__dict__"));

        core_set(fixture, object, layout->var_object.ob_size, INT64_MAX);
        decode_instance(fixture, object);
        core_set(fixture, object, layout->var_object.ob_size, 1ull << 40);
        decode_instance(fixture, object);
        cr_expect_eq(fixture_damage(fixture, "absent"), 1);
    }
}

Test(instance, hostile) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t flags = layout->trait.flag_managed_dict | layout->trait.flag_inline_values;
        uint64_t type = make_class(fixture, flags, 1, 2);
        uint64_t object = fake_object(&fixture->fake, type, 1024);
        uint64_t block;
        give_values(fixture, object, 255, (uint64_t[255]){0}, &block);
        fake_word(&fixture->fake, object - 24, WILD);
        if (block)
            fake_word(&fixture->fake, object - 32, WILD);
        decode_instance(fixture, object);
        cr_expect_eq(fixture_count(fixture, WILD), 1);
        cr_expect(!block || fixture_damage(fixture, "absent"));

        uint64_t wild_keys = fake_type(
            &fixture->fake, &(struct fake_type){.name = "D",
                                                .flags = flags | FAKE_HEAPTYPE | FAKE_HAVE_GC,
                                                .basicsize = layout->object.size});
        core_set(fixture, wild_keys, layout->heap_type.ht_cached_keys, WILD);
        object = fake_object(&fixture->fake, wild_keys, 1024);
        give_values(fixture, object, 3, (uint64_t[]){1, 2, 3}, &block);
        decode_instance(fixture, object);
        cr_expect_geq(fixture_damage(fixture, "absent"), 1);
    }
}
