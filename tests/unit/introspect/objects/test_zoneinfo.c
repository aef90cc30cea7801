#include "decode_fixture.h"

#include "introspect/objects/module_state.h"

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

TestSuite(zoneinfo, .init = start, .fini = stop);

Test(zoneinfo, tables_and_rules) {
    uint64_t object = fixture_object(f, "zoneinfo.ZoneInfo", 0, 0);
    uint64_t offset = fixture_target(f), name = fixture_target(f), summer = fixture_target(f);
    uint64_t ttinfos = fake_alloc(&f->fake, 2 * l->zone_ttinfo.size);
    uint64_t wall = fake_alloc(&f->fake, 80);
    fake_set(&f->fake, ttinfos + l->zone_ttinfo.size, l->zone_ttinfo.utcoff, offset);
    fake_set(&f->fake, object, l->zone_info.ttinfos, ttinfos);
    fake_set(&f->fake, object, l->zone_info.num_ttinfos, 2);
    fake_set(&f->fake, object, l->zone_info.num_transitions, 10);
    fake_word(&f->fake, object + l->zone_info.trans_list_wall.offset + 8, wall);
    fake_set(&f->fake, object + l->zone_info.after_std.offset, l->zone_ttinfo.tzname, name);
    fake_set(&f->fake, object + l->zone_info.after_dst.offset, l->zone_ttinfo.tzname, summer);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, offset, REFERENCE_UNTRAVERSED, "->utcoff"));
    cr_assert(fixture_has(f, name, REFERENCE_UNTRAVERSED, "->tzname"));
    cr_assert(fixture_has(f, summer, REFERENCE_UNTRAVERSED, "->tzname"));
    cr_assert_eq(fixture_buffer(f, wall), 80);
    cr_assert_eq(fixture_buffer(f, ttinfos), 2 * l->zone_ttinfo.size);
    fake_set(&f->fake, object, l->zone_info.after_std_only, 1);
    fixture_decode(f, object);
    cr_assert_eq(fixture_count(f, summer), 0);
}

Test(zoneinfo, lying_counts) {
    uint64_t object = fixture_object(f, "zoneinfo.ZoneInfo", 0, 0);
    fake_set(&f->fake, object, l->zone_info.ttinfos, fake_alloc_cut(&f->fake, 8192, 4096));
    fake_set(&f->fake, object, l->zone_info.num_ttinfos, UINT64_MAX);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
    cr_assert_eq(fixture_damage(f, "length"), 1);
}

/* ---- states of modules (3.13) ---------------------------------------------------------------- */

static void start_3_13(void) {
    f = fixture_create("3.13.0");
    l = f->layout;
}

TestSuite(module_state, .init = start_3_13, .fini = stop);

/* Runs a decoder of states as the module's decoder does; returns how many references it finds. */
static size_t decode_state(const struct module_state_decoder *decoder, uint64_t state,
                           size_t size) {
    const uint8_t *bytes = image_pin(f->fake.image, state, size);
    cr_assert_not_null(bytes);
    f->decode.reference_count = f->reference_count = f->buffer_count = 0;
    f->damage = (struct damage_list){0};
    decoder->references(&f->decode, bytes, size);
    f->decode.flush(&f->decode);
    decoder->measure(&f->decode, bytes, size);
    return f->reference_count;
}

static uint64_t cache_node(uint64_t previous, uint64_t key) {
    uint64_t node = fake_alloc(&f->fake, l->zone_cache_node.size);
    fake_set(&f->fake, node, l->zone_cache_node.prev, previous);
    fake_set(&f->fake, node, l->zone_cache_node.key, key);
    if (previous)
        fake_set(&f->fake, previous, l->zone_cache_node.next, node);
    return node;
}

Test(module_state, the_cache_of_zones) {
    uint64_t state = fake_alloc(&f->fake, l->zone_state.size), key = fixture_target(f);
    uint64_t first = cache_node(0, fixture_target(f)), second = cache_node(first, key);
    fake_set(&f->fake, state, l->zone_state.strong_cache, first);
    cr_assert_eq(decode_state(&zoneinfo_module_state, state, l->zone_state.size), 2);
    cr_assert(fixture_has(f, key, REFERENCE_STRONG, "->cache.key"));
    cr_assert_eq(fixture_buffer(f, second), l->zone_cache_node.size);
    cr_assert_eq(f->damage.count, 0);
    fake_set(&f->fake, second, l->zone_cache_node.next, first);
    cr_assert_eq(decode_state(&zoneinfo_module_state, state, l->zone_state.size), 2);
    cr_assert_eq(fixture_damage(f, "chain"), 2);
    cr_assert_eq(decode_state(&zoneinfo_module_state, state, 8), 0);
}

Test(module_state, the_conditions_of_decimal) {
    uint64_t state = fake_alloc(&f->fake, l->decimal_state.size);
    uint32_t size = l->decimal_condition.size;
    uint64_t map = fake_alloc(&f->fake, 3 * size), exception = fixture_target(f);
    for (unsigned i = 0; i < 2; i++) {
        fake_set(&f->fake, map + i * size, l->decimal_condition.name, 0x1000);
        fake_set(&f->fake, map + i * size, l->decimal_condition.exception, exception);
    }
    fake_set(&f->fake, state, l->decimal_state.signal_map, map);
    cr_assert_eq(decode_state(&decimal_module_state, state, l->decimal_state.size), 2);
    cr_assert_eq(fixture_buffer(f, map), 3 * size);
    fake_set(&f->fake, state, l->decimal_state.signal_map, 0);
    fake_set(&f->fake, state, l->decimal_state.cond_map, map);
    cr_assert_eq(decode_state(&decimal_module_state, state, l->decimal_state.size), 1);
    fake_set(&f->fake, state, l->decimal_state.cond_map, fake_absent(&f->fake, 64));
    cr_assert_eq(decode_state(&decimal_module_state, state, l->decimal_state.size), 0);
    cr_assert_gt(fixture_damage(f, "chain"), 0);
}
