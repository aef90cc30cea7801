#include "report/plot.h"

/* ---- one line -------------------------------------------------------------------------------- */

static void find_range(const double *values, size_t count, double *lowest, double *highest) {
    for (size_t i = 0; i < count; i++) {
        *lowest = values[i] < *lowest ? values[i] : *lowest;
        *highest = values[i] > *highest ? values[i] : *highest;
    }
}

void plot_spark(struct strbuf *out, const double *values, size_t count, size_t columns,
                bool unicode) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
    enum { LEVELS = 8 };
    if (!count)
        return;
    double lowest = values[0], highest = values[0];
    find_range(values, count, &lowest, &highest);
    columns = columns < count ? columns : count;
    for (size_t i = 0; i < columns; i++) {
        double value = values[(i + 1) * count / columns - 1];
        double share = highest > lowest ? (value - lowest) / (highest - lowest) : 0;
        size_t level = (size_t)(share * (LEVELS - 1) + 0.5);
        strbuf_puts(out, unicode ? blocks[level] : ascii[level]);
    }
}
