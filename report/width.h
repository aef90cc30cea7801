/* How many columns of a terminal UTF-8 text takes, and cutting it to fit. Independent of the
 * locale: the people who are paged sit in containers that have none. */
#ifndef HEAPGLASS_REPORT_WIDTH_H
#define HEAPGLASS_REPORT_WIDTH_H

#include "base/strbuf.h"

size_t width_of(const char *text);

/* Adds the text cut to at most `columns` columns; an ellipsis stands for what was cut out, in the
 * middle or at the end. Returns the columns that were taken. */
size_t width_add_fitting(struct strbuf *out, const char *text, size_t columns, bool middle);

/* Adds a line, broken at its tabs where it would be wider than `columns`; other tabs become blanks. A \v, which
 * takes no room, marks where its further lines begin. */
void width_add_broken(struct strbuf *out, const char *text, size_t columns);

/* For a terminal without UTF-8: adds the text with stand-ins, as wide as what they stand for, for lines, blocks and
 * arrows, '?' for what else is not ASCII, and "..." for an ellipsis, which alone takes more room than before. */
void width_add_ascii(struct strbuf *out, const char *text);

/* Both: the columns are those of what is added. */
size_t width_add_fitting_ascii(struct strbuf *out, const char *text, size_t columns, bool middle);

#endif
