#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.13.0");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

static uint64_t tuple_of(uint64_t count) {
    return fake_var_object(&f->fake, fixture_type(f, "tuple", FAKE_TUPLE_SUBCLASS, 8), 24 + 8 * 16,
                           (int64_t)count);
}

TestSuite(itertools, .init = start, .fini = stop);

Test(itertools, arrays_of_indices_are_counted) {
    uint64_t object = fixture_object(f, "itertools.permutations", FAKE_HAVE_GC, 0);
    uint64_t indices = fake_alloc(&f->fake, 40), cycles = fake_alloc(&f->fake, 16);
    uint64_t pool = tuple_of(5);
    fake_set(&f->fake, object, l->permutations.pool, pool);
    fake_set(&f->fake, object, l->permutations.indices, indices);
    fake_set(&f->fake, object, l->permutations.cycles, cycles);
    fake_set(&f->fake, object, l->permutations.r, 2);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->permutations.size + 7 * 8);
    cr_assert_eq(fixture_buffer(f, indices), 40);
    cr_assert_eq(fixture_buffer(f, cycles), 16);
    cr_assert(fixture_has(f, pool, REFERENCE_STRONG, "->pool"));

    object = fixture_object(f, "itertools.product", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->product.pools, tuple_of(0));
    fake_set(&f->fake, object, l->product.indices, indices);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->product.size);
    cr_assert_eq(fixture_buffer(f, indices), 1); /* malloc(0) */
}

Test(itertools, lying_counts) {
    uint64_t object = fixture_object(f, "itertools.combinations", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->combinations.indices, fake_alloc(&f->fake, 40));
    fake_set(&f->fake, object, l->combinations.r, UINT64_MAX / 4);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "length"), 1);
    cr_assert_eq(f->measure.size, l->combinations.size);

    object = fixture_object(f, "itertools._tee_dataobject", FAKE_HAVE_GC, 0);
    uint64_t item = fixture_target(f);
    for (unsigned i = 0; i < 57; i++)
        fake_word(&f->fake, object + l->tee_dataobject.values.offset + i * 8, item);
    fake_set(&f->fake, object, l->tee_dataobject.numread, 3);
    fixture_decode(f, object);
    cr_assert_eq(fixture_count(f, item), 3);
    cr_assert_eq(f->damage.count, 0);
    fake_set(&f->fake, object, l->tee_dataobject.numread, 0xffffffff);
    fixture_decode(f, object);
    cr_assert_eq(fixture_count(f, item), 57);
    cr_assert_eq(fixture_damage(f, "length"), 1);
}

Test(itertools, what_has_no_gc_is_not_traversed) {
    uint64_t object = fixture_object(f, "itertools.chain", 0, 0), source = fixture_target(f);
    fake_set(&f->fake, object, l->chain.source, source);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, source, REFERENCE_UNTRAVERSED, "->source"));
}
