#include "core_fixture.h"

#include "introspect/objects/dict.h"

#include <criterion/criterion.h>

static uint64_t make_dict(struct decode_fixture *fixture, uint64_t keys, uint64_t values) {
    uint64_t dict = fixture_object(fixture, "dict", FAKE_DICT_SUBCLASS | FAKE_HAVE_GC, 0);
    core_set(fixture, dict, fixture->layout->dict.ma_keys, keys);
    core_set(fixture, dict, fixture->layout->dict.ma_values, values);
    core_set(fixture, dict, fixture->layout->dict.ma_used, 2);
    return dict;
}

Test(dict, combined_tables) {
    for (unsigned kind = KEYS_GENERAL; kind <= KEYS_UNICODE; kind++) {
        EACH_VERSION(fixture) {
            uint64_t a = core_str(fixture, "a"), b = core_str(fixture, "b");
            uint64_t x = fixture_target(fixture), y = fixture_target(fixture);
            uint64_t keys =
                core_keys(fixture, &(struct core_keys){.kind = kind,
                                                       .log2_size = 3,
                                                       .reference_count = 1,
                                                       .usable = 2,
                                                       .count = 3,
                                                       .entries = (uint64_t[]){a, x, 0, 0, b, y}});
            fixture_decode(fixture, make_dict(fixture, keys, 0));
            cr_assert_eq(fixture->reference_count, 4);
            const struct reference *value = fixture_find(fixture, y);
            cr_expect_eq(value->label, LABEL_KEY);
            cr_expect_eq(value->argument, b);
            cr_expect_eq(value->properties, REFERENCE_STRONG);
            const struct reference *key = fixture_find(fixture, b);
            cr_expect_eq(key->label, LABEL_DICT_KEY);
            cr_expect_eq(key->argument, 2);
            cr_expect_eq(key->properties,
                         kind == KEYS_GENERAL ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED);
            uint64_t size = core_keys_size(fixture, kind, 3);
            cr_expect_eq(fixture_buffer(fixture, keys), size);
            cr_expect_eq(fixture->measure.size, fixture->layout->dict.size + size);
            cr_expect_str_eq(strbuf_text(&fixture->preview), "{2 items}");
            cr_expect_eq(fixture->damage.count, 0);
        }
    }
}

/* A block of values for a split table: header and all. */
static uint64_t make_values(struct decode_fixture *fixture, uint64_t count, const uint64_t *values,
                            uint64_t *block) {
    const struct layout *layout = fixture->layout;
    uint64_t at = fake_alloc(&fixture->fake, 8 * count + 64);
    *block = at;
    if (layout_has(layout->dict_values.embedded)) {
        core_set(fixture, at, layout->dict_values.capacity, count);
        fake_words(&fixture->fake, at + layout->dict_values.values.offset, count, values);
        return at;
    }
    uint8_t prefix = 8;
    fake_bytes(&fixture->fake, at + 7, &prefix, 1);
    fake_words(&fixture->fake, at + 8, count, values);
    return at + 8;
}

Test(dict, split_tables_share_their_keys) {
    EACH_VERSION(fixture) {
        uint64_t a = core_str(fixture, "a"), b = core_str(fixture, "b");
        uint64_t x = fixture_target(fixture);
        uint64_t keys =
            core_keys(fixture, &(struct core_keys){.kind = KEYS_SPLIT,
                                                   .log2_size = 3,
                                                   .reference_count = 2,
                                                   .usable = 3,
                                                   .count = 2,
                                                   .entries = (uint64_t[]){a, 0, b, 0}});
        uint64_t block, values = make_values(fixture, 5, (uint64_t[]){0, x, 0, 0, 0}, &block);
        fixture_decode(fixture, make_dict(fixture, keys, values));
        cr_assert_eq(fixture->reference_count, 1);
        cr_expect_eq(fixture->references[0].target, x);
        cr_expect_eq(fixture->references[0].argument, b);
        cr_expect_eq(fixture->measure.size, fixture->layout->dict.size + 5 * 8);
        cr_expect_eq(fixture_buffer(fixture, keys), 0, "they are the class's");
        cr_expect_geq(fixture_buffer(fixture, block), 6 * 8);

        /* The class is gone: now they are its own. */
        core_set(fixture, keys, fixture->layout->dict_keys.dk_refcnt, 1);
        fixture_decode(fixture, make_dict(fixture, keys, values));
        cr_expect_eq(fixture->reference_count, 3);
        cr_expect_eq(fixture_buffer(fixture, keys), core_keys_size(fixture, KEYS_SPLIT, 3));
    }
}

