/* An outline: the rows of a page as they are on the screen, with what is selected, expanded, sorted, filtered.
 * It belongs to the screen's thread; what takes time is done by the worker, and by the reader what the rows in
 * the window need. */
#ifndef HEAPGLASS_TUI_OUTLINE_H
#define HEAPGLASS_TUI_OUTLINE_H

#include "tui/view.h"

struct outline;

/* Who does the work, and what happens then. Borrowed, for as long as the outline and its jobs. */
struct outline_host {
    struct worker *worker, *reader;
    void *context;
    void (*changed)(void *context);                          /* something is to be drawn anew */
    void (*said)(void *context, const char *message);        /* for the message line */
    void (*failed)(void *context, struct err *err);          /* takes the error */
    void (*release)(void *context, struct refresh *refresh); /* gives a reference back */
};

struct err *outline_create(const struct outline_host *host, struct outline **ret) ERR_CHECK;
void outline_destroy(
    struct outline *outline); /* NULL is fine; jobs that run on end by themselves */

/* Opens a page, on the worker. Of what the context holds the outline takes references. What is shown
 * stays until the new rows are there; then it is as it was before, as far as possible: the same row is
 * selected and, if it is the same page, sorting and filter stay. */
struct err *outline_open(struct outline *outline, const struct page *page,
                         const struct view_context *context) ERR_CHECK;
/* Gives back what is open, but for what it needs to be as it was when the page is opened again. */
void outline_forget(struct outline *outline);
bool outline_is_forgotten(const struct outline *outline);
/* Whether rows are on their way. */
bool outline_is_opening(const struct outline *outline);
/* Whether something is shown; what; the page's heading, "" without. */
bool outline_is_open(const struct outline *outline);
const struct view_context *
outline_context(const struct outline *outline); /* NULL if it is not open */
const struct page *outline_page(const struct outline *outline);
const char *outline_heading(const struct outline *outline);

/* ---- moving ------------------------------------------------------------------------------------- */

uint64_t outline_count(const struct outline *outline); /* rows, with those that are expanded */
uint64_t outline_roots(const struct outline *outline); /* that the filter shows */
uint64_t outline_selected(const struct outline *outline);
void outline_select(struct outline *outline, uint64_t index); /* the last one if there are fewer */
void outline_move(struct outline *outline, int64_t rows);
void outline_scroll(struct outline *outline,
                    int64_t rows); /* the window, with the selection in it */
uint64_t outline_top(const struct outline *outline);
void outline_set_window(struct outline *outline, unsigned rows);

/* Expands the selected row, or collapses it, or goes to the row that it hangs under. False if it has nothing
 * to expand or collapse. */
bool outline_expand(struct outline *outline);
bool outline_collapse(struct outline *outline);
bool outline_toggle(struct outline *outline);

/* ---- order -------------------------------------------------------------------------------------- */

size_t outline_sort(const struct outline *outline); /* a column, or PAGE_UNSORTED */
bool outline_descending(const struct outline *outline);
/* Sorts by a column, numbers by their largest first; the same column again: the other way round. */
void outline_sort_by(struct outline *outline, size_t column);
/* The next column to the right (1) or left (-1) of the screen's. */
void outline_sort_next(struct outline *outline, int step);
void outline_invert(struct outline *outline);
const char *outline_filter(const struct outline *outline); /* "": none */
void outline_set_filter(struct outline *outline, const char *text);
/* Selects the next row (1) or the last one before (-1) that shows a text. */
void outline_search(struct outline *outline, const char *text, int step);

/* ---- what is on the screen ----------------------------------------------------------------------- */

struct outline_row {
    struct row row;
    unsigned depth;
    bool expands, expanded, loading;
    bool is_selected;
    bool is_known; /* the cells below are there yet */
    enum row_style style;
    const struct value *values;  /* of all columns */
    const struct subject *about; /* kind SUBJECT_NONE: nothing */
};

/* A row, by its index among all. Borrowed until the outline is next used otherwise. */
struct outline_row outline_row(struct outline *outline, uint64_t index);
/* Asks for what the window shows and is not known. True if all of it is known. */
bool outline_want_window(struct outline *outline);
/* What the selected row is about; false if it is about nothing, or not known yet. */
bool outline_about(struct outline *outline, struct subject *ret);

/* ---- all rows, for export ------------------------------------------------------------------------ */

/* A page as it was opened, which jobs share. References are counted on the screen's thread. */
struct opened {
    const struct page *page;
    struct view_context context;
    struct opened_page data;
    struct outline_host host;
    unsigned references;
};

enum { OUTLINE_FILTER = 128 };

/* Which root rows are shown, in which order; never changes. */
struct order {
    uint32_t *items; /* NULL: all, in the page's own order */
    uint32_t count;
    size_t sort;
    bool descending;
    char filter[OUTLINE_FILTER];
    unsigned references;
};

/* Borrowed; NULL if it is not open. */
struct opened *outline_opened(struct outline *outline);
struct order *outline_order(struct outline *outline);
struct opened *opened_share(struct opened *opened);
void opened_drop(struct opened *opened); /* NULL is fine */
struct order *order_share(struct order *order);
void order_drop(struct order *order); /* NULL is fine */

/* A root row by its place in an order. Any thread. */
static inline struct row ordered_row(const struct opened *opened, const struct order *order,
                                     uint32_t position) {
    uint32_t index = order->items ? order->items[position] : position;
    return opened->page->root(&opened->context, opened->data.model, index);
}

#endif
