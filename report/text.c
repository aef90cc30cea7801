/* Text for people: aligned, human units, nothing wider than the screen. */
#include "base/cleanup.h"
#include "base/vec.h"
#include "report/cell.h"
#include "report/report.h"
#include "report/units.h"
#include "report/width.h"

#include <string.h>

enum {
    LOOKAHEAD = 512, /* rows that decide the widths; later ones are fitted into them */
    COLUMN_GAP = 2,
    BAR_COLUMNS = 9,
    LEAST_SHRUNK = 12, /* columns left of a cut text */
};

static const char *const style_codes[] = {
    [LINE_PLAIN] = "",
    [LINE_STRONG] = "\033[1m",
    [LINE_FAINT] = "\033[2m",
    [LINE_WARNING] = "\033[33m",
};

struct text_table {
    const struct table *table;
    const struct format_options *options;
    size_t shown[TABLE_MAX_COLUMNS]; /* indices of the columns that are on the screen */
    size_t shown_count;
    size_t widths[TABLE_MAX_COLUMNS];
    double largest_share;
    struct arena arena;
    struct vec(const char *) texts; /* shown_count for each row that was read ahead */
    bool failed;
};

static void cleanup_text_table(struct text_table *text) {
    arena_clear(&text->arena);
    vec_free(&text->texts);
}

/* The share of a whole as a bar whose full length stands for the largest, then in percent. */
static void add_share(struct strbuf *out, const struct text_table *text, double share) {
    char percent[UNITS_SIZE];
    double scale = text->largest_share > 0 ? share / text->largest_share : 0;
    cell_bar(out, scale, BAR_COLUMNS, true);
    strbuf_printf(out, "%5s", units_percent(percent, share));
}

static void add_value(struct strbuf *out, const struct text_table *text,
                      const struct value *value) {
    if (value->kind == VALUE_SHARE && text->options->bars)
        add_share(out, text, value->real);
    else
        cell_text(out, value);
}

static bool right_aligned(const struct text_table *text, size_t shown) {
    enum value_kind kind = text->table->columns[text->shown[shown]].kind;
    return cell_is_right_aligned(kind) && !(kind == VALUE_SHARE && text->options->bars);
}

static void write_cell(const struct text_table *text, struct strbuf *line, size_t shown,
                       const char *cell) {
    size_t width = text->widths[shown];
    unsigned flags = text->table->columns[text->shown[shown]].flags;
    bool shrinks = flags & (COLUMN_SHRINKS | COLUMN_TAIL);
    size_t columns = width_of(cell);
    size_t padding = columns < width ? width - columns : 0;
    if (shown)
        strbuf_blanks(line, COLUMN_GAP);
    if (right_aligned(text, shown)) {
        strbuf_blanks(line, padding);
        strbuf_puts(line, cell);
    } else if (shrinks && columns > width) {
        width_add_fitting(line, cell, width, !(flags & COLUMN_TAIL));
    } else {
        strbuf_puts(line, cell);
        strbuf_blanks(line, padding);
    }
}

static void write_row(const struct text_table *text, struct output *output, struct strbuf *line,
                      const char *const *cells, enum line_style style) {
    strbuf_clear(line);
    for (size_t i = 0; i < text->shown_count; i++)
        write_cell(text, line, i, cells[i]);
    size_t length = line->length;
    while (length && line->text[length - 1] == ' ')
        length--;
    bool colored = text->options->color && *style_codes[style];
    if (colored)
        output_puts(output, style_codes[style]);
    output_write(output, strbuf_text(line), length);
    output_puts(output, colored ? "\033[0m\n" : "\n");
}

/* Turns one row into texts, each in its own buffer of `cells`. */
static void row_texts(const struct text_table *text, const struct value *values,
                      struct strbuf *cells) {
    for (size_t i = 0; i < text->shown_count; i++) {
        strbuf_clear(&cells[i]);
        add_value(&cells[i], text, &values[text->shown[i]]);
    }
}

/* Makes the widest columns that may shrink narrower until the row fits. */
static void fit_widths(struct text_table *text) {
    size_t total = text->shown_count ? COLUMN_GAP * (text->shown_count - 1) : 0;
    for (size_t i = 0; i < text->shown_count; i++)
        total += text->widths[i];
    while (total > text->options->width) {
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < text->shown_count; i++) {
            unsigned flags = text->table->columns[text->shown[i]].flags;
            if ((flags & (COLUMN_SHRINKS | COLUMN_TAIL)) && text->widths[i] > LEAST_SHRUNK &&
                (widest == SIZE_MAX || text->widths[i] >= text->widths[widest]))
                widest = i;
        }
        if (widest == SIZE_MAX)
            return;
        text->widths[widest]--;
        total--;
    }
}

