/* Pictures of numbers over time, as text. */
#ifndef HEAPGLASS_REPORT_PLOT_H
#define HEAPGLASS_REPORT_PLOT_H

#include "base/strbuf.h"

/* Adds the values as a line of bars, from the lowest to the highest: "▁▂▄█", or "_.-#" without
 * Unicode. At most `columns` wide; of more values the last of each column's is shown. */
void plot_spark(struct strbuf *out, const double *values, size_t count, size_t columns,
                bool unicode);

enum { PLOT_MAX_LINES = 4, PLOT_MAX_WIDTH = 200, PLOT_MAX_HEIGHT = 60 };

struct plot_line {
    const char *name; /* written at its end */
    const double *values;
};

/* Amounts of memory over time, as lines between points. */
struct plot {
    const double *seconds; /* they grow */
    size_t count;
    const struct plot_line *lines;
    size_t line_count;
    unsigned width, height; /* in columns and rows, with the axes */
    bool unicode;
};

/* Adds `height` lines, none wider than `width`. Nothing for fewer than two points or no room. */
void plot_draw(struct strbuf *out, const struct plot *plot);

#endif
