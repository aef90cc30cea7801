#include "core_fixture.h"

#include "introspect/objects/str.h"

#include <criterion/criterion.h>

static uint64_t make_str(struct decode_fixture *fixture, unsigned kind, bool compact,
                         uint64_t length, uint64_t extra) {
    const struct layout *layout = fixture->layout;
    uint64_t type = fixture_type(fixture, "str", FAKE_UNICODE_SUBCLASS, 0);
    uint64_t str = fake_object(&fixture->fake, type, layout->unicode.size + extra);
    core_set(fixture, str, layout->ascii.length, length);
    core_set(fixture, str, layout->ascii.kind, kind);
    core_set(fixture, str, layout->ascii.compact, compact);
    core_set(fixture, str, layout->ascii.ready, 1);
    return str;
}

Test(str, ascii) {
    EACH_VERSION(fixture) {
        uint64_t str = core_str(fixture, "it's\x1b");
        fixture_decode(fixture, str);
        cr_expect_eq(fixture->measure.size, fixture->layout->ascii.size + 6u);
        cr_expect_eq(fixture->buffer_count, 0);
        cr_expect_null(strchr(strbuf_text(&fixture->preview), '\x1b'));
        cr_expect(str_equals(fixture->decode.image, fixture->layout, str, "it's\x1b"));
        cr_expect_not(str_equals(fixture->decode.image, fixture->layout, str, "it's"));
        cr_expect_eq(str_utf8_address(fixture->decode.image, fixture->layout, str),
                     str + fixture->layout->ascii.size);
    }
}

Test(str, wide_with_utf8_cache) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t str = make_str(fixture, 2, true, 2, 6);
        const uint16_t text[] = {0x20ac, 0xd800, 0};
        fake_bytes(&fixture->fake, str + layout->compact_unicode.size, text, sizeof text);
        uint64_t cache = fake_alloc(&fixture->fake, 8);
        core_set(fixture, str, layout->compact_unicode.utf8, cache);
        core_set(fixture, str, layout->compact_unicode.utf8_length, 6);
        fixture_decode(fixture, str);
        cr_expect_eq(fixture->measure.size, layout->compact_unicode.size + 3 * 2 + 7u);
        cr_expect_eq(fixture_buffer(fixture, cache), 7);
        cr_expect_not_null(strstr(strbuf_text(&fixture->preview), "\xe2\x82\xac"));
        cr_expect_null(strstr(strbuf_text(&fixture->preview), "\xed\xa0\x80"), "no surrogates");
    }
}

Test(str, legacy_form) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t str = make_str(fixture, 1, false, 3, 0);
        uint64_t text = fake_string(&fixture->fake, "abc");
        core_set(fixture, str, layout->unicode.data, text);
        fixture_decode(fixture, str);
        cr_expect_eq(fixture->measure.size, layout->unicode.size + 4u);
        cr_expect_eq(fixture_buffer(fixture, text), 4);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "'abc'");
    }
}

Test(str, hostile) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        fixture_decode(fixture, make_str(fixture, 1, true, UINT64_MAX, 0));
        cr_expect_eq(fixture_damage(fixture, "length"), 1);
        fixture_decode(fixture, make_str(fixture, 3, true, 4, 0));
        cr_expect_eq(fixture_damage(fixture, "kind"), 1);
        fixture_decode(fixture, make_str(fixture, 4, true, 1ull << 47, 0));
        cr_expect_leq(fixture->preview.length, 400, "nobody wants to read all that");

        uint64_t wild = make_str(fixture, 4, false, 5, 0);
        core_set(fixture, wild, layout->unicode.data, WILD);
        core_set(fixture, wild, layout->compact_unicode.utf8, UINT64_MAX);
        core_set(fixture, wild, layout->compact_unicode.utf8_length, UINT64_MAX);
        fixture_decode(fixture, wild);
        cr_expect_eq(fixture_damage(fixture, "length"), 1);

        struct str_view view;
        cr_expect_not(str_read(fixture->decode.image, layout, WILD, 10, &view));
        cr_expect_not(str_read(fixture->decode.image, layout, wild, 10, &view));
        uint64_t cut = fake_alloc_cut(&fixture->fake, 256, 32);
        cr_expect_not(str_read(fixture->decode.image, layout, cut + 24, 10, &view));
    }
}
