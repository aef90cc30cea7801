#include "base/strbuf.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(strbuf, grows) {
    struct strbuf buf = {0};
    cr_assert_str_eq(strbuf_text(&buf), "");
    strbuf_puts(&buf, "one ");
    strbuf_putc(&buf, '2');
    strbuf_printf(&buf, " %s %d", "three", 4);
    strbuf_add(&buf, "!?", 1);
    cr_assert_str_eq(strbuf_text(&buf), "one 2 three 4!");
    cr_assert_eq(buf.length, strlen("one 2 three 4!"));
    for (int i = 0; i < 10000; i++)
        strbuf_printf(&buf, "%d,", i);
    cr_assert_eq(buf.length, strlen(strbuf_text(&buf)));
    cr_assert_not(buf.failed);
    strbuf_clear(&buf);
    cr_assert_str_eq(strbuf_text(&buf), "");
    strbuf_free(&buf);
}

Test(strbuf, numbers_are_decimal) {
    struct strbuf buf = {0};
    strbuf_add_unsigned(&buf, 0);
    strbuf_putc(&buf, ' ');
    strbuf_add_unsigned(&buf, 1000);
    strbuf_putc(&buf, ' ');
    strbuf_add_unsigned(&buf, UINT64_MAX);
    cr_assert_str_eq(strbuf_text(&buf), "0 1000 18446744073709551615");
    strbuf_free(&buf);
}

Test(strbuf, an_absurd_length_is_remembered_as_failure) {
    struct strbuf buf = {0};
    strbuf_puts(&buf, "kept");
    strbuf_add(&buf, "x", SIZE_MAX / 2);
    cr_assert(buf.failed);
    strbuf_puts(&buf, " not added");
    cr_assert_str_eq(strbuf_text(&buf), "kept");
    strbuf_clear(&buf);
    cr_assert_not(buf.failed);
    strbuf_free(&buf);
}

struct escape {
    const char *bytes;
    size_t length;
    const char *expected;
};

#define ESCAPE(bytes, expected)                                                                    \
    { bytes, sizeof bytes - 1, expected }

static const struct escape escapes[] = {
    ESCAPE("plain text", "plain text"),
    ESCAPE("back\\slash", "back\\slash"),
    ESCAPE("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
    ESCAPE("nul\0behind", "nul\\x00behind"),
    ESCAPE("\x1b[31mred\x1b]0;title\a", "\\x1b[31mred\\x1b]0;title\\x07"),
    ESCAPE("\x7f", "\\x7f"),
    ESCAPE("\xc2\x9b"
           "31m",
           "\\x9b31m"), /* CSI as one C1 character */
    ESCAPE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d"),
    ESCAPE("\xff\xfe", "\\xff\\xfe"),
    ESCAPE("\x80", "\\x80"),                                     /* continuation alone */
    ESCAPE("\xc3", "\\xc3"),                                     /* cut short */
    ESCAPE("\xe2\x82", "\\xe2\\x82"),                            /* cut short */
    ESCAPE("\xf0\x9f\x90", "\\xf0\\x9f\\x90"),                   /* cut short */
    ESCAPE("\xc3(", "\\xc3("),                                   /* no continuation */
    ESCAPE("\xc0\x80", "\\xc0\\x80"),                            /* overlong NUL */
    ESCAPE("\xc1\x9b", "\\xc1\\x9b"),                            /* overlong [ */
    ESCAPE("\xe0\x80\x9b", "\\xe0\\x80\\x9b"),                   /* overlong ESC */
    ESCAPE("\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b"),          /* overlong ESC */
    ESCAPE("\xed\xa0\x80", "\\xed\\xa0\\x80"),                   /* surrogate */
    ESCAPE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"),          /* above U+10FFFF */
    ESCAPE("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"),          /* above U+10FFFF */
    ESCAPE("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"), /* five bytes */
    ESCAPE("a\xe2\x80\xae"
           "b",
           "a\\u202eb"), /* right-to-left override */
    ESCAPE("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf", "\\u2066\\u200b\\ufeff"),
    ESCAPE("\xe2\x80\xa8", "\\u2028"), /* line separator */
};

Test(strbuf, foreign_bytes_are_made_safe) {
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        struct strbuf buf = {0};
        strbuf_add_escaped(&buf, escapes[i].bytes, escapes[i].length, SIZE_MAX);
        cr_assert_str_eq(strbuf_text(&buf), escapes[i].expected, "case %zu: %s", i,
                         strbuf_text(&buf));
        strbuf_free(&buf);
    }
}

Test(strbuf, no_pair_of_bytes_gets_through_to_a_terminal) {
    for (unsigned pair = 0; pair < 65536; pair++) {
        char bytes[2] = {(char)(pair >> 8), (char)pair};
        struct strbuf buf = {0};
        strbuf_add_escaped(&buf, bytes, 2, 2);
        for (const char *at = strbuf_text(&buf); *at; at++) {
            unsigned char byte = (unsigned char)*at;
            bool c1 = byte == 0xc2 && (unsigned char)at[1] < 0xa0;
            cr_assert(byte >= 0x20 && byte != 0x7f && !c1, "%04x", pair);
        }
        strbuf_free(&buf);
    }
}

Test(strbuf, escaped_text_is_cut_at_the_limit_and_says_so) {
    struct strbuf buf = {0};
    strbuf_add_escaped(&buf, "abcdef", 6, 4);
    cr_assert_str_eq(strbuf_text(&buf), "abcd...");
    strbuf_clear(&buf);
    strbuf_add_escaped(&buf, "abcdef", 6, 6);
    cr_assert_str_eq(strbuf_text(&buf), "abcdef");
    strbuf_clear(&buf);
    strbuf_add_escaped(&buf, "abcdef", 6, 0);
    cr_assert_str_eq(strbuf_text(&buf), "...");
    strbuf_free(&buf);
}

Test(strbuf, every_codepoint_round_trips_or_is_escaped) {
    struct strbuf encoded = {0}, again = {0};
    for (unsigned codepoint = 0; codepoint < 0x110000; codepoint += codepoint < 0x3000 ? 1 : 97) {
        strbuf_clear(&encoded);
        strbuf_clear(&again);
        strbuf_add_codepoint(&encoded, codepoint);
        strbuf_add_escaped(&again, encoded.text, encoded.length, SIZE_MAX);
        cr_assert_str_eq(encoded.text, again.text, "U+%04X", codepoint);
    }
    strbuf_clear(&encoded);
    strbuf_add_codepoint(&encoded, 0xd800);
    strbuf_add_codepoint(&encoded, 0x110000);
    strbuf_add_codepoint(&encoded, 0xffffffff);
    cr_assert_str_eq(encoded.text, "\\ud800\\U00110000\\Uffffffff");
    strbuf_free(&encoded);
    strbuf_free(&again);
}
