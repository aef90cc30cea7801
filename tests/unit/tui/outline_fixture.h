/* An outline with workers of its own over refreshes that are empty, and a loop as the screen has one. A file of tests
 * says TestSuite(NAME, .init = outline_setup, .fini = outline_teardown). */
#ifndef HEAPGLASS_TESTS_OUTLINE_FIXTURE_H
#define HEAPGLASS_TESTS_OUTLINE_FIXTURE_H

#include "tests/unit/tui/fake_page.h"
#include "tui/outline.h"
#include "tui/worker.h"

#include <criterion/criterion.h>

enum { WINDOW = 20 };

extern struct refresh refresh, baseline; /* nobody looks into them */
extern struct outline_host host;
extern struct outline *outline;
extern char said[256];
extern unsigned failures;

void outline_setup(void);
void outline_teardown(void);

void must(struct err *err);
/* As the loop of the screen does, until nothing is on its way. */
void settle(void);
void open_later(const struct page *page);
void open_page(const struct page *page); /* and waits */

struct outline_row at(uint64_t index);
struct outline_row selected(void);

/* Numbers of children for fake_rows. */
uint64_t three_children(struct row row); /* down to the third level */
uint64_t many_children(struct row row);  /* 1234, on one level */

/* Keeps a worker busy until it is let go; that settles. */
void hold(struct worker *worker);
void let_go(void);

#endif
