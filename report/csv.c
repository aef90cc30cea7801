/* CSV (RFC 4180, lines end with a newline alone): the report's one table, a line of keys first. */
#include "report/report.h"

#include <string.h>

static void csv_text(struct output *output, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        output_puts(output, text);
        return;
    }
    output_putc(output, '"');
    for (; *text; text++) {
        if (*text == '"')
            output_putc(output, '"');
        output_putc(output, *text);
    }
    output_putc(output, '"');
}

static void csv_value(struct output *output, const struct value *value) {
    switch (value->kind) {
    case VALUE_NONE:
        break;
    case VALUE_TEXT:
        csv_text(output, value->text);
        break;
    case VALUE_ADDRESS:
        output_hex(output, value->number);
        break;
    case VALUE_ADDRESSES:
        for (size_t i = 0; i < value->addresses.count; i++) {
            if (i)
                output_putc(output, ' ');
            output_hex(output, value->addresses.items[i]);
        }
        break;
    case VALUE_COUNT:
    case VALUE_BYTES:
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
    case VALUE_SHARE:
    case VALUE_MILLISECONDS:
    case VALUE_REAL:
    case VALUE_FLAG:
        report_plain_value(output, value);
        break;
    }
}

static struct err *csv_write(const struct report *report, const struct format_options *options,
                             struct output *output) {
    (void)options;
    const struct table *table = report->rows;
    const char *separator = "";
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].flags & COLUMN_SCREEN)
            continue;
        output_puts(output, separator);
        csv_text(output, table->columns[i].key);
        separator = ",";
    }
    output_putc(output, '\n');
    struct value cells[TABLE_MAX_COLUMNS];
    while (!output_stopped(output) && table->next(table->context, cells)) {
        separator = "";
        for (size_t i = 0; i < table->column_count; i++) {
            if (table->columns[i].flags & COLUMN_SCREEN)
                continue;
            output_puts(output, separator);
            csv_value(output, &cells[i]);
            separator = ",";
        }
        output_putc(output, '\n');
    }
    return NULL;
}

extern const struct format format_csv;
const struct format format_csv = {
    .name = "csv",
    .summary = "the table as CSV",
    .needs_rows = true,
    .write = csv_write,
};
