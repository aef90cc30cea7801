#include "report/plot.h"
#include "report/width.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static void expect_spark(const double *values, size_t count, size_t columns, bool unicode,
                         const char *expected) {
    struct strbuf out = {0};
    plot_spark(&out, values, count, columns, unicode);
    cr_expect(eq(str, (char *)strbuf_text(&out), (char *)expected));
    strbuf_free(&out);
}

Test(plot, sparks) {
    static const double rising[] = {0, 1, 2, 3, 4, 5, 6, 7}, same[] = {5, 5, 5};
    expect_spark(rising, 8, 12, true, "▁▂▃▄▅▆▇█");
    expect_spark(rising, 8, 12, false, "_.-~=+*#");
    expect_spark(rising, 8, 4, false, ".~+#");
    expect_spark(same, 3, 12, false, "___");
    expect_spark(same, 0, 12, false, "");
}

static const double seconds[] = {0, 60, 120, 180},
                    rss[] = {100 << 20, 200 << 20, 300 << 20, 400 << 20},
                    footprint[] = {50 << 20, 60 << 20, 60 << 20, 70 << 20};
static const struct plot_line lines[] = {{"RSS", rss}, {"footprint", footprint}};

Test(plot, ascii) {
    const struct plot plot = {seconds, 4, lines, 2, 50, 12, false};
    struct strbuf out = {0};
    plot_draw(&out, &plot);
    cr_expect(eq(str, (char *)strbuf_text(&out),
                 " 400.0M+                             * RSS *\n"
                 "       |                        *****\n"
                 "       |                   *****\n"
                 "       |                ***\n"
                 " 222.2M+             ***\n"
                 "       |          ***\n"
                 "       |     *****\n"
                 "       |*****                        o footprint o\n"
                 "  44.4M+ooooooooooooooooooooooooooooo\n"
                 "      0+\n"
                 "       +------------------------------\n"
                 "        0.0 s        1:30         3:00\n"));
    strbuf_free(&out);
}

/* Whatever the numbers are, it stays in its frame. */
Test(plot, frame) {
    static const double odd[][4] = {{0, 0, 0, 0}, {1e19, 0, 1e19, 5}, {1e12, 1e12 + 1, 1e12, 1e12}};
    static const double times[][4] = {{0, 0, 0, 0}, {0, 1, 1, 1e9}, {0, 1e-3, 2e-3, 3e-3}};
    for (int unicode = 0; unicode <= 1; unicode++) {
        for (size_t i = 0; i < 9; i++) {
            const struct plot_line two[] = {{"RSS", odd[i / 3]}, {"footprint", odd[i / 3]}};
            const struct plot plot = {times[i % 3], 4, two, 2, 80, 16, unicode};
            struct strbuf out = {0};
            plot_draw(&out, &plot);
            size_t count = 0;
            for (char *rest = out.text, *line; (line = strsep(&rest, "\n")) && rest; count++)
                cr_expect(width_of(line) <= 80, "%zu: %s", i, line);
            cr_expect(eq(sz, count, 16));
            strbuf_free(&out);
        }
    }
}

/* As low as it is on a screen of 24 rows. */
Test(plot, low) {
    struct strbuf out = {0};
    size_t count = 0;
    plot_draw(&out, &(struct plot){seconds, 4, lines, 2, 80, 7, true});
    for (const char *at = strbuf_text(&out); (at = strchr(at, '\n')); at++)
        count++;
    cr_expect(eq(sz, count, 7));
    strbuf_free(&out);
}

Test(plot, nothing_to_draw) {
    struct strbuf out = {0};
    plot_draw(&out, &(struct plot){seconds, 1, lines, 2, 80, 16, true});
    plot_draw(&out, &(struct plot){seconds, 4, lines, 0, 80, 16, true});
    plot_draw(&out, &(struct plot){seconds, 4, lines, 2, 20, 16, true});
    plot_draw(&out, &(struct plot){seconds, 4, lines, 2, 80, 5, true});
    plot_draw(&out, &(struct plot){seconds, 4, lines, 2, 8000, 16, true});
    cr_expect(eq(sz, out.length, 0));
    strbuf_free(&out);
}
