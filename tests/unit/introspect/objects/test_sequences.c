/* list, tuple, set. */
#include "core_fixture.h"

#include <criterion/criterion.h>

static uint64_t make_list(struct decode_fixture *fixture, uint64_t items, uint64_t count,
                          uint64_t allocated) {
    uint64_t list = fixture_object(fixture, "list", FAKE_LIST_SUBCLASS | FAKE_HAVE_GC, 0);
    core_set(fixture, list, fixture->layout->var_object.ob_size, count);
    core_set(fixture, list, fixture->layout->list.ob_item, items);
    core_set(fixture, list, fixture->layout->list.allocated, allocated);
    return list;
}

Test(list, items_and_their_block) {
    EACH_VERSION(fixture) {
        uint64_t x = fixture_target(fixture);
        uint64_t items = fake_pointers(&fixture->fake, 4, (uint64_t[]){x, 0, x, x});
        fixture_decode(fixture, make_list(fixture, items, 3, 4));
        cr_assert_eq(fixture->reference_count, 2);
        cr_expect_eq(fixture->references[1].argument, 2);
        cr_expect_eq(fixture->references[1].label, LABEL_ITEM);
        cr_expect_eq(fixture->references[1].properties, REFERENCE_STRONG);
        cr_expect_eq(fixture_buffer(fixture, items), 32);
        cr_expect_eq(fixture->measure.size, fixture->layout->list.size + 32);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "[3 items]");
    }
}

Test(list, hostile) {
    EACH_VERSION(fixture) {
        fixture_decode(fixture, make_list(fixture, WILD, 3, 4));
        cr_expect_eq(fixture_damage(fixture, "absent"), 1);
        uint64_t items = fake_pointers(&fixture->fake, 1, (uint64_t[]){0});
        fixture_decode(fixture, make_list(fixture, items, INT64_MAX, UINT64_MAX));
        cr_expect_eq(fixture_damage(fixture, "length"), 2);
        fixture_decode(fixture, make_list(fixture, items, 1ull << 44, 1ull << 44));
        cr_expect_geq(fixture->damage.count, 1);
        fixture_decode(fixture, make_list(fixture, 0, 0, 0));
        cr_expect_eq(fixture->damage.count, 0);

        uint64_t cut = fake_alloc_cut(&fixture->fake, 1 << 14, 512 * 8);
        uint64_t self = make_list(fixture, cut, 1024, 1024);
        fake_word(&fixture->fake, cut, self);
        fixture_decode(fixture, self);
        cr_expect_eq(fixture_count(fixture, self), 1, "a list may hold itself");
        cr_expect_eq(fixture_damage(fixture, "absent"), 1);
    }
}

Test(tuple, items_lie_inside) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = fixture_type(fixture, "tuple", FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC, 8);
        uint64_t x = fixture_target(fixture);
        uint64_t tuple =
            fake_var_object(&fixture->fake, type, layout->tuple.ob_item.offset + 16, 2);
        fake_words(&fixture->fake, tuple + layout->tuple.ob_item.offset, 2, (uint64_t[]){x, tuple});
        fixture_decode(fixture, tuple);
        cr_assert_eq(fixture->reference_count, 2);
        cr_expect_eq(fixture_find(fixture, tuple)->argument, 1);
        cr_expect_eq(fixture->measure.size, layout->tuple.ob_item.offset + 16u);
    }
}

