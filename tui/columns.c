#include "tui/columns.h"

#include "report/cell.h"
#include "report/width.h"

#include <string.h>

enum {
    GAP = 1, /* between columns */
    LEAST_SHRUNK = 16,
    LEAST_FIRST = 20, /* of the column that says what a row is */
    LEAST_TREE = 34,  /* of that where rows hang under others */
    SHARE_COLUMNS = 11,
    INDENT = 2,
    MOST_INDENT = 24,
};

unsigned columns_mark_width(const struct table_layout *layout, unsigned depth) {
    unsigned indent = INDENT * depth;
    return layout->tree ? 2 + (indent < MOST_INDENT ? indent : MOST_INDENT) : 0;
}

/* What the rows of the window need. */
static void widen(struct place *place, const struct table_layout *layout) {
    struct outline *outline = place->outline;
    uint64_t top = outline_top(outline), count = outline_count(outline);
    struct strbuf text = {0};
    if (place->laid_out != outline_opened(outline)) {
        memset(place->widths, 0, sizeof place->widths);
        place->largest_share = 0;
        place->laid_out = outline_opened(outline);
    }
    for (uint64_t i = top; i < count && i < top + terminal_rows(); i++) {
        struct outline_row row = outline_row(outline, i);
        bool first = true;
        for (size_t column = 0; row.is_known && column < layout->count; column++) {
            if (layout->columns[column].flags & COLUMN_DATA)
                continue;
            const struct value *value = &row.values[column];
            strbuf_clear(&text);
            cell_text(&text, value);
            size_t width =
                value->kind == VALUE_SHARE ? SHARE_COLUMNS : width_of(strbuf_text(&text));
            width += first ? columns_mark_width(layout, row.depth) : 0;
            first = false;
            if (width > place->widths[column])
                place->widths[column] = width;
            if (value->kind == VALUE_SHARE && value->real > place->largest_share)
                place->largest_share = value->real;
        }
    }
    strbuf_free(&text);
}

static bool shrinks(const struct column *column) {
    return column->flags & (COLUMN_SHRINKS | COLUMN_TAIL);
}

/* As narrow as it may become. */
static unsigned least_width(const struct table_layout *layout, size_t shown) {
    const struct column_place *place = &layout->shown[shown];
    unsigned least = shown ? LEAST_SHRUNK : layout->least_first;
    return shrinks(&layout->columns[place->column]) && place->width > least ? least : place->width;
}

static unsigned total_width(const struct table_layout *layout, bool shrunk) {
    unsigned total = 0;
    for (size_t i = 0; i < layout->shown_count; i++) {
        unsigned width = shrunk ? least_width(layout, i) : layout->shown[i].width;
        total += width + GAP * (i > 0);
    }
    return total;
}

/* Columns at the right go where there is no room; not the first one, nor that which rows are sorted by. */
static void drop_columns(struct table_layout *layout, unsigned room) {
    while (layout->shown_count > 1 && total_width(layout, true) > room) {
        size_t last = layout->shown_count - 1;
        if (layout->shown[last].column == layout->sort)
            last--;
        if (!last)
            return; /* the two that tell the most */
        memmove(&layout->shown[last], &layout->shown[last + 1],
                (--layout->shown_count - last) * sizeof *layout->shown);
    }
}

static void shrink_columns(struct table_layout *layout, unsigned room) {
    unsigned total;
    while ((total = total_width(layout, false)) > room) {
        struct column_place *widest = NULL;
        for (size_t i = 0; i < layout->shown_count; i++) {
            struct column_place *place = &layout->shown[i];
            if (place->width > least_width(layout, i) && (!widest || place->width >= widest->width))
                widest = place;
        }
        if (!widest) { /* too narrow for all: the first one takes what the others leave */
            unsigned others = total - layout->shown[0].width;
            layout->shown[0].width = room > others ? room - others : 1;
            return;
        }
        widest->width--;
    }
}

void columns_lay_out(struct place *place, struct table_layout *layout) {
    struct outline *outline = place->outline;
    const struct page *page = outline_page(outline);
    size_t sort;
    *layout = (struct table_layout){.sort = outline_sort(outline), .tree = page->expands != NULL};
    layout->least_first = page->least_first ? page->least_first
                          : layout->tree    ? LEAST_TREE
                                            : LEAST_FIRST;
    layout->columns = page->columns(outline_context(outline), &layout->count, &sort);
    widen(place, layout);
    for (size_t i = 0; i < layout->count; i++) {
        const struct column *column = &layout->columns[i];
        if (column->flags & COLUMN_DATA)
            continue;
        size_t title = width_of(column->title) + (i == layout->sort);
        size_t width = place->widths[i] > title ? place->widths[i] : title;
        if (page->lines)
            width = terminal_columns();
        layout->shown[layout->shown_count++] = (struct column_place){i, 0, (unsigned)width};
    }
    drop_columns(layout, terminal_columns());
    shrink_columns(layout, terminal_columns());
    unsigned start = 0;
    for (size_t i = 0; i < layout->shown_count; i++) {
        layout->shown[i].start = start;
        start += layout->shown[i].width + GAP;
    }
}
