/* bytes, bytearray, int, bool, float, complex. */
#include "core_fixture.h"

#include <criterion/criterion.h>

Test(bytes, shows_its_beginning) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = fixture_type(fixture, "bytes", FAKE_BYTES_SUBCLASS, 1);
        uint64_t bytes = fake_var_object(&fixture->fake, type, 200, 100);
        fake_bytes(&fixture->fake, bytes + layout->bytes.ob_sval.offset, "a\x00z", 3);
        fixture_decode(fixture, bytes);
        cr_expect(!strncmp(strbuf_text(&fixture->preview), "b'a\\x00z", 8));
        cr_expect_not_null(strstr(strbuf_text(&fixture->preview), "..."));
        core_set(fixture, bytes, layout->var_object.ob_size, INT64_MAX);
        fixture_decode(fixture, bytes);
    }
}

Test(bytearray, owns_its_buffer) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t array = fixture_object(fixture, "bytearray", 0, 0);
        uint64_t buffer = fake_alloc(&fixture->fake, 16);
        core_set(fixture, array, layout->bytearray.ob_bytes, buffer);
        core_set(fixture, array, layout->bytearray.ob_start, buffer);
        core_set(fixture, array, layout->bytearray.ob_alloc, 16);
        fixture_decode(fixture, array);
        cr_expect_eq(fixture_buffer(fixture, buffer), 16);
        cr_expect_eq(fixture->measure.size, layout->bytearray.size + 16u);
        core_set(fixture, array, layout->bytearray.ob_alloc, UINT64_MAX);
        core_set(fixture, array, layout->bytearray.ob_start, WILD);
        core_set(fixture, array, layout->var_object.ob_size, 7);
        fixture_decode(fixture, array);
        cr_expect_eq(fixture_damage(fixture, "length"), 1);
        cr_expect_eq(fixture->measure.size, layout->bytearray.size);
    }
}

/* `digits` of 30 bits each. */
static uint64_t make_int(struct decode_fixture *fixture, const char *type_name, bool negative,
                         uint64_t count, uint32_t low, uint32_t high) {
    const struct layout *layout = fixture->layout;
    uint64_t type = fixture_type(fixture, type_name, FAKE_LONG_SUBCLASS, 4);
    uint64_t address = fake_object(&fixture->fake, type, 64);
    const uint32_t digits[] = {low, high};
    if (layout->trait.compact_int)
        core_set(fixture, address, layout->integer.lv_tag, count << 3 | (negative ? 2 : !count));
    else
        core_set(fixture, address, layout->var_object.ob_size, negative ? -count : count);
    fake_bytes(&fixture->fake, address + layout->integer.ob_digit.offset, digits, sizeof digits);
    return address;
}

Test(int, sizes_and_values) {
    EACH_VERSION(fixture) {
        fixture_decode(fixture, make_int(fixture, "int", false, 0, 0, 0));
        cr_expect_eq(fixture->measure.size, 28);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "0");
        fixture_decode(fixture, make_int(fixture, "int", true, 1, 123456789, 0));
        cr_expect_eq(fixture->measure.size, 28);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "-123456789");
        fixture_decode(fixture, make_int(fixture, "int", false, 2, 1, 3));
        cr_expect_eq(fixture->measure.size, 32);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "3221225473");
        fixture_decode(fixture, make_int(fixture, "bool", false, 1, 1, 0));
        cr_expect_str_eq(strbuf_text(&fixture->preview), "True");
        fixture_decode(fixture, make_int(fixture, "bool", false, 0, 0, 0));
        cr_expect_str_eq(strbuf_text(&fixture->preview), "False");
    }
}

Test(int, hostile) {
    EACH_VERSION(fixture) {
        fixture_decode(fixture, make_int(fixture, "int", false, 1ull << 60, 0, 0));
        cr_expect_eq(fixture_damage(fixture, "length"), 1);
        cr_expect_eq(fixture->measure.size, 28);
        fixture_decode(fixture, make_int(fixture, "int", false, 1ull << 40, 0, 0));
        cr_expect_not_null(strstr(strbuf_text(&fixture->preview), "bits"));
    }
}

static const char *shown(struct decode_fixture *fixture, uint64_t object, struct field field,
                         double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    core_set(fixture, object, field, bits);
    fixture_decode(fixture, object);
    return strbuf_text(&fixture->preview);
}

Test(float, as_repr_writes_it) {
    EACH_VERSION(fixture) {
        uint64_t number = fixture_object(fixture, "float", 0, 0);
        struct field field = fixture->layout->float_object.ob_fval;
        cr_expect_str_eq(shown(fixture, number, field, 0.1), "0.1");
        cr_expect_str_eq(shown(fixture, number, field, 1.0), "1.0");
        cr_expect_str_eq(shown(fixture, number, field, 1.0 / 3), "0.3333333333333333");
        cr_expect_str_eq(shown(fixture, number, field, 1e300), "1e+300");
        cr_expect_str_eq(shown(fixture, number, field, 100.0), "100.0");
        cr_expect_str_eq(shown(fixture, number, field, 1e15), "1000000000000000.0");
        cr_expect_str_eq(shown(fixture, number, field, 1e16), "1e+16");
        cr_expect_str_eq(shown(fixture, number, field, 12345678901234568.0),
                         "1.2345678901234568e+16");
        cr_expect_str_eq(shown(fixture, number, field, 5e-324), "5e-324");
        cr_expect_str_eq(shown(fixture, number, field, -1.0 / 0.0), "-inf");
        cr_expect_str_eq(shown(fixture, number, field, 0.0 / 0.0), "nan");
        uint64_t complex = fixture_object(fixture, "complex", 0, 0);
        cr_expect_str_eq(shown(fixture, complex, fixture->layout->complex_object.imag, -2.5),
                         "(0.0-2.5j)");
    }
}