Test(dict, finds_by_name) {
    EACH_VERSION(fixture) {
        uint64_t x = fixture_target(fixture);
        uint64_t entries[] = {core_str(fixture, "mod"), 1, core_str(fixture, "module"), x};
        uint64_t keys = core_keys(fixture, &(struct core_keys){KEYS_UNICODE, 3, 1, 3, 2, entries});
        uint64_t dict = make_dict(fixture, keys, 0);
        cr_expect_eq(dict_find(&fixture->decode, dict, "module"), x);
        cr_expect_eq(dict_find(&fixture->decode, dict, "modul"), 0);
        cr_expect_eq(dict_find(&fixture->decode, WILD, "module"), 0);
    }
}

Test(dict, hostile_tables_are_damage) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t entries[10] = {0};
        struct core_keys honest = {KEYS_GENERAL, 3, 1, 3, 2, entries};
        struct {
            struct field field;
            uint64_t value;
        } lies[] = {
            {layout->dict_keys.dk_log2_size, 255},
            {layout->dict_keys.dk_log2_size, 63},
            {layout->dict_keys.dk_log2_index_bytes, 255},
            {layout->dict_keys.dk_nentries, UINT64_MAX},
            {layout->dict_keys.dk_nentries, 1ull << 62},
            {layout->dict_keys.dk_nentries, 6},
            {layout->dict_keys.dk_usable, UINT64_MAX},
        };
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
            uint64_t keys = core_keys(fixture, &honest);
            core_set(fixture, keys, lies[i].field, lies[i].value);
            fixture_decode(fixture, make_dict(fixture, keys, 0));
            cr_expect_geq(fixture_damage(fixture, "length"), 1, "lie %zu", i);
            cr_expect_eq(fixture->reference_count, 0);
            cr_expect_eq(fixture->measure.size, layout->dict.size);
        }
        fixture_decode(fixture, make_dict(fixture, WILD, WILD));
        cr_expect_geq(fixture_damage(fixture, "absent"), 1);
        fixture_decode(fixture, make_dict(fixture, 0, 0));
        cr_expect_geq(fixture_damage(fixture, "absent"), 1);
        fixture_decode(fixture, make_dict(fixture, UINT64_MAX - 7, UINT64_MAX));
        cr_expect_geq(fixture_damage(fixture, "absent"), 1);

        uint64_t keys = core_keys(fixture, &honest);
        fixture_decode(fixture, make_dict(fixture, keys, WILD));
        cr_expect_geq(fixture_damage(fixture, "absent"), 1, "values");
    }
}

Test(dict, of_a_cut_table_what_is_there) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t x = fixture_target(fixture);
        uint64_t size = core_keys_size(fixture, KEYS_GENERAL, 12);
        uint64_t first = layout->dict_keys.size + (1 << 12);
        uint64_t keys = fake_alloc_cut(&fixture->fake, size, first + 16 * 24);
        core_set(fixture, keys, layout->dict_keys.dk_refcnt, 1);
        core_set(fixture, keys, layout->dict_keys.dk_log2_size, 12);
        core_set(fixture, keys, layout->dict_keys.dk_log2_index_bytes, 12);
        core_set(fixture, keys, layout->dict_keys.dk_nentries, 1000);
        fake_words(&fixture->fake, keys + first, 3, (uint64_t[]){1, x, x});
        fixture_decode(fixture, make_dict(fixture, keys, 0));
        cr_expect_geq(fixture_damage(fixture, "absent"), 1);
        cr_expect_eq(fixture_count(fixture, x), 2);
    }
}
