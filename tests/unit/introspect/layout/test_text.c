#include "base/strbuf.h"
#include "introspect/layout/provider.h"
#include "tests/unit/fixture_layout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct layout *parse(const char *text) {
    struct layout *layout = NULL;
    struct err *err = layout_parse(text, strlen(text), &layout);
    if (err) {
        cr_expect_eq(err_code(err), ERR_DAMAGED_FILE);
        err_free(err);
        return NULL;
    }
    return layout;
}

#define HEADER                                                                                     \
    "heapglass-layout 1\nversion 3.11.2 0x030b02f0\narchitecture x86_64\nabi_flags -\n"            \
    "build_id 00ff\nprovider dwarf_(cached)\n"

static bool accepts(const char *lines) {
    char text[4096];
    snprintf(text, sizeof text, HEADER "%send\n", lines);
    struct layout *layout = parse(text);
    layout_destroy(layout);
    return layout != NULL;
}

Test(layout_text, reads_every_kind_of_line) {
    struct layout *layout = parse(HEADER "trait preheader 0x10\n"
                                         "dict 48\ndict.ma_used 16 8\ndict.ma_keys 0 0\n"
                                         "ascii 48\nascii.kind 32 4 2 3\n"
                                         "from_the_future 9\nfrom_the_future.field 1 2\nend\n");
    cr_assert_not_null(layout);
    cr_expect_str_eq(layout->version, "3.11.2");
    cr_expect_eq(layout->version_hex, 0x030b02f0);
    cr_expect_str_eq(layout->abi_flags, "");
    cr_expect_str_eq(layout->build_id, "00ff");
    cr_expect_str_eq(layout->provider, "dwarf (cached)");
    cr_expect_eq(layout->trait.preheader, 16);
    cr_expect_eq(layout->dict.size, 48);
    cr_expect_eq(layout->dict.ma_used.offset, 16);
    cr_expect(layout_has(layout->dict.ma_used));
    cr_expect_not(layout_has(layout->dict.ma_keys));
    cr_expect_eq(layout->ascii.kind.bit_offset, 2);
    cr_expect_eq(layout->ascii.kind.bit_size, 3);
    layout_destroy(layout);
}

Test(layout_text, survives_a_round_trip) {
    const struct layout *layout = fixture_layout("3.13.0");
    struct strbuf text = {0};
    layout_emit(layout, &text);
    struct layout *again = parse(strbuf_text(&text));
    cr_assert_not_null(again);
    cr_expect_arr_eq(again, layout, sizeof *layout);
    layout_destroy(again);
    strbuf_free(&text);
}

Test(layout_text, refuses_what_it_did_not_write) {
    cr_assert(accepts(""));
    cr_assert(accepts("dict 48\ndict.ma_used 48 8\n"));
    static const char *const damaged[] = {
        "dict\n",                           /* no size */
        "dict 48 1\n",                      /* too many words */
        "dict -1\n",                        /* no number */
        "dict 0x\n",                        /* no digits */
        "dict 99999999999\n",               /* too big */
        "dict 4294967344\n",                /* wraps to 48 in 32 bits */
        "dict 134217728\n",                 /* bigger than any structure */
        "dict 48\ndict 56\n",               /* twice */
        "dict  48\n",                       /* two spaces */
        " dict 48\n",                       /* leading space */
        "dict 48 \n",                       /* trailing space */
        "dict\t48\n",                       /* control character */
        "dict 4\x01\n",                     /* control character */
        "d\xc3\xa9 4\n",                    /* not ASCII */
        "\n",                               /* empty line */
        "dict.ma_used 16 8\n",              /* before its structure */
        "dict 48\ndict.ma_used 49 8\n",     /* outside of it */
        "dict 48\ndict.ma_used 8 0\n",      /* absent fields have no place */
        "dict 48\ndict.ma_used 16\n",       /* no size */
        "ascii 48\nascii.kind 32 4 2\n",    /* half a bit-field */
        "ascii 48\nascii.kind 32 4 30 3\n", /* bits beyond its bytes */
        "ascii 48\nascii.kind 32 4 0 0\n",  /* no bits */
        "ascii 48\nascii.kind 32 16 0 3\n", /* too wide */
        "trait preheader\n",                /* no value */
        "trait preheader 0x11112222333344445\n",
        "end\n",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        cr_expect_not(accepts(damaged[i]), "accepted: %s", damaged[i]);
}

Test(layout_text, refuses_a_damaged_header) {
    static const char *const damaged[] = {
        "",
        "end\n",
        "heapglass-layout 2\nversion 3.11.2 0x1\narchitecture a\nabi_flags -\nbuild_id -\nprovider "
        "x\nend\n",
        "version 3.11.2 0x1\nheapglass-layout 1\narchitecture a\nabi_flags -\nbuild_id -\nprovider "
        "x\nend\n",
        "heapglass-layout 1\nversion 3.11.2345678901234567890123 0x1\narchitecture a\nabi_flags -\n"
        "build_id -\nprovider x\nend\n",
        "heapglass-layout 1\nversion 3.11.2 0x1\narchitecture aaaaaaaaaaaaaaaaaaaaaaa\nabi_flags "
        "-\n"
        "build_id -\nprovider x\nend\n",
        "heapglass-layout 1\nversion 3.11.2 0x1\nend\n",
        HEADER,
        HEADER "dict 48",
        HEADER "end",
        HEADER "end\n ",
        HEADER "end\nend\n",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        cr_expect_null(parse(damaged[i]), "accepted: %s", damaged[i]);
}

/* Whatever the bytes: an answer, and what is accepted can be written and read again. */
Test(layout_text, hostile, .timeout = 60) {
    struct strbuf text = {0};
    layout_emit(fixture_layout("3.11.2"), &text);
    for (size_t length = 0; length < text.length; length += 41) {
        struct layout *layout = NULL;
        struct err *err = layout_parse(text.text, length, &layout);
        cr_assert_not_null(err, "cut off at %zu", length);
        err_free(err);
    }
    char *damaged = malloc(text.length);
    uint32_t random = 7;
    int accepted = 0;
    for (int round = 0; round < 1000; round++) {
        memcpy(damaged, text.text, text.length);
        for (int flip = 0; flip <= round % 3; flip++) {
            random = random * 1664525 + 1013904223;
            damaged[(random >> 8) % text.length] = "0123456789 .\nabx\0-\x80"[random >> 27 & 15];
        }
        struct layout *layout = NULL, *again = NULL;
        struct err *err = layout_parse(damaged, text.length, &layout);
        if (err) {
            err_free(err);
            continue;
        }
        struct strbuf written = {0};
        layout_emit(layout, &written);
        cr_assert_null(layout_parse(written.text, written.length, &again));
        cr_assert_arr_eq(layout, again, sizeof *layout);
        layout_destroy(layout);
        layout_destroy(again);
        strbuf_free(&written);
        accepted++;
    }
    cr_expect_gt(accepted, 0);
    free(damaged);
    strbuf_free(&text);
}
