#include "report/plot.h"

#include "report/units.h"
#include "report/width.h"

#include <stdbool.h>
#include <string.h>

static void find_range(const double *values, size_t count, double *lowest, double *highest) {
    for (size_t i = 0; i < count; i++) {
        *lowest = values[i] < *lowest ? values[i] : *lowest;
        *highest = values[i] > *highest ? values[i] : *highest;
    }
}

/* ---- one line -------------------------------------------------------------------------------- */

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

/* ---- axes and lines -------------------------------------------------------------------------- */

enum {
    AXIS = 8,          /* columns of an amount and the axis behind it */
    MARGIN = 1,        /* between the picture and the names at its right */
    ROWS_BELOW = 2,    /* the time axis and its numbers */
    ROWS_APART = 4,    /* from one amount at the axis to the next */
    LEAST_COLUMNS = 8, /* of a picture worth drawing */
    LEAST_ROWS = 5,
    DOTS_X = 2,
    DOTS_Y = 4, /* of a braille character */
};

/* The picture without its axes: a bit for each dot of a character, or a character without Unicode. */
struct canvas {
    const struct plot *plot;
    unsigned columns, rows;  /* of characters */
    unsigned dots_x, dots_y; /* in each */
    double lowest, highest;
    unsigned char cells[PLOT_MAX_HEIGHT][PLOT_MAX_WIDTH];
};

static const char ascii_marks[PLOT_MAX_LINES] = {'*', 'o', '+', 'x'};

static void put_dot(struct canvas *canvas, unsigned x, unsigned y, size_t line) {
    /* Bits of U+2800 on, by column and row. */
    static const unsigned char bits[DOTS_X][DOTS_Y] = {{0x01, 0x02, 0x04, 0x40},
                                                       {0x08, 0x10, 0x20, 0x80}};
    unsigned char *cell = &canvas->cells[y / canvas->dots_y][x / canvas->dots_x];
    if (canvas->plot->unicode)
        *cell |= bits[x % DOTS_X][y % DOTS_Y];
    else
        *cell = (unsigned char)ascii_marks[line];
}

static unsigned place_x(const struct canvas *canvas, size_t point) {
    const double *seconds = canvas->plot->seconds;
    double whole = seconds[canvas->plot->count - 1] - seconds[0];
    double share = whole > 0 ? (seconds[point] - seconds[0]) / whole : 0;
    return (unsigned)(share * (canvas->columns * canvas->dots_x - 1) + 0.5);
}

/* Rows are counted from the top. */
static unsigned place_y(const struct canvas *canvas, double value) {
    double share = (canvas->highest - value) / (canvas->highest - canvas->lowest);
    return (unsigned)(share * (canvas->rows * canvas->dots_y - 1) + 0.5);
}

static void draw_segment(struct canvas *canvas, size_t line, size_t point) {
    const double *values = canvas->plot->lines[line].values;
    long x = place_x(canvas, point - 1), y = place_y(canvas, values[point - 1]);
    long dx = (long)place_x(canvas, point) - x, dy = (long)place_y(canvas, values[point]) - y;
    long far = dy < 0 ? -dy : dy, steps = dx > far ? dx : far;
    for (long i = 0; i <= steps; i++)
        put_dot(canvas, (unsigned)(x + (steps ? dx * i / steps : 0)),
                (unsigned)(y + (steps ? dy * i / steps : 0)), line);
}

/* From zero, but where that would hide what changes. */
static void choose_range(struct canvas *canvas) {
    const struct plot *plot = canvas->plot;
    canvas->lowest = canvas->highest = plot->lines[0].values[0];
    for (size_t i = 0; i < plot->line_count; i++)
        find_range(plot->lines[i].values, plot->count, &canvas->lowest, &canvas->highest);
    if (canvas->lowest < canvas->highest / 2)
        canvas->lowest = 0;
    if (!(canvas->highest > canvas->lowest))
        canvas->highest = canvas->lowest + 1;
}

static bool is_taken(const unsigned *rows, size_t count, unsigned row) {
    for (size_t i = 0; i < count; i++) {
        if (rows[i] == row)
            return true;
    }
    return false;
}

/* The row at whose right end each line's name stands: that of its last value, else the next free one
 * below, else above. */
static void place_names(const struct canvas *canvas, unsigned rows[PLOT_MAX_LINES]) {
    const struct plot *plot = canvas->plot;
    for (size_t i = 0; i < plot->line_count; i++) {
        unsigned row = place_y(canvas, plot->lines[i].values[plot->count - 1]) / canvas->dots_y;
        while (is_taken(rows, i, row) && row + 1 < canvas->rows)
            row++;
        while (is_taken(rows, i, row))
            row--;
        rows[i] = row;
    }
}

