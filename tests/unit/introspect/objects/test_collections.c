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

static uint64_t block(void) {
    return fake_alloc(&f->fake, l->deque_block.size);
}

static void link_blocks(uint64_t left, uint64_t right) {
    fake_set(&f->fake, left, l->deque_block.rightlink, right);
    fake_set(&f->fake, right, l->deque_block.leftlink, left);
}

static uint64_t deque(uint64_t leftblock, uint64_t leftindex, uint64_t count) {
    uint64_t object = fixture_object(f, "collections.deque", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->var_object.ob_size, count);
    fake_set(&f->fake, object, l->deque.leftblock, leftblock);
    fake_set(&f->fake, object, l->deque.leftindex, leftindex);
    return object;
}

static void put(uint64_t to, unsigned index, uint64_t item) {
    fake_word(&f->fake, to + l->deque_block.data.offset + index * 8, item);
}

TestSuite(deque, .init = start, .fini = stop);

Test(deque, items_of_two_blocks_in_order) {
    uint64_t left = block(), right = block(), items[6];
    link_blocks(left, right);
    for (unsigned i = 0; i < 6; i++) {
        items[i] = fixture_target(f);
        put(i < 4 ? left : right, i < 4 ? 60 + i : i - 4, items[i]);
    }
    put(left, 59, fixture_target(f)); /* left behind by a popleft */
    uint64_t object = deque(left, 60, 6), kept = block();
    fake_set(&f->fake, object, l->deque.numfreeblocks, 1);
    fake_set(&f->fake, object, l->deque.freeblocks, kept);
    fixture_decode(f, object);
    cr_assert_eq(f->reference_count, 6);
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(f->references[i].target, items[i]);
        cr_assert_eq(f->references[i].properties, REFERENCE_STRONG);
        cr_assert_eq(f->references[i].label, LABEL_ITEM);
        cr_assert_eq(f->references[i].argument, i);
    }
    cr_assert_eq(f->measure.size, l->deque.size + 2 * l->deque_block.size);
    cr_assert_eq(f->buffer_count, 3);
    cr_assert_eq(fixture_buffer(f, kept), l->deque_block.size);
    cr_assert_str_eq(strbuf_text(&f->preview), "[6 items]");
    cr_assert_eq(f->damage.count, 0);
}

Test(deque, an_empty_one_has_one_block) {
    uint64_t only = block();
    fixture_decode(f, deque(only, 32, 0));
    cr_assert_eq(f->reference_count, 0);
    cr_assert_eq(fixture_buffer(f, only), 528);
    cr_assert_eq(f->measure.size, l->deque.size + 528);
    cr_assert_eq(f->damage.count, 0);
}

Test(deque, a_cycle_of_blocks_ends) {
    uint64_t left = block(), right = block();
    link_blocks(left, right);
    link_blocks(right, left);
    fixture_decode(f, deque(left, 0, 1ull << 40));
    cr_assert_gt(fixture_damage(f, "chain"), 0);
    cr_assert_eq(f->buffer_count, 2);
    fake_set(&f->fake, left, l->deque_block.rightlink, left);
    fixture_decode(f, deque(left, 0, 1ull << 62));
    cr_assert_gt(fixture_damage(f, "chain"), 0);
}

Test(deque, lying_sizes_and_wild_links) {
    uint64_t left = block();
    fake_set(&f->fake, left, l->deque_block.rightlink, 0xdeadbeef0);
    fixture_decode(f, deque(left, 0, 1000));
    cr_assert_gt(fixture_damage(f, "absent"), 0);
    fixture_decode(f, deque(left, 64, 1));
    cr_assert_gt(fixture_damage(f, "length"), 0);
    fixture_decode(f, deque(left, 63, UINT64_MAX >> 1));
    fixture_decode(f, deque(left, UINT64_MAX, 3));
    fixture_decode(f, deque(fake_absent(&f->fake, 4096), 0, 3));
    cr_assert_gt(fixture_damage(f, "absent"), 0);
    uint64_t object = deque(left, 0, 0);
    fake_set(&f->fake, object, l->deque.numfreeblocks, UINT64_MAX);
    fixture_decode(f, object);
    cr_assert_leq(f->buffer_count, 17);
}

TestSuite(collections, .init = start, .fini = stop);

Test(collections, iterators_and_getters) {
    uint64_t iterator = fixture_object(f, "_collections._deque_iterator", FAKE_HAVE_GC, 0);
    uint64_t owner = fixture_target(f);
    fake_set(&f->fake, iterator, l->deque_iterator.deque, owner);
    fixture_decode(f, iterator);
    cr_assert(fixture_has(f, owner, REFERENCE_STRONG, "->deque"));
    uint64_t getter = fixture_object(f, "_collections._tuplegetter", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, getter, l->tuplegetter.doc, owner);
    fixture_decode(f, getter);
    cr_assert(fixture_has(f, owner, REFERENCE_STRONG, ".__doc__"));
}

Test(collections, a_defaultdict_with_wild_keys_still_has_its_factory) {
    uint64_t object = fixture_object(f, "collections.defaultdict", FAKE_HAVE_GC, 0);
    uint64_t factory = fixture_target(f);
    fake_set(&f->fake, object, l->defaultdict.default_factory, factory);
    fake_set(&f->fake, object, l->dict.ma_keys, 0x123);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, factory, REFERENCE_STRONG, ".default_factory"));
    cr_assert_gt(f->damage.count, 0);
}
