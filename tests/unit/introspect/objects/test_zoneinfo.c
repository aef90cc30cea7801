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
