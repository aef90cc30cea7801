/* What the files that draw the screen share. */
#ifndef HEAPGLASS_TUI_DRAW_ROWS_H
#define HEAPGLASS_TUI_DRAW_ROWS_H

#include "tui/app.h"

enum {
    ROWS_ABOVE = 3, /* status, tabs, place; the heading follows, and the titles */
    ROWS_BELOW = 2, /* message, hints */
};

/* The outline, which must be open. */
void draw_rows(struct app *app);
/* The screen's row that its first row is in. */
unsigned draw_body_row(const struct outline *outline);

#endif
