/* What a command has to say, independent of how it is written: a document for programs and a screen
 * for people. The formats (text, JSON, CSV, ...) are the files named in report/meson.build. */
#ifndef HEAPGLASS_REPORT_REPORT_H
#define HEAPGLASS_REPORT_REPORT_H

#include "report/output.h"
#include "table/tree.h"

enum line_style { LINE_PLAIN, LINE_STRONG, LINE_FAINT, LINE_WARNING };

struct screen_part {
    enum line_style style;
    char *text;                /* NULL: a table */
    const struct table *table; /* borrowed */
    struct screen_part *next;
};

/* Starts zeroed but for its schema; report_clear frees what it holds. */
struct report {
    const char *schema;       /* "heapglass.top/1"; NULL: a further line of a document */
    struct tree document;     /* every key but the schema, in order */
    const struct table *rows; /* the one table of CSV, and of JSON lines; may be NULL; borrowed */
    bool json_lines;          /* JSON: the document on one line, then each of `rows` on its own */
    struct screen_part *screen, *screen_end;
};

/* Adds a line to the screen. A tab stands where it may be broken if it is too long; otherwise the
 * tab becomes a space. A \v, which takes no room, marks where its further lines begin. */
void report_line(struct report *report, enum line_style style, const char *format, ...)
    ERR_PRINTF(3, 4);
/* The same, but it may be broken at every blank. */
void report_paragraph(struct report *report, enum line_style style, const char *format, ...)
    ERR_PRINTF(3, 4);
/* Adds a table to the screen. */
void report_table(struct report *report, const struct table *table);
void report_clear(struct report *report);

struct format_options {
    unsigned width; /* columns of the screen */
    bool color, bars;
};

struct format {
    const char *name;    /* also its option: --json */
    const char *summary; /* for --help */
    bool needs_rows;     /* serves only reports with `rows` */
    struct err *(*write)(const struct report *report, const struct format_options *options,
                         struct output *output)ERR_CHECK;
};

/* Every format, in the order of the list in report/meson.build; ends with NULL. */
extern const struct format *const format_registry[];

/* For formats that programs read: writes a number, share, time or flag; nothing for other kinds. */
void report_plain_value(struct output *output, const struct value *value);

/* NULL if there is none of that name. */
const struct format *format_find(const char *name);

/* Writes the report. Rows are consumed. Does not flush. */
struct err *report_write(const struct report *report, const struct format *format,
                         const struct format_options *options, struct output *output) ERR_CHECK;

#endif