/* Reads the first rows, to know how wide the columns are. Shares are scaled to the largest among
 * them, so values are kept until that is known. True if the table goes on behind them. */
static bool read_ahead(struct text_table *text, struct strbuf *cells) {
    struct vec(struct value) values = {0};
    struct value row[TABLE_MAX_COLUMNS];
    size_t rows = 0;
    bool more = false;
    while (!text->failed && rows < LOOKAHEAD &&
           (more = text->table->next(text->table->context, row))) {
        for (size_t i = 0; i < text->shown_count; i++) {
            struct value *value = &row[text->shown[i]];
            if (value->kind == VALUE_SHARE && value->real > text->largest_share)
                text->largest_share = value->real;
            if (value->kind == VALUE_TEXT)
                value->text = arena_strdup(&text->arena, value->text);
            else if (value->kind == VALUE_ADDRESSES)
                value->addresses.count = 0; /* not for screens: may be millions */
            if ((value->kind == VALUE_TEXT && !value->text) || !vec_push(&values, *value))
                text->failed = true;
        }
        rows++;
    }
    for (size_t at = 0; !text->failed && at < values.count; at++) {
        struct strbuf *cell = &cells[at % text->shown_count];
        strbuf_clear(cell);
        add_value(cell, text, &values.items[at]);
        const char *copy = arena_strdup(&text->arena, strbuf_text(cell));
        if (!copy || !vec_push(&text->texts, copy)) {
            text->failed = true;
            break;
        }
        size_t width = width_of(copy), *widest = &text->widths[at % text->shown_count];
        *widest = width > *widest ? width : *widest;
    }
    vec_free(&values);
    return more;
}

static void write_table_rows(struct text_table *text, struct output *output, struct strbuf *cells) {
    _cleanup_(strbuf_free) struct strbuf line = {0};
    const char *texts[TABLE_MAX_COLUMNS];
    bool more = read_ahead(text, cells);
    fit_widths(text);
    for (size_t i = 0; i < text->shown_count; i++)
        texts[i] = text->table->columns[text->shown[i]].title;
    write_row(text, output, &line, texts, LINE_STRONG);
    if (!text->texts.count && !text->failed)
        output_puts(output, "(none)\n");
    for (size_t at = 0; at < text->texts.count && !output_stopped(output); at += text->shown_count)
        write_row(text, output, &line, &text->texts.items[at], LINE_PLAIN);
    struct value values[TABLE_MAX_COLUMNS];
    while (more && !text->failed && !output_stopped(output) &&
           text->table->next(text->table->context, values)) {
        row_texts(text, values, cells);
        for (size_t i = 0; i < text->shown_count; i++) {
            texts[i] = strbuf_text(&cells[i]);
            text->failed |= cells[i].failed;
        }
        write_row(text, output, &line, texts, LINE_PLAIN);
    }
    text->failed |= line.failed;
}

static struct err *write_table(const struct table *table, const struct format_options *options,
                               struct output *output) {
    _cleanup_(cleanup_text_table) struct text_table text = {.table = table, .options = options};
    struct strbuf cells[TABLE_MAX_COLUMNS] = {{0}};
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].flags & COLUMN_DATA)
            continue;
        text.widths[text.shown_count] = width_of(table->columns[i].title);
        text.shown[text.shown_count++] = i;
    }
    if (text.shown_count)
        write_table_rows(&text, output, cells);
    for (size_t i = 0; i < text.shown_count; i++)
        strbuf_free(&cells[i]);
    return text.failed ? err_no_memory() : NULL;
}

/* Writes a line, broken at tabs where it would be too long. */
static struct err *write_line(const char *text, enum line_style style,
                              const struct format_options *options, struct output *output) {
    _cleanup_(strbuf_free) struct strbuf broken = {0};
    bool colored = options->color && *style_codes[style];
    width_add_broken(&broken, text, options->width);
    if (colored)
        output_puts(output, style_codes[style]);
    output_write(output, strbuf_text(&broken), broken.length);
    output_puts(output, colored ? "\033[0m\n" : "\n");
    return broken.failed ? err_no_memory() : NULL;
}

static struct err *text_write(const struct report *report, const struct format_options *options,
                              struct output *output) {
    for (const struct screen_part *part = report->screen; part; part = part->next) {
        if (part->text)
            TRY(write_line(part->text, part->style, options, output));
        else
            TRY(write_table(part->table, options, output));
    }
    return NULL;
}

extern const struct format format_text;
const struct format format_text = {
    .name = "text",
    .summary = "for people",
    .write = text_write,
};
