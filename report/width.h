/* How many columns of a terminal UTF-8 text takes, and cutting it to fit. Independent of the
 * locale: the people who are paged sit in containers that have none. */
#ifndef HEAPGLASS_REPORT_WIDTH_H
#define HEAPGLASS_REPORT_WIDTH_H

#include "base/strbuf.h"

size_t width_of(const char *text);

/* Adds the text cut to at most `columns` columns; an ellipsis stands for what was cut out, in the
 * middle or at the end. Returns the columns that were taken. */
size_t width_add_fitting(struct strbuf *out, const char *text, size_t columns, bool middle);

#endif
