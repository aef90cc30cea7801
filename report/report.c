#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct screen_part *screen_append(struct report *report) {
    struct screen_part *part = arena_alloc(&report->document.arena, sizeof *part);
    if (!part) {
        report->document.failed = true;
        return NULL;
    }
    if (report->screen_end)
        report->screen_end->next = part;
    else
        report->screen = part;
    report->screen_end = part;
    return part;
}

static void add_line(struct report *report, enum line_style style, bool breaks, const char *format,
                     va_list arguments) {
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    struct screen_part *part = length < 0 ? NULL : screen_append(report);
    for (int i = 0; breaks && i < length; i++) {
        if (text[i] == ' ')
            text[i] = '\t';
    }
    if (part) {
        part->style = style;
        part->text = arena_strdup(&report->document.arena, text);
    }
    if (!part || !part->text)
        report->document.failed = true;
    if (length >= 0)
        free(text);
}

void report_line(struct report *report, enum line_style style, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_line(report, style, false, format, arguments);
    va_end(arguments);
}

void report_paragraph(struct report *report, enum line_style style, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_line(report, style, true, format, arguments);
    va_end(arguments);
}

void report_table(struct report *report, const struct table *table) {
    struct screen_part *part = screen_append(report);
    if (part)
        part->table = table;
}

void report_clear(struct report *report) {
    tree_clear(&report->document);
    report->screen = report->screen_end = NULL;
}

void report_plain_value(struct output *output, const struct value *value) {
    switch (value->kind) {
    case VALUE_COUNT:
    case VALUE_BYTES:
        output_unsigned(output, value->number);
        break;
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
        output_signed(output, value->integer);
        break;
    case VALUE_SHARE:
        output_printf(output, "%.6f", value->real);
        break;
    case VALUE_MILLISECONDS:
    case VALUE_REAL:
        output_printf(output, "%.3f", value->real);
        break;
    case VALUE_FLAG:
        output_puts(output, value->flag ? "true" : "false");
        break;
    case VALUE_NONE:
    case VALUE_TEXT:
    case VALUE_ADDRESS:
    case VALUE_ADDRESSES:
        break;
    }
}

const struct format *format_find(const char *name) {
    for (const struct format *const *format = format_registry; *format; format++) {
        if (!strcmp((*format)->name, name))
            return *format;
    }
    return NULL;
}

struct err *report_write(const struct report *report, const struct format *format,
                         const struct format_options *options, struct output *output) {
    if (report->document.failed)
        return err_no_memory();
    if (format->needs_rows && !report->rows)
        return err_new(ERR_USAGE, "--%s needs a table, which this command has not", format->name);
    return format->write(report, options, output);
}
