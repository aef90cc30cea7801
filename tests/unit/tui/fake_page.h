/* A page for tests whose rows are numbers, with what `fake_page_model` says in its columns, and whose children are
 * made up. */
#ifndef HEAPGLASS_TESTS_FAKE_PAGE_H
#define HEAPGLASS_TESTS_FAKE_PAGE_H

#include "tui/view.h"

enum { FAKE_NUMBER, FAKE_TEXT, FAKE_COLUMNS };

/* Set before a page is opened, and not changed while jobs run. */
struct fake_rows {
    uint32_t count;
    enum value_kind kind; /* of the first column; the second one is text */
    /* NULL: the row's number; its number as text */
    struct value (*number)(uint32_t row);
    const char *(*text)(uint32_t row);
    /* How many children: each row of kind k has children of kind k + 1, called "child"; NULL: none. */
    uint64_t (*children)(struct row row);
    bool open_first; /* rows are expanded from the start */
    uint64_t moved;  /* a row's identity is its index and this */
    bool fails;
};
extern struct fake_rows fake_rows;

extern const struct page fake_page, fake_page_without_identity, fake_groups;

#endif
