#include "decode_fixture.h"

#include <criterion/criterion.h>

enum { NEGATIVE = 1, INFINITE = 2, NOT_A_NUMBER = 4, STATIC = 0x10, STATIC_DATA = 0x20 };

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.11.2");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

static uint64_t decimal(unsigned flags, int64_t exponent, uint64_t digits, size_t words,
                        const uint64_t *values) {
    uint64_t object = fixture_object(f, "decimal.Decimal", 0, 0);
    uint64_t data = fake_alloc(&f->fake, words * 8 + 8);
    fake_words(&f->fake, data, words, values);
    fake_set(&f->fake, object, l->decimal.flags, flags);
    fake_set(&f->fake, object, l->decimal.exponent, (uint64_t)exponent);
    fake_set(&f->fake, object, l->decimal.digits, digits);
    fake_set(&f->fake, object, l->decimal.length, words);
    fake_set(&f->fake, object, l->decimal.alloc, words);
    fake_set(&f->fake, object, l->decimal.data, data);
    return object;
}

static void shows(const char *text, unsigned flags, int64_t exponent, uint64_t digits,
                  uint64_t word) {
    fixture_decode(f, decimal(flags | STATIC | STATIC_DATA, exponent, digits, 1, &word));
    cr_assert_str_eq(strbuf_text(&f->preview), text);
    cr_assert_eq(f->measure.size, l->decimal.size);
    cr_assert_eq(f->buffer_count, 0);
}

TestSuite(decimal, .init = start, .fini = stop);

Test(decimal, as_str_shows_it) {
    shows("0", 0, 0, 1, 0);
    shows("1.5", 0, -1, 2, 15);
    shows("-12.50", NEGATIVE, -2, 4, 1250);
    shows("0.00123", 0, -5, 3, 123);
    shows("1.23E-8", 0, -10, 3, 123);
    shows("1E+1000", 0, 1000, 1, 1);
    shows("1.2E+3", 0, 2, 2, 12);
    shows("-Infinity", NEGATIVE | INFINITE, 0, 0, 0);
    shows("NaN", NOT_A_NUMBER, 0, 0, 0);
}

Test(decimal, long_ones_have_a_block) {
    const uint64_t words[] = {42, 7, 1234567890123456789u, 12};
    uint64_t object = decimal(STATIC, 0, 59, 4, words), data;
    cr_assert(image_read_u64(f->fake.image, object + l->decimal.data.offset, &data));
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->decimal.size + 32);
    cr_assert_eq(fixture_buffer(f, data), 32);
    cr_assert_str_eq(strbuf_text(&f->preview), "1212345678901234567890000000000000000007...");
}

Test(decimal, nonsense_shows_nothing) {
    uint64_t word = 1;
    fixture_decode(f, decimal(0, 0, UINT64_MAX, 1, &word));
    fixture_decode(f, decimal(0, INT64_MAX, 1, 1, &word));
    cr_assert_str_eq(strbuf_text(&f->preview), "");
    fixture_decode(f, decimal(0, INT64_MIN, 1ull << 39, 1, &word));
    cr_assert_str_eq(strbuf_text(&f->preview), "");
    uint64_t object = decimal(0, 0, 5, 1, &word);
    fake_set(&f->fake, object, l->decimal.length, 1ull << 39);
    fake_set(&f->fake, object, l->decimal.alloc, UINT64_MAX / 2);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "");
    cr_assert_eq(fixture_damage(f, "length"), 1);
}
