#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.11.2");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

TestSuite(pickle, .init = start, .fini = stop);

static uint64_t pickler(uint64_t entries, uint64_t count, uint64_t *memo) {
    uint64_t object = fixture_object(f, "_pickle.Pickler", FAKE_HAVE_GC, 0);
    *memo = fake_alloc(&f->fake, l->pickle_memo_table.size);
    fake_set(&f->fake, *memo, l->pickle_memo_table.mt_table, entries);
    fake_set(&f->fake, *memo, l->pickle_memo_table.mt_allocated, count);
    fake_set(&f->fake, object, l->pickler.memo, *memo);
    return object;
}

Test(pickle, a_memo_owns_its_keys) {
    uint64_t key = fixture_target(f), entries = fake_alloc(&f->fake, 8 * 16), memo;
    fake_word(&f->fake, entries + 3 * 16, key);
    fixture_decode(f, pickler(entries, 8, &memo));
    cr_assert_eq(f->reference_count, 1);
    cr_assert_eq(fixture_find(f, key)->properties, REFERENCE_STRONG);
    cr_assert_eq(f->measure.size, l->pickler.size + l->pickle_memo_table.size + 8 * 16);
    cr_assert_eq(fixture_buffer(f, memo), l->pickle_memo_table.size);
    cr_assert_eq(fixture_buffer(f, entries), 8 * 16);
}

Test(pickle, memos_that_lie) {
    uint64_t memo;
    fixture_decode(f, pickler(fake_alloc_cut(&f->fake, 1 << 20, 4096), UINT64_MAX, &memo));
    cr_assert_eq(fixture_damage(f, "absent"), 1);
    cr_assert_eq(fixture_damage(f, "length"), 1);
    uint64_t object = fixture_object(f, "_pickle.Unpickler", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->unpickler.memo, fake_alloc_cut(&f->fake, 1 << 20, 4096));
    fake_set(&f->fake, object, l->unpickler.memo_size, 1 << 17);
    fake_set(&f->fake, object, l->unpickler.encoding, fake_absent(&f->fake, 8));
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}

Test(pickle, strings_and_marks_of_an_unpickler) {
    uint64_t object = fixture_object(f, "_pickle.Unpickler", FAKE_HAVE_GC, 0);
    uint64_t encoding = fake_string(&f->fake, "ASCII"), marks = fake_alloc(&f->fake, 160);
    fake_set(&f->fake, object, l->unpickler.encoding, encoding);
    fake_set(&f->fake, object, l->unpickler.marks, marks);
    fake_set(&f->fake, object, l->unpickler.marks_size, 20);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->unpickler.size + 6 + 160);
    cr_assert_eq(fixture_buffer(f, encoding), 6);
}

Test(pickle, codes_of_a_struct_end_with_an_empty_one) {
    uint64_t object = fixture_object(f, "_struct.Struct", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t codes = fake_alloc(&f->fake, 4 * l->struct_code.size);
    fake_set(&f->fake, codes, l->struct_code.fmtdef, 0x1000);
    fake_set(&f->fake, codes + l->struct_code.size, l->struct_code.fmtdef, 0x1000);
    fake_set(&f->fake, object, l->struct_object.s_codes, codes);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->struct_object.size + 3 * l->struct_code.size);
    cr_assert_eq(fixture_buffer(f, codes), 3 * l->struct_code.size);
    uint64_t endless = fake_alloc_cut(&f->fake, 4096, 2048);
    for (unsigned at = 0; at < 2048; at += 8)
        fake_word(&f->fake, endless + at, 1);
    fake_set(&f->fake, object, l->struct_object.s_codes, endless);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
    cr_assert(f->measure.size_inexact);
}

Test(pickle, an_array_asks_its_description_for_the_size_of_items) {
    uint64_t object = fixture_object(f, "array.array", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t descr = fake_alloc(&f->fake, l->array_descr.size), items = fake_alloc(&f->fake, 400);
    fake_set(&f->fake, descr, l->array_descr.itemsize, 4);
    fake_set(&f->fake, descr, l->array_descr.typecode, 'i');
    fake_set(&f->fake, object, l->array.ob_descr, descr);
    fake_set(&f->fake, object, l->array.ob_item, items);
    fake_set(&f->fake, object, l->array.allocated, 100);
    fake_set(&f->fake, object, l->var_object.ob_size, 1);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->array.size + 400);
    cr_assert_eq(fixture_buffer(f, items), 400);
    cr_assert_str_eq(strbuf_text(&f->preview), "'i' [1 item]");
    fake_set(&f->fake, object, l->array.ob_descr, 0x40);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
    cr_assert(f->measure.size_inexact);
}
