/* Pictures of numbers over time, as text. */
#ifndef HEAPGLASS_REPORT_PLOT_H
#define HEAPGLASS_REPORT_PLOT_H

#include "base/strbuf.h"

/* Adds the values as a line of bars, from the lowest to the highest: "▁▂▄█", or "_.-#" without
 * Unicode. At most `columns` wide; of more values the last of each column's is shown. */
void plot_spark(struct strbuf *out, const double *values, size_t count, size_t columns,
                bool unicode);

#endif
