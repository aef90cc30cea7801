#include "report/cell.h"

#include "report/units.h"

/* Rows may be 10⁷: what every cell needs avoids printf. */
static void add_address(struct strbuf *out, uint64_t address) {
    char digits[18];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[address & 15];
        address >>= 4;
    } while (address);
    digits[--at] = 'x';
    digits[--at] = '0';
    strbuf_add(out, digits + at, sizeof digits - at);
}

static void add_addresses(struct strbuf *out, const struct value *value) {
    for (size_t i = 0; i < value->addresses.count; i++) {
        strbuf_puts(out, i ? " " : "");
        add_address(out, value->addresses.items[i]);
    }
}

static void add_signed(struct strbuf *out, int64_t integer) {
    char number[UNITS_SIZE];
    strbuf_puts(out, integer < 0 ? "-" : "");
    strbuf_puts(out, units_count(number, integer < 0 ? -(uint64_t)integer : (uint64_t)integer));
}

void cell_text(struct strbuf *out, const struct value *value) {
    char number[UNITS_SIZE];
    switch (value->kind) {
    case VALUE_NONE:
        break;
    case VALUE_TEXT:
        strbuf_puts(out, value->text);
        break;
    case VALUE_COUNT:
        strbuf_puts(out, units_count(number, value->number));
        break;
    case VALUE_SIGNED:
        add_signed(out, value->integer);
        break;
    case VALUE_CHANGE:
        strbuf_puts(out, units_change(number, value->integer));
        break;
    case VALUE_CHANGE_BYTES:
        strbuf_puts(out, units_change_bytes(number, value->integer));
        break;
    case VALUE_ID:
        strbuf_printf(out, "%lld", (long long)value->integer);
        break;
    case VALUE_BYTES:
        strbuf_puts(out, units_bytes(number, value->number));
        break;
    case VALUE_ADDRESS:
        add_address(out, value->number);
        break;
    case VALUE_SHARE:
        strbuf_puts(out, units_percent(number, value->real));
        break;
    case VALUE_MILLISECONDS:
        strbuf_printf(out, "%.1f ms", value->real);
        break;
    case VALUE_REAL:
        strbuf_printf(out, "%.1f", value->real);
        break;
    case VALUE_FLAG:
        strbuf_puts(out, value->flag ? "yes" : "no");
        break;
    case VALUE_ADDRESSES:
        add_addresses(out, value);
        break;
    }
}

bool cell_is_right_aligned(enum value_kind kind) {
    switch (kind) {
    case VALUE_COUNT:
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
    case VALUE_BYTES:
    case VALUE_SHARE:
    case VALUE_MILLISECONDS:
    case VALUE_REAL:
        return true;
    default:
        return false;
    }
}

void cell_bar(struct strbuf *out, double scale, unsigned columns, bool unicode) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    unsigned steps = unicode ? 8 : 1; /* in one column */
    scale = scale > 0 ? scale < 1 ? scale : 1 : 0;
    unsigned length = (unsigned)(scale * columns * steps + 0.5);
    for (unsigned i = 0; i < length / steps; i++)
        strbuf_puts(out, unicode ? "█" : "#");
    strbuf_puts(out, eighths[length % steps]);
    strbuf_blanks(out, columns - length / steps - (length % steps != 0));
}