Test(tuple, hidden_items_of_struct_sequences) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t tuple_type = fixture_type(fixture, "tuple", FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC, 8);
        uint64_t type = fake_type(&fixture->fake,
                                  &(struct fake_type){.name = "os.stat_result",
                                                      .base = tuple_type,
                                                      .flags = FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC,
                                                      .basicsize = layout->tuple.ob_item.offset,
                                                      .itemsize = 8});
        uint64_t members = fake_alloc(&fixture->fake, 3 * layout->member_def.size);
        for (uint64_t i = 0; i < 2; i++) {
            uint64_t member = members + i * layout->member_def.size;
            core_set(fixture, member, layout->member_def.name, fake_string(&fixture->fake, "st"));
            core_set(fixture, member, layout->member_def.offset,
                     layout->tuple.ob_item.offset + i * 2 * 8);
        }
        core_set(fixture, type, layout->type.tp_members, members);
        uint64_t x = fixture_target(fixture);
        uint64_t object = fake_var_object(&fixture->fake, type, 128, 1);
        fake_word(&fixture->fake, object + layout->tuple.ob_item.offset + 16, x);
        fixture_decode(fixture, object);
        cr_assert_eq(fixture->reference_count, 1);
        cr_expect_eq(fixture_find(fixture, x)->argument, 2);
        cr_expect_eq(fixture->measure.body_size, layout->tuple.ob_item.offset + 24u);

        core_set(fixture, type, layout->type.tp_members, WILD);
        core_set(fixture, members, layout->member_def.offset, UINT64_MAX);
        fixture_decode(fixture, object);
        cr_expect_eq(fixture->reference_count, 0);
    }
}

Test(tuple, hostile) {
    EACH_VERSION(fixture) {
        uint64_t type = fixture_type(fixture, "tuple", FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC, 8);
        fixture_decode(fixture, fake_var_object(&fixture->fake, type, 64, INT64_MIN));
        cr_expect_geq(fixture->damage.count, 1);
        uint64_t cut = fake_object_cut(&fixture->fake, type, 1 << 16, 4096);
        core_set(fixture, cut, fixture->layout->var_object.ob_size, 6000);
        fixture_decode(fixture, cut);
        cr_expect_eq(fixture_damage(fixture, "absent"), 1);
    }
}

static uint64_t make_set(struct decode_fixture *fixture, uint64_t table, uint64_t mask) {
    uint64_t set = fixture_object(fixture, "set", FAKE_HAVE_GC, 0);
    core_set(fixture, set, fixture->layout->set.table, table);
    core_set(fixture, set, fixture->layout->set.mask, mask);
    core_set(fixture, set, fixture->layout->set.used, 1);
    return set;
}

Test(set, members_but_not_deleted_ones) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t x = fixture_target(fixture), dummy = fixture_target(fixture);
        uint64_t table = fake_alloc(&fixture->fake, 16 * layout->set_entry.size);
        uint64_t entry = table + 3 * layout->set_entry.size;
        core_set(fixture, table, layout->set_entry.key, dummy);
        core_set(fixture, table, layout->set_entry.hash, UINT64_MAX);
        core_set(fixture, entry, layout->set_entry.key, x);
        fixture_decode(fixture, make_set(fixture, table, 15));
        cr_assert_eq(fixture->reference_count, 1);
        cr_expect_eq(fixture->references[0].argument, 3);
        cr_expect_eq(fixture_buffer(fixture, table), 16 * layout->set_entry.size);
        cr_expect_eq(fixture->measure.size, layout->set.size + 16 * layout->set_entry.size);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "{1 member}");

        uint64_t small = make_set(fixture, 0, 7);
        core_set(fixture, small, layout->set.table, small + layout->set.smalltable.offset);
        core_set(fixture, small + layout->set.smalltable.offset, layout->set_entry.key, x);
        fixture_decode(fixture, small);
        cr_expect_eq(fixture->reference_count, 1);
        cr_expect_eq(fixture->buffer_count, 0);
        cr_expect_eq(fixture->measure.size, layout->set.size);
    }
}

Test(set, hostile) {
    EACH_VERSION(fixture) {
        uint64_t table = fake_alloc(&fixture->fake, 128);
        const uint64_t masks[] = {UINT64_MAX, INT64_MAX, 6, 1ull << 60};
        for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
            fixture_decode(fixture, make_set(fixture, table, masks[i]));
            cr_expect_geq(fixture_damage(fixture, "length"), 1, "mask %zu", i);
            cr_expect_eq(fixture->reference_count, 0);
        }
        fixture_decode(fixture, make_set(fixture, WILD, 7));
        cr_expect_eq(fixture_damage(fixture, "absent"), 1);
    }
}
