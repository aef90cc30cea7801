#include "capture_output.h"

#include <criterion/new/assert.h>
#include <string.h>

enum { NAME, ADDRESS, COUNT, BYTES, SHARE, FLAG, LIST, COLUMNS };

static const struct column columns[COLUMNS] = {
    [NAME] = {"name", "NAME", VALUE_TEXT, COLUMN_SHRINKS},
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, COLUMN_DATA},
    [COUNT] = {"count", "COUNT", VALUE_COUNT, 0},
    [BYTES] = {"bytes", "BYTES", VALUE_BYTES, 0},
    [SHARE] = {"share", "SHARE", VALUE_SHARE, COLUMN_SCREEN},
    [FLAG] = {"flag", "FLAG", VALUE_FLAG, COLUMN_DATA},
    [LIST] = {"list", "LIST", VALUE_ADDRESSES, COLUMN_DATA},
};

struct rows {
    size_t next, count;
    const char *const *names;
};

static bool next_row(void *context, struct value *cells) {
    static const uint64_t list[] = {0x10, 0x20};
    struct rows *rows = context;
    if (rows->next == rows->count)
        return false;
    uint64_t i = rows->next++;
    cells[NAME] = value_text(rows->names[i % 4]);
    cells[ADDRESS] = value_address(0x7f0000000000 + i);
    cells[COUNT] = value_count(i * 12345);
    cells[BYTES] = value_bytes(i * 1000000);
    cells[SHARE] = value_share(3 - i % 4, 8);
    cells[FLAG] = value_flag(i & 1);
    cells[LIST] = value_addresses(list, i % 4 % 3);
    return true;
}

static const char *const plain_names[] = {"dict", "a,b", "sh\"op", "x"};
static const char *const long_names[] = {
    "dict", "a.very.long.package.name.that.goes.on.and.on.models.SomeVeryLongClassNameInThere",
    "日本語の長い名前日本語の長い名前日本語の長い名前日本語の長い名前", "é"};

#define TABLE(rows)                                                                                \
    { columns, COLUMNS, next_row, rows }

Test(text, aligned) {
    struct rows rows = {.count = 3, .names = plain_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "t/1"};
    report_table(&report, &table);
    char *text = written(&report, "text", (struct format_options){.width = 80});
    cr_assert(eq(str, text,
                 "NAME    COUNT   BYTES  SHARE\n"
                 "dict        0       0    38%\n"
                 "a,b    12,345  976.6K    25%\n"
                 "sh\"op  24,690    1.9M    12%\n"));
    free(text);
    report_clear(&report);
}

Test(text, bars_and_color) {
    struct rows rows = {.count = 4, .names = plain_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "t/1"};
    report_line(&report, LINE_STRONG, "head");
    report_table(&report, &table);
    char *text =
        written(&report, "text", (struct format_options){.width = 80, .bars = true, .color = true});
    cr_assert(eq(str, text,
                 "\033[1mhead\033[0m\n"
                 "\033[1mNAME    COUNT   BYTES  SHARE\033[0m\n"
                 "dict        0       0  █████████  38%\n"
                 "a,b    12,345  976.6K  ██████     25%\n"
                 "sh\"op  24,690    1.9M  ███        12%\n"
                 "x      37,035    2.9M              0%\n"));
    free(text);
    report_clear(&report);
}

/* Columns of each line, counted by hand: East Asian characters are two wide. */
static size_t widest_line(const char *text) {
    size_t widest = 0, width = 0;
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '\n')
            width = 0;
        else if ((byte & 0xc0) != 0x80)
            width += byte >= 0xe3 ? 2 : 1;
        widest = width > widest ? width : widest;
    }
    return widest;
}

Test(text, long_and_wide_names_are_cut_in_the_middle) {
    struct rows rows = {.count = 4, .names = long_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "t/1"};
    report_table(&report, &table);
    char *text = written(&report, "text", (struct format_options){.width = 60});
    cr_assert(le(sz, widest_line(text), 60));
    cr_assert_not_null(strstr(text, "a.very.long."));
    cr_assert_not_null(strstr(text, "ClassNameInThere "));
    cr_assert_not_null(strstr(text, "…"));
    free(text);
    report_clear(&report);
}

