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

TestSuite(datetime, .init = start, .fini = stop);

Test(datetime, iso_form_and_time_zone) {
    uint64_t object = fixture_object(f, "datetime.datetime", 0, 0), zone = fixture_target(f);
    const uint8_t packed[] = {0x07, 0xe8, 2, 29, 23, 59, 1, 0x00, 0x01, 0x02};
    fake_bytes(&f->fake, object + l->datetime.data.offset, packed, sizeof packed);
    fake_set(&f->fake, object, l->datetime.tzinfo, zone); /* not its own: hastzinfo is false */
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "2024-02-29T23:59:01.000258");
    cr_assert_eq(f->reference_count, 0);
    cr_assert_eq(f->measure.size, l->datetime.size);
    cr_assert_eq(f->measure.body_size, 40);
    fake_set(&f->fake, object, l->datetime.hastzinfo, 1);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, zone, REFERENCE_UNTRAVERSED, ".tzinfo"));
    cr_assert_eq(f->measure.body_size, 0);
}

Test(datetime, dates_times_and_spans) {
    uint64_t object = fixture_object(f, "datetime.date", 0, 0);
    const uint8_t date[] = {0xff, 0xff, 0xff, 0xff};
    fake_bytes(&f->fake, object + l->date.data.offset, date, sizeof date);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "65535-255-255");
    object = fixture_object(f, "datetime.time", 0, 0);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "00:00:00");
    cr_assert_eq(f->measure.body_size, 32);
    object = fixture_object(f, "datetime.timedelta", 0, 0);
    fake_set(&f->fake, object, l->timedelta.days, 0xffffffff);
    fake_set(&f->fake, object, l->timedelta.seconds, 3661);
    fake_set(&f->fake, object, l->timedelta.microseconds, 5);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "-1 day, 1:01:01.000005");
}
