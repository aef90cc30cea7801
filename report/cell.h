/* One cell of a table, as people see it. */
#ifndef HEAPGLASS_REPORT_CELL_H
#define HEAPGLASS_REPORT_CELL_H

#include "base/strbuf.h"
#include "table/value.h"

/* Adds the value in human units; nothing for VALUE_NONE. A share is in percent, without its bar. */
void cell_text(struct strbuf *out, const struct value *value);

/* Numbers stand at the right, texts and addresses at the left. */
bool cell_is_right_aligned(enum value_kind kind);

/* Adds a bar and the blanks behind it, exactly `columns` wide. `scale` is the share that it stands for over the
 * largest one, which has the whole length; what is not within 0 .. 1 is taken for the nearer end. */
void cell_bar(struct strbuf *out, double scale, unsigned columns, bool unicode);

#endif
