#include "report/units.h"
#include "report/width.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static char *bytes(uint64_t number) {
    static char buffer[UNITS_SIZE];
    return units_bytes(buffer, number);
}

static char *brief(uint64_t number) {
    static char buffer[UNITS_SIZE];
    return units_short(buffer, number);
}

static char *count(uint64_t number) {
    static char buffer[UNITS_SIZE];
    return units_count(buffer, number);
}

Test(units, bytes) {
    cr_assert(eq(str, bytes(0), "0"));
    cr_assert(eq(str, bytes(999), "999"));
    cr_assert(eq(str, bytes(1000), "1.0K"));
    cr_assert(eq(str, bytes(1536), "1.5K"));
    cr_assert(eq(str, bytes(1023948), "999.9K"));
    cr_assert(eq(str, bytes(1024000), "1.0M"));
    cr_assert(eq(str, bytes(UINT64_MAX), "16.0E"));
    cr_assert(eq(str, brief(5347737), "5.1M"));
    cr_assert(eq(str, brief(812ull << 20), "812M"));
    cr_assert(eq(str, brief(10432000), "9.9M"));
    cr_assert(eq(str, brief(10440000), "10M"));
}

Test(units, counts) {
    cr_assert(eq(str, count(0), "0"));
    cr_assert(eq(str, count(999), "999"));
    cr_assert(eq(str, count(1000), "1,000"));
    cr_assert(eq(str, count(10941250), "10,941,250"));
    cr_assert(eq(str, count(UINT64_MAX), "18,446,744,073,709,551,615"));
}

Test(units, percent) {
    char buffer[UNITS_SIZE];
    cr_assert(eq(str, units_percent(buffer, 0.0), "0%"));
    cr_assert(eq(str, units_percent(buffer, 0.004), "<1%"));
    cr_assert(eq(str, units_percent(buffer, 0.166), "17%"));
    cr_assert(eq(str, units_percent(buffer, 1.0), "100%"));
}

static char *fitting(const char *text, size_t columns, bool middle) {
    static struct strbuf buf;
    strbuf_clear(&buf);
    size_t taken = width_add_fitting(&buf, text, columns, middle);
    cr_assert(eq(sz, taken, width_of(strbuf_text(&buf))));
    cr_assert(le(sz, taken, columns));
    return (char *)strbuf_text(&buf);
}

Test(width, of_text) {
    cr_assert(eq(sz, width_of("abc"), 3));
    cr_assert(eq(sz, width_of("é…█"), 3));
    cr_assert(eq(sz, width_of("日本"), 4));
    cr_assert(eq(sz, width_of("e\u0301"), 1), "a combining accent");
    cr_assert(eq(sz, width_of("🐍"), 2));
    cr_assert(eq(sz, width_of("\xff\xe6"), 2), "not UTF-8: no byte is lost");
}

Test(width, cut) {
    cr_assert(eq(str, fitting("abcdefgh", 8, true), "abcdefgh"));
    cr_assert(eq(str, fitting("abcdefgh", 7, true), "abc…fgh"));
    cr_assert(eq(str, fitting("abcdefgh", 4, true), "a…gh"));
    cr_assert(eq(str, fitting("abcdefgh", 4, false), "abc…"));
    cr_assert(eq(str, fitting("abcdefgh", 1, true), "…"));
    cr_assert(eq(str, fitting("abcdefgh", 0, true), ""));
    cr_assert(eq(str, fitting("日本語日本語", 7, true), "日…語"));
}

static char *ascii(const char *text) {
    static struct strbuf buf;
    strbuf_clear(&buf);
    width_add_ascii(&buf, text);
    return (char *)strbuf_text(&buf);
}

static char *fitting_ascii(const char *text, size_t columns, bool middle) {
    static struct strbuf buf;
    strbuf_clear(&buf);
    size_t taken = width_add_fitting_ascii(&buf, text, columns, middle);
    cr_assert(eq(sz, taken, strlen(strbuf_text(&buf))));
    cr_assert(le(sz, taken, columns));
    return (char *)strbuf_text(&buf);
}

Test(width, without_utf8) {
    cr_assert(eq(str, ascii("list[4] → dict"), "list[4] > dict"));
    cr_assert(eq(str, ascii("├─ a │ └─ b"), "|- a | `- b"));
    cr_assert(eq(str, ascii("▁▂▃▄▅▆▇█ █▌▎"), "_.-~=+*# ## "));
    cr_assert(eq(str, ascii("SIZE ▼ × ▸ ▾ ←↓ ›"), "SIZE v x > v <v >"));
    cr_assert(eq(str, ascii("é 日本 e\u0301 🐍"), "? ???? e ??"));
    cr_assert(eq(str, ascii("a…b"), "a...b"));
    cr_assert(eq(str, ascii("\xff\xe6\xc1\x81"), "???"), "not UTF-8");
    cr_assert(eq(str, fitting_ascii("abcdefgh", 8, true), "abcdefgh"));
    cr_assert(eq(str, fitting_ascii("abcdefgh", 7, true), "ab...gh"));
    cr_assert(eq(str, fitting_ascii("abcdefgh", 7, false), "abcd..."));
    cr_assert(eq(str, fitting_ascii("abcdefgh", 2, false), ".."));
    cr_assert(eq(str, fitting_ascii("a…cdefgh", 8, false), "a...c..."));
    cr_assert(eq(str, fitting_ascii("日本語", 5, false), "??..."));
    cr_assert(eq(str, fitting_ascii("abc", 0, true), ""));
}
