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

TestSuite(ordered_dict, .init = start, .fini = stop);

/* An empty table of keys (8 entries), so that the part that is a dict is in order. */
static uint64_t empty_keys(void) {
    uint64_t keys = fake_alloc(&f->fake, 256);
    fake_set(&f->fake, keys, l->dict_keys.dk_refcnt, 1);
    fake_set(&f->fake, keys, l->dict_keys.dk_log2_size, 3);
    fake_set(&f->fake, keys, l->dict_keys.dk_log2_index_bytes, 3);
    fake_set(&f->fake, keys, l->dict_keys.dk_usable, 5);
    return keys;
}

static uint64_t node(uint64_t key, uint64_t previous) {
    uint64_t address = fake_alloc(&f->fake, l->ordered_dict_node.size);
    fake_set(&f->fake, address, l->ordered_dict_node.key, key);
    fake_set(&f->fake, address, l->ordered_dict_node.prev, previous);
    if (previous)
        fake_set(&f->fake, previous, l->ordered_dict_node.next, address);
    return address;
}

static uint64_t ordered_dict(uint64_t first) {
    uint64_t object = fixture_object(f, "collections.OrderedDict", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->dict.ma_keys, empty_keys());
    fake_set(&f->fake, object, l->ordered_dict.od_first, first);
    return object;
}

Test(ordered_dict, nodes_own_their_keys) {
    uint64_t a = fixture_target(f), b = fixture_target(f), attributes = fixture_target(f);
    uint64_t first = node(a, 0), second = node(b, first), table = fake_alloc(&f->fake, 64);
    uint64_t object = ordered_dict(first);
    fake_set(&f->fake, object, l->ordered_dict.od_fast_nodes, table);
    fake_set(&f->fake, object, l->ordered_dict.od_fast_nodes_size, 8);
    fake_set(&f->fake, object, l->ordered_dict.od_inst_dict, attributes);
    fake_set(&f->fake, object, l->dict.ma_used, 2);
    fixture_decode(f, object);
    cr_assert_eq(fixture_find(f, a)->label, LABEL_DICT_KEY);
    cr_assert_eq(fixture_find(f, b)->argument, 1);
    cr_assert_eq(fixture_find(f, b)->properties, REFERENCE_STRONG);
    cr_assert(fixture_has(f, attributes, REFERENCE_STRONG, ".__dict__"));
    cr_assert_eq(fixture_buffer(f, first), l->ordered_dict_node.size);
    cr_assert_eq(fixture_buffer(f, second), l->ordered_dict_node.size);
    cr_assert_eq(fixture_buffer(f, table), 64);
    uint64_t with_nodes = f->measure.size;
    fixture_decode(f, ordered_dict(0));
    cr_assert_eq(with_nodes, f->measure.size + 64 + 2 * l->ordered_dict_node.size);
    cr_assert_eq(f->damage.count, 0);
}

Test(ordered_dict, lists_that_bite_their_tail_end) {
    uint64_t first = node(fixture_target(f), 0), second = node(fixture_target(f), first);
    fake_set(&f->fake, second, l->ordered_dict_node.next, first);
    fixture_decode(f, ordered_dict(first));
    cr_assert_gt(fixture_damage(f, "chain"), 0);
    cr_assert_eq(f->reference_count, 2);
    fake_set(&f->fake, second, l->ordered_dict_node.next, second);
    fixture_decode(f, ordered_dict(first));
    cr_assert_gt(fixture_damage(f, "chain"), 0);
    fake_set(&f->fake, second, l->ordered_dict_node.next, fake_absent(&f->fake, 64));
    fixture_decode(f, ordered_dict(first));
    cr_assert_gt(fixture_damage(f, "absent"), 0);
}

Test(ordered_dict, a_table_of_no_possible_size_is_damage) {
    uint64_t object = ordered_dict(0);
    fake_set(&f->fake, object, l->ordered_dict.od_fast_nodes, fake_alloc(&f->fake, 64));
    fake_set(&f->fake, object, l->ordered_dict.od_fast_nodes_size, UINT64_MAX / 2);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "length"), 1);
}

Test(ordered_dict, iterators) {
    uint64_t iterator = fixture_object(f, "odict_iterator", FAKE_HAVE_GC, 0);
    uint64_t current = fixture_target(f);
    fake_set(&f->fake, iterator, l->ordered_dict_iterator.di_current, current);
    fixture_decode(f, iterator);
    cr_assert(fixture_has(f, current, REFERENCE_STRONG, "->di_current"));
    cr_assert_eq(f->reference_count, 1);
}
