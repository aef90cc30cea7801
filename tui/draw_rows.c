/* The outline: its heading, its titles, and the rows of the window. */
#include "tui/draw_rows.h"
#include "tui/columns.h"

#include "report/cell.h"
#include "report/units.h"
#include "report/width.h"

#include <string.h>

enum { MOST_HEADING = 5 };

/* Where a line can be broken before a place; 0 if nowhere. */
static size_t last_blank(const char *text, size_t before) {
    while (before && text[--before] != ' ') {
    }
    return before;
}

/* The heading's rows, broken at blanks where they are too long: draws them, or only counts. */
static unsigned heading(const struct outline *outline, unsigned most, bool draw) {
    const char *at = outline_heading(outline);
    unsigned rows = 0, columns = terminal_columns();
    struct strbuf line = {0};
    while (*at && rows < most) {
        size_t length = strcspn(at, "\n");
        do {
            strbuf_clear(&line);
            strbuf_add(&line, at, length);
        } while (rows + 1 < most && width_of(strbuf_text(&line)) > columns &&
                 (length = last_blank(at, length)));
        length = line.length;
        if (draw)
            terminal_text(ROWS_ABOVE + rows, 0, columns, PAINT_PLAIN, strbuf_text(&line));
        at += length + (at[length] != '\0');
        rows++;
    }
    strbuf_free(&line);
    return rows;
}

static unsigned heading_room(void) {
    return terminal_rows() >= 16 ? MOST_HEADING : 0;
}

static unsigned title_row(const struct outline *outline) {
    return ROWS_ABOVE + heading(outline, heading_room(), false);
}

unsigned draw_body_row(const struct outline *outline) {
    bool titles = outline_is_open(outline) && !outline_page(outline)->lines;
    return title_row(outline) + titles;
}

unsigned app_body_rows(const struct app *app) {
    const struct place *here = &app->places.items[app->places.count - 1];
    unsigned around = draw_body_row(here->outline) + ROWS_BELOW;
    return terminal_rows() > around ? terminal_rows() - around : 1;
}

static void draw_titles(const struct outline *outline, const struct table_layout *layout) {
    unsigned row = title_row(outline);
    bool unicode = terminal_shows_unicode();
    for (size_t i = 0; i < layout->shown_count; i++) {
        const struct column_place *place = &layout->shown[i];
        const struct column *column = &layout->columns[place->column];
        bool sorted = place->column == layout->sort;
        struct strbuf title = {0};
        strbuf_puts(&title, column->title);
        if (sorted)
            strbuf_puts(&title, outline_descending(outline) ? (unicode ? "▼" : "v")
                                                            : (unicode ? "▲" : "^"));
        unsigned width = (unsigned)width_of(strbuf_text(&title));
        bool right = cell_is_right_aligned(column->kind) && column->kind != VALUE_SHARE;
        unsigned start =
            right && width < place->width ? place->start + place->width - width : place->start;
        terminal_text(row, start, place->width - (start - place->start),
                      sorted ? PAINT_SORTED : PAINT_TITLE, strbuf_text(&title));
        strbuf_free(&title);
    }
}

static enum paint row_paint(enum row_style style) {
    switch (style) {
    case ROW_STRONG:
        return PAINT_STRONG;
    case ROW_FAINT:
        return PAINT_FAINT;
    case ROW_WARNING:
        return PAINT_WARNING;
    default:
        return PAINT_PLAIN;
    }
}

static enum paint cell_paint(const struct value *value, enum paint paint) {
    bool change = value->kind == VALUE_CHANGE || value->kind == VALUE_CHANGE_BYTES;
    if (change && value->integer)
        return value->integer > 0 ? PAINT_GROWTH : PAINT_SHRINKING;
    return paint;
}

