/* How the columns of an outline lie on the screen: which there is room for, and how wide they are. */
#ifndef HEAPGLASS_TUI_COLUMNS_H
#define HEAPGLASS_TUI_COLUMNS_H

#include "tui/app.h"

struct column_place {
    size_t column;
    unsigned start, width;
};

struct table_layout {
    const struct column *columns;
    size_t count, sort;
    struct column_place shown[TABLE_MAX_COLUMNS];
    size_t shown_count;
    unsigned least_first;
    bool tree; /* rows expand: the first column has marks and indents */
};

/* Lays them out for the rows in the window. The outline must be open. */
void columns_lay_out(struct place *place, struct table_layout *layout);

/* What stands before the text of a row's first column: indent and mark. */
unsigned columns_mark_width(const struct table_layout *layout, unsigned depth);

#endif
