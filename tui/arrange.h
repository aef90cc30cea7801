/* The order of a page's rows: which of them match a filter, sorted by a column. For any thread but the screen's;
 * millions of rows. */
#ifndef HEAPGLASS_TUI_ARRANGE_H
#define HEAPGLASS_TUI_ARRANGE_H

#include "tui/view.h"

/* Rows by number, of a page as it was opened. */
struct row_range {
    const struct page *page;
    const struct view_context *context;
    const void *model;
    const struct row *rows; /* NULL: the root rows */
    uint32_t count;
};

struct row row_at(const struct row_range *range, uint32_t index);

struct arrange_options {
    size_t sort; /* a column, or PAGE_UNSORTED */
    bool descending;
    const char *filter; /* "": all match */
};

/* *order is NULL if it is that of the range, all of it; else the indices that are shown, *count of them; owned. */
struct err *arrange(const struct row_range *range, const struct arrange_options *options,
                    struct work *work, uint32_t **order, uint32_t *count) ERR_CHECK;

/* Looks for rows that show a text in one of the columns that are searched, in whatever case: for one thread. */
struct row_matcher {
    const struct row_range *range; /* borrowed, as the text */
    const char *text;
    unsigned columns;
    struct arena texts;
    struct strbuf shown;
};

void row_matcher_open(struct row_matcher *matcher, const struct row_range *range, const char *text);
bool row_matches(struct row_matcher *matcher, struct row row);
void row_matcher_close(struct row_matcher *matcher);

#endif
