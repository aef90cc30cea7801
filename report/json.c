/* JSON: strict, deterministic, one line for each top-level key and for each row of a table. */
#include "report/report.h"

#include <string.h>

static size_t utf8_length(const unsigned char *at) {
    size_t need = at[0] < 0x80    ? 1
                  : at[0] >= 0xf5 ? 0
                  : at[0] >= 0xf0 ? 4
                  : at[0] >= 0xe0 ? 3
                  : at[0] >= 0xc2 ? 2
                                  : 0;
    for (size_t i = 1; i < need; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
    return need > 1 && (overlong || beyond) ? 0 : need;
}

static void json_text(struct output *output, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    output_putc(output, '"');
    while (*at) {
        const unsigned char *plain = at;
        while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
            at++;
        output_write(output, (const char *)plain, (size_t)(at - plain));
        if (!*at)
            break;
        size_t length = utf8_length(at);
        if (*at == '"' || *at == '\\')
            output_printf(output, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            output_printf(output, "\\u%04x", *at);
        else if (length)
            output_write(output, (const char *)at, length);
        else
            output_puts(output, "\\ufffd");
        at += length ? length : 1;
    }
    output_putc(output, '"');
}

static void json_address(struct output *output, uint64_t address) {
    output_putc(output, '"');
    output_hex(output, address);
    output_putc(output, '"');
}

static void json_value(struct output *output, const struct value *value) {
    switch (value->kind) {
    case VALUE_NONE:
        output_puts(output, "null");
        break;
    case VALUE_TEXT:
        json_text(output, value->text);
        break;
    case VALUE_ADDRESS:
        json_address(output, value->number);
        break;
    case VALUE_ADDRESSES:
        output_putc(output, '[');
        for (size_t i = 0; i < value->addresses.count; i++) {
            if (i)
                output_puts(output, ", ");
            json_address(output, value->addresses.items[i]);
        }
        output_putc(output, ']');
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

static void json_key(struct output *output, const char *key) {
    output_putc(output, '"');
    output_puts(output, key);
    output_puts(output, "\": ");
}

static void json_row(struct output *output, const struct table *table, const struct value *cells) {
    const char *separator = "{";
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].flags & COLUMN_SCREEN)
            continue;
        output_puts(output, separator);
        json_key(output, table->columns[i].key);
        json_value(output, &cells[i]);
        separator = ", ";
    }
    output_putc(output, '}');
}

static void json_rows(struct output *output, const struct table *table, const char *between,
                      const char *after) {
    struct value cells[TABLE_MAX_COLUMNS];
    for (bool first = true; !output_stopped(output) && table->next(table->context, cells);
         first = false) {
        if (!first)
            output_puts(output, between);
        json_row(output, table, cells);
        output_puts(output, after);
    }
}

/* `between`: its children; `lines`: whether each row of a table gets one. */
static void json_node(struct output *output, const struct node *node, const char *between,
                      bool lines) {
    const char *separator = "";
    switch (node->shape) {
    case NODE_VALUE:
        json_value(output, &node->value);
        break;
    case NODE_TABLE:
        output_puts(output, lines ? "[\n  " : "[");
        json_rows(output, node->table, lines ? ",\n  " : ", ", "");
        output_puts(output, "]");
        break;
    case NODE_GROUP:
    case NODE_LIST:
        output_putc(output, node->shape == NODE_GROUP ? '{' : '[');
        for (const struct node *child = node->first; child; child = child->next) {
            output_puts(output, separator);
            if (child->key)
                json_key(output, child->key);
            json_node(output, child, ", ", lines);
            separator = between;
        }
        output_putc(output, node->shape == NODE_GROUP ? '}' : ']');
    }
}

static struct err *json_write(const struct report *report, const struct format_options *options,
                              struct output *output) {
    (void)options;
    const char *between = report->json_lines ? ", " : ",\n ";
    const char *separator = "";
    output_putc(output, '{');
    if (report->schema) {
        json_key(output, "schema");
        json_text(output, report->schema);
        separator = between;
    }
    for (const struct node *node = report->document.root.first; node; node = node->next) {
        output_puts(output, separator);
        json_key(output, node->key);
        json_node(output, node, ", ", !report->json_lines);
        separator = between;
    }
    output_puts(output, "}\n");
    if (report->json_lines && report->rows)
        json_rows(output, report->rows, "", "\n");
    return NULL;
}

extern const struct format format_json;
const struct format format_json = {
    .name = "json",
    .summary = "one JSON document (docs/json.md)",
    .write = json_write,
};