static void add_name(struct strbuf *out, const struct plot *plot, size_t line) {
    strbuf_printf(out, "%*s%s", MARGIN, "", plot->lines[line].name);
    if (!plot->unicode)
        strbuf_printf(out, " %c", ascii_marks[line]);
}

static void add_row(struct strbuf *out, const struct canvas *canvas, unsigned row,
                    const unsigned names[PLOT_MAX_LINES]) {
    const struct plot *plot = canvas->plot;
    char amount[UNITS_SIZE] = "";
    double part = (double)row / (double)(canvas->rows - 1);
    size_t name = 0, blanks = 0;
    if (row % ROWS_APART == 0 || row + 1 == canvas->rows)
        units_bytes(amount,
                    (uint64_t)(canvas->highest - part * (canvas->highest - canvas->lowest)));
    strbuf_printf(out, "%*s%s", AXIS - 1, amount,
                  plot->unicode ? (*amount ? "┤" : "│") : (*amount ? "+" : "|"));
    while (name < plot->line_count && names[name] != row)
        name++;
    bool named = name < plot->line_count;
    for (unsigned column = 0; column < canvas->columns; column++) {
        unsigned char cell = canvas->cells[row][column];
        blanks += !cell;
        if (!cell && !(named && column + 1 == canvas->columns))
            continue; /* written when something follows */
        strbuf_printf(out, "%*s", (int)blanks, "");
        blanks = 0;
        if (cell && plot->unicode)
            strbuf_add_codepoint(out, 0x2800u + cell);
        else if (cell)
            strbuf_putc(out, (char)cell);
    }
    if (named)
        add_name(out, plot, name);
    strbuf_putc(out, '\n');
}

static void add_time_axis(struct strbuf *out, const struct canvas *canvas) {
    const double *seconds = canvas->plot->seconds;
    double first = seconds[0], last = seconds[canvas->plot->count - 1];
    char left[UNITS_SIZE], middle[UNITS_SIZE], right[UNITS_SIZE];
    strbuf_printf(out, "%*s%s", AXIS - 1, "", canvas->plot->unicode ? "└" : "+");
    for (unsigned i = 0; i < canvas->columns; i++)
        strbuf_puts(out, canvas->plot->unicode ? "─" : "-");
    units_elapsed(left, first);
    units_elapsed(middle, (first + last) / 2);
    units_elapsed(right, last);
    int half = (int)canvas->columns / 2, middle_length = (int)strlen(middle);
    int gap = half - (int)strlen(left) - middle_length / 2;
    int rest = (int)canvas->columns - half - (middle_length - middle_length / 2);
    strbuf_printf(out, "\n%*s%s%*s%s%*s\n", AXIS, "", left, gap > 1 ? gap : 1, "", middle,
                  rest > 1 ? rest : 1, right);
}

void plot_draw(struct strbuf *out, const struct plot *plot) {
    static const struct canvas empty;
    struct canvas canvas = empty;
    size_t widest = 0;
    for (size_t i = 0; i < plot->line_count; i++) {
        size_t width = width_of(plot->lines[i].name) + (plot->unicode ? 0 : 2);
        widest = width > widest ? width : widest;
    }
    size_t beside = AXIS + MARGIN + widest;
    if (plot->count < 2 || !plot->line_count || plot->line_count > PLOT_MAX_LINES ||
        plot->width < beside + LEAST_COLUMNS || plot->width > PLOT_MAX_WIDTH ||
        plot->height < ROWS_BELOW + LEAST_ROWS || plot->height > PLOT_MAX_HEIGHT)
        return;
    canvas.plot = plot;
    canvas.columns = plot->width - (unsigned)beside;
    canvas.rows = plot->height - ROWS_BELOW;
    canvas.dots_x = plot->unicode ? DOTS_X : 1;
    canvas.dots_y = plot->unicode ? DOTS_Y : 1;
    choose_range(&canvas);
    for (size_t line = 0; line < plot->line_count; line++) {
        for (size_t point = 1; point < plot->count; point++)
            draw_segment(&canvas, line, point);
    }
    unsigned names[PLOT_MAX_LINES];
    place_names(&canvas, names);
    for (unsigned row = 0; row < canvas.rows; row++)
        add_row(out, &canvas, row, names);
    add_time_axis(out, &canvas);
}