Test(text, many_rows_stream_in_the_widths_of_the_first) {
    struct rows rows = {.count = 2000, .names = long_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "t/1"};
    report_table(&report, &table);
    char *text = written(&report, "text", (struct format_options){.width = 80});
    size_t lines = 0;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    cr_assert(eq(sz, lines, 2001));
    cr_assert(le(sz, widest_line(text), 82), "counts grow by two digits behind the first rows");
    free(text);
    report_clear(&report);
}

Test(text, lines_break_at_tabs_only) {
    struct report report = {.schema = "t/1"};
    report_line(&report, LINE_PLAIN, "one two\tthree four\tfive");
    report_line(&report, LINE_PLAIN, "one two\tthree");
    report_line(&report, LINE_PLAIN, "%s", "");
    char *text = written(&report, "text", (struct format_options){.width = 18});
    cr_assert(eq(str, text, "one two three four\n    five\none two three\n\n"));
    free(text);
    report_clear(&report);
}

static void fill_document(struct report *report, const struct table *table) {
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "source");
    tree_add(tree, group, "pid", value_signed(-1));
    tree_add(tree, group, "ms", value_milliseconds(1.5));
    tree_add(tree, group, "text", value_text("q\"b\\n\nt\t\x01 é \x7f \xff\xc3( \xed\xa0\x80."));
    struct node *list = tree_list(tree, &tree->root, "damage");
    tree_add(tree, tree_group(tree, list, NULL), "count", value_count(UINT64_MAX));
    tree_add(tree, tree_group(tree, list, NULL), "none", value_none());
    if (table)
        tree_table(tree, &tree->root, "rows", table);
}

Test(json, strict) {
    struct rows rows = {.count = 2, .names = plain_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "heapglass.test/1"};
    fill_document(&report, &table);
    char *text = written(&report, "json", (struct format_options){0});
    cr_assert(
        eq(str, text,
           "{\"schema\": \"heapglass.test/1\",\n"
           " \"source\": {\"pid\": -1, \"ms\": 1.500, \"text\": \"q\\\"b\\\\n\\u000at\\u0009"
           "\\u0001 é \\u007f \\ufffd\\ufffd( \\ufffd\\ufffd\\ufffd.\"},\n"
           " \"damage\": [{\"count\": 18446744073709551615}, {\"none\": null}],\n"
           " \"rows\": [\n"
           "  {\"name\": \"dict\", \"address\": \"0x7f0000000000\", \"count\": 0, \"bytes\": 0, "
           "\"flag\": false, \"list\": []},\n"
           "  {\"name\": \"a,b\", \"address\": \"0x7f0000000001\", \"count\": 12345, "
           "\"bytes\": 1000000, \"flag\": true, \"list\": [\"0x10\"]}]}\n"));
    free(text);
    report_clear(&report);
}

Test(json, lines) {
    struct rows rows = {.count = 2, .names = plain_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "heapglass.test/1", .rows = &table, .json_lines = true};
    tree_add(&report.document, &report.document.root, "n", value_count(1));
    char *text = written(&report, "json", (struct format_options){0});
    cr_assert(
        eq(str, text,
           "{\"schema\": \"heapglass.test/1\", \"n\": 1}\n"
           "{\"name\": \"dict\", \"address\": \"0x7f0000000000\", \"count\": 0, \"bytes\": 0, "
           "\"flag\": false, \"list\": []}\n"
           "{\"name\": \"a,b\", \"address\": \"0x7f0000000001\", \"count\": 12345, "
           "\"bytes\": 1000000, \"flag\": true, \"list\": [\"0x10\"]}\n"));
    free(text);
    report_clear(&report);
}

Test(csv, quoted_where_needed) {
    struct rows rows = {.count = 3, .names = plain_names};
    const struct table table = TABLE(&rows);
    struct report report = {.schema = "t/1", .rows = &table};
    char *text = written(&report, "csv", (struct format_options){0});
    cr_assert(eq(str, text,
                 "name,address,count,bytes,flag,list\n"
                 "dict,0x7f0000000000,0,0,false,\n"
                 "\"a,b\",0x7f0000000001,12345,1000000,true,0x10\n"
                 "\"sh\"\"op\",0x7f0000000002,24690,2000000,false,0x10 0x20\n"));
    free(text);
    report_clear(&report);
}

Test(csv, needs_a_table) {
    static struct output output;
    struct report report = {.schema = "t/1"};
    struct err *err =
        report_write(&report, format_find("csv"), &(struct format_options){0}, &output);
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_USAGE));
    err_free(err);
}
