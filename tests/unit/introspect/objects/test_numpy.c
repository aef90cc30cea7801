#include "decode_fixture.h"

#include <criterion/criterion.h>

enum { OBJECT = 17, DOUBLE = 12, OWNS_DATA = 4 };

static struct decode_fixture *f;

static void start(void) {
    f = fixture_create("3.11.2");
}

static void stop(void) {
    fixture_destroy(f);
}

TestSuite(numpy, .init = start, .fini = stop);

/* PyArrayObject_fields of 2 × 3 items, with a PyArray_Descr. */
static uint64_t make_array(uint64_t data, uint64_t type_number, uint64_t flags) {
    uint64_t object = fixture_object(f, "numpy.ndarray", 0, 0), descr = fixture_target(f);
    uint64_t shape = fake_alloc(&f->fake, 32);
    fake_words(&f->fake, shape, 4, (uint64_t[]){2, 3, 24, 8});
    descr = fake_alloc(&f->fake, 64);
    fake_word(&f->fake, descr + 24, type_number << 32 | 'O' << 8 | 'O');
    fake_words(&f->fake, object + 16, 7,
               (uint64_t[]){data, 2, shape, shape + 16, fixture_target(f), descr, flags});
    return object;
}

Test(numpy, an_array_of_objects_owns_them) {
    uint64_t item = fixture_target(f), data = fake_alloc(&f->fake, 48);
    fake_words(&f->fake, data, 6, (uint64_t[]){item, 0, item, 0, 0, item});
    uint64_t object = make_array(data, OBJECT, OWNS_DATA);
    fixture_decode(f, object);
    cr_assert_eq(fixture_count(f, item), 3);
    cr_expect_eq(fixture_find(f, item)->properties, REFERENCE_UNTRAVERSED);
    cr_expect_eq(fixture_find(f, item)->label, LABEL_ITEM);
    cr_expect_eq(fixture_buffer(f, data), 48);
    cr_expect_eq(f->buffer_count, 2, "data, and shape with strides");
    cr_expect_str_eq(strbuf_text(&f->preview), "(2 × 3 of 'O')");
    cr_expect_eq(f->damage.count, 0);
}

Test(numpy, a_view_has_its_base_alone) {
    uint64_t item = fixture_target(f), data = fake_alloc(&f->fake, 48);
    fake_words(&f->fake, data, 6, (uint64_t[]){item, item, item, item, item, item});
    fixture_decode(f, make_array(data, OBJECT, 0));
    cr_expect_eq(fixture_count(f, item), 0);
    cr_expect_eq(fixture_buffer(f, data), 0);
}

Test(numpy, numbers_are_no_references) {
    uint64_t item = fixture_target(f), data = fake_alloc(&f->fake, 48);
    fake_words(&f->fake, data, 6, (uint64_t[]){item, item, item, item, item, item});
    fixture_decode(f, make_array(data, DOUBLE, OWNS_DATA));
    cr_expect_eq(fixture_count(f, item), 0);
    cr_expect_eq(fixture_buffer(f, data), 48, "by its strides");
}

Test(numpy, an_empty_array_has_a_block) {
    uint64_t data = fake_alloc(&f->fake, 48), object = make_array(data, DOUBLE, OWNS_DATA);
    uint64_t shape = fake_alloc(&f->fake, 32);
    fake_words(&f->fake, shape, 4, (uint64_t[]){0, 3, 24, 8});
    fake_words(&f->fake, object + 32, 2, (uint64_t[]){shape, shape + 16});
    fixture_decode(f, object);
    cr_expect_eq(fixture_buffer(f, data), 1);
    cr_expect_eq(f->damage.count, 0);
}

Test(numpy, lies_are_damage) {
    uint64_t object = make_array(fake_alloc(&f->fake, 48), OBJECT, OWNS_DATA);
    fake_word(&f->fake, object + 24, 1 << 20);
    fixture_decode(f, object);
    cr_expect_gt(fixture_damage(f, "length"), 0, "a million dimensions");
    fake_word(&f->fake, object + 24, 2);
    uint64_t shape = fake_alloc(&f->fake, 32);
    fake_words(&f->fake, shape, 4, (uint64_t[]){1ull << 62, 8, 1ull << 62, 8});
    fake_words(&f->fake, object + 32, 2, (uint64_t[]){shape, shape + 16});
    fixture_decode(f, object);
    cr_expect_gt(fixture_damage(f, "length"), 0);
    fake_words(&f->fake, shape, 4, (uint64_t[]){1ull << 46, 1, 0, 0});
    fixture_decode(f, object);
    cr_expect_gt(fixture_damage(f, "length"), 0, "more words than there are addresses");
    cr_expect_eq(f->buffer_count, 1, "shape and strides alone");
    fake_words(&f->fake, object + 32, 2, (uint64_t[]){0x1000, 0x1000});
    fixture_decode(f, object);
    cr_expect_gt(fixture_damage(f, "absent"), 0);
    fake_word(&f->fake, object + 56, 0);
    fixture_decode(f, object);
    cr_expect_eq(f->damage.count, 0, "while it is being made");
}
