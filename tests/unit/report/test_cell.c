#include "report/cell.h"
#include "report/width.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void expect(struct value value, const char *expected) {
    struct strbuf out = {0};
    cell_text(&out, &value);
    cr_expect(eq(str, (char *)strbuf_text(&out), (char *)expected));
    strbuf_free(&out);
}

Test(cell, texts) {
    static const uint64_t addresses[] = {0, 0x7f0000001000};
    expect(value_none(), "");
    expect(value_text("shop.Order"), "shop.Order");
    expect(value_count(1798786), "1,798,786");
    expect(value_signed(-1234), "-1,234");
    expect(value_signed(INT64_MIN), "-9,223,372,036,854,775,808");
    expect(value_change(1234), "+1,234");
    expect(value_change_bytes(-(101 << 20)), "-101.0M");
    expect(value_id(4711), "4711");
    expect(value_bytes(1536), "1.5K");
    expect(value_address(0xffffffffffffffff), "0xffffffffffffffff");
    expect(value_share(1, 6), "17%");
    expect(value_milliseconds(84), "84.0 ms");
    expect(value_real(2.5), "2.5");
    expect(value_flag(true), "yes");
    expect(value_addresses(addresses, 2), "0x0 0x7f0000001000");
}

Test(cell, alignment) {
    cr_expect(cell_is_right_aligned(VALUE_BYTES));
    cr_expect(cell_is_right_aligned(VALUE_SHARE));
    cr_expect(not(cell_is_right_aligned(VALUE_TEXT)));
    cr_expect(not(cell_is_right_aligned(VALUE_ADDRESS)));
}

static void expect_bar(double scale, bool unicode, const char *expected) {
    enum { COLUMNS = 4 };
    struct strbuf out = {0};
    cell_bar(&out, scale, COLUMNS, unicode);
    cr_expect(eq(str, (char *)strbuf_text(&out), (char *)expected));
    cr_expect(eq(sz, width_of(strbuf_text(&out)), COLUMNS));
    strbuf_free(&out);
}

Test(cell, bars) {
    expect_bar(0, true, "    ");
    expect_bar(0.5, true, "██  ");
    expect_bar(0.55, true, "██▎ ");
    expect_bar(1, true, "████");
    expect_bar(7, true, "████");
    expect_bar(-1, true, "    ");
    expect_bar(0.0 / 0.0, true, "    ");
    expect_bar(0.3, false, "#   ");
    expect_bar(0.9, false, "####");
    expect_bar(7, false, "####");
}