static void draw_share(unsigned row, const struct column_place *at, double share, double largest,
                       enum paint paint) {
    struct strbuf bar = {0};
    char percent[UNITS_SIZE];
    unsigned columns = at->width > 5 ? at->width - 5 : 0;
    if (columns)
        cell_bar(&bar, largest > 0 ? share / largest : 0, columns, terminal_shows_unicode());
    terminal_text(row, at->start, columns, PAINT_BAR, strbuf_text(&bar));
    strbuf_clear(&bar);
    strbuf_printf(&bar, "%5s", units_percent(percent, share));
    terminal_text(row, at->start + columns, 5, paint, strbuf_text(&bar));
    strbuf_free(&bar);
}

static void draw_cell(unsigned row, const struct table_layout *layout,
                      const struct column_place *at, const struct value *value, unsigned indent,
                      enum paint paint) {
    const struct column *column = &layout->columns[at->column];
    struct strbuf text = {0}, fitting = {0};
    unsigned room = at->width > indent ? at->width - indent : 0;
    cell_text(&text, value);
    if (terminal_shows_unicode())
        width_add_fitting(&fitting, strbuf_text(&text), room, !(column->flags & COLUMN_TAIL));
    else
        width_add_fitting_ascii(&fitting, strbuf_text(&text), room, !(column->flags & COLUMN_TAIL));
    unsigned width = (unsigned)width_of(strbuf_text(&fitting));
    unsigned start = at->start + indent;
    if (cell_is_right_aligned(column->kind) && width < room)
        start += room - width;
    terminal_text(row, start, room, cell_paint(value, paint), strbuf_text(&fitting));
    strbuf_free(&text);
    strbuf_free(&fitting);
}

static const char *mark_of(const struct outline_row *row) {
    bool unicode = terminal_shows_unicode();
    if (row->loading)
        return unicode ? "…" : ".";
    if (!row->expands)
        return " ";
    return row->expanded ? (unicode ? "▾" : "-") : (unicode ? "▸" : "+");
}

static void draw_row(const struct place *place, const struct table_layout *layout, unsigned y,
                     const struct outline_row *row) {
    const struct column_place *first = &layout->shown[0];
    unsigned indent = columns_mark_width(layout, row->depth);
    enum paint paint = row_paint(row->style);
    if (indent && first->width >= indent)
        terminal_text(y, first->start + indent - 2, 1, PAINT_FAINT, mark_of(row));
    if (row->row.kind == ROW_MORE)
        terminal_text(y, first->start + indent, terminal_columns(), PAINT_FAINT,
                      row->loading ? "…" : "more …");
    else if (!row->is_known)
        terminal_text(y, first->start + indent, 1, PAINT_FAINT, "…");
    for (size_t i = 0; row->is_known && i < layout->shown_count; i++) {
        const struct column_place *at = &layout->shown[i];
        const struct value *value = &row->values[at->column];
        if (value->kind == VALUE_SHARE)
            draw_share(y, at, value->real, place->largest_share, paint);
        else
            draw_cell(y, layout, at, value, i ? 0 : indent, paint);
    }
    if (row->is_selected)
        terminal_repaint(y, 0, terminal_columns(), PAINT_SELECTED);
}

void draw_rows(struct app *app) {
    struct place *place = app_here(app);
    struct outline *outline = place->outline;
    uint64_t top = outline_top(outline), count = outline_count(outline);
    unsigned row = draw_body_row(outline), rows = app_body_rows(app);
    struct table_layout layout;
    heading(outline, heading_room(), true);
    columns_lay_out(place, &layout);
    if (!outline_page(outline)->lines)
        draw_titles(outline, &layout);
    if (!count)
        terminal_text(row, 0, terminal_columns(), PAINT_FAINT,
                      *outline_filter(outline) ? "(no row has that; Esc shows all)" : "(none)");
    for (unsigned i = 0; i < rows && top + i < count; i++) {
        struct outline_row shown = outline_row(outline, top + i);
        draw_row(place, &layout, row + i, &shown);
    }
}
