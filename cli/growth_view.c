#include "cli/growth.h"

#include "cli/screen.h"
#include "report/plot.h"
#include "report/units.h"
#include "report/width.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_COLUMNS = 15,
    LEAST_COMMAND = 20,
    ROUND_CONTAINERS = 50,

    PLOT_ROWS = 15
};

void growth_free(struct growth *growth) {
    series_free(&growth->series);
    free(growth->command);
    free(growth->python);
    free(growth->met);
    container_changes_free(&growth->changes);
    containers_free(&growth->oldest);
    containers_free(&growth->newest);
    arena_clear(&growth->texts);
    *growth = (struct growth){0};
}

const char *growth_end_word(enum growth_end end) {
    static const char *const words[] = {
        [GROWTH_CUT] = NULL,       [GROWTH_ROUNDS] = "rounds", [GROWTH_MET] = "until",
        [GROWTH_EXIT] = "exit",    [GROWTH_EXEC] = "exec",     [GROWTH_FAILED] = "failed",
        [GROWTH_SIGNAL] = "signal"};
    return words[end];
}

/* ---- one round ------------------------------------------------------------------------------- */

void growth_head_add(struct report *report, const struct growth *growth) {
    struct strbuf facts = {0};
    strbuf_printf(&facts, "   pid %d", (int)growth->pid);
    if (growth->inner_pid && growth->inner_pid != growth->pid)
        strbuf_printf(&facts, " (%d inside)", (int)growth->inner_pid);
    strbuf_printf(&facts, "   CPython %s", growth->python ? growth->python : "");
    if (growth->every > 0)
        strbuf_printf(&facts, "   every %g s", growth->every);
    headline_of(report, growth->command ? growth->command : "", &facts);
    strbuf_free(&facts);
}

void growth_titles_add(struct report *report) {
    report_line(report, LINE_PLAIN, "%s", "");
    report_line(report, LINE_STRONG, "%5s %8s %12s %10s %7s %7s %8s  %s", "ROUND", "TIME",
                "OBJECTS", "FOOTPRINT", "RSS", "USS", "GROWTH", "MOST BY");
}

static int64_t footprint_delta(const struct series_type *type) {
    return (int64_t)(type->footprint.last - type->footprint_before);
}

/* The type whose footprint grew most since the round before; NULL: none grew. */
static const struct series_type *biggest_grower(const struct series *series) {
    const struct series_type *found = NULL;
    for (size_t i = 0; i < series->type_count && series->rounds > 1; i++) {
        const struct series_type *type = &series->types[i];
        if (footprint_delta(type) > (found ? footprint_delta(found) : 0))
            found = type;
    }
    return found;
}

/* "+1.2M Order" */
static void add_most(struct strbuf *out, const struct series_type *type) {
    char by[UNITS_SIZE];
    size_t taken = out->length;
    strbuf_printf(out, "%s ", units_change_bytes(by, footprint_delta(type)));
    taken = out->length - taken;
    const char *dot = strrchr(type->name, '.');
    width_add_fitting(out, dot && dot[1] ? dot + 1 : type->name, MOST_COLUMNS - taken, false);
}

static void round_line(struct report *report, const struct growth *growth) {
    const struct series *series = &growth->series;
    const uint64_t *measures = growth->round.measures;
    char time[UNITS_SIZE], objects[UNITS_SIZE], footprint[UNITS_SIZE], rss[UNITS_SIZE],
        uss[UNITS_SIZE], grown[UNITS_SIZE];
    struct strbuf line = {0};
    const struct series_type *type = biggest_grower(series);
    strbuf_printf(&line, "%5llu %8s %12s %10s %7s %7s", (unsigned long long)series->rounds,
                  units_elapsed(time, growth->round.seconds),
                  units_count(objects, measures[MEASURE_OBJECTS]),
                  units_bytes(footprint, measures[MEASURE_FOOTPRINT]),
                  units_bytes(rss, measures[MEASURE_RSS]), units_bytes(uss, measures[MEASURE_USS]));
    if (series->rounds > 1) {
        int64_t delta = 0;
        for (size_t i = 0; i < series->type_count; i++)
            delta += footprint_delta(&series->types[i]);
        strbuf_printf(&line, " %8s", units_change_bytes(grown, delta));
    }
    if (type) {
        strbuf_puts(&line, "  ");
        add_most(&line, type);
    }
    report_line(report, LINE_PLAIN, "%s", strbuf_text(&line));
    report->document.failed |= line.failed;
    strbuf_free(&line);
}

enum { TYPE, BEFORE, AFTER, DELTA, FOOTPRINT, FOOTPRINT_DELTA, ROUND_COLUMNS };

static const struct column round_columns[ROUND_COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, 0},
    [BEFORE] = {"before", "", VALUE_COUNT, 0},
    [AFTER] = {"after", "", VALUE_COUNT, 0},
    [DELTA] = {"delta", "", VALUE_CHANGE, 0},
    [FOOTPRINT] = {"footprint", "", VALUE_BYTES, 0},
    [FOOTPRINT_DELTA] = {"footprint_delta", "", VALUE_CHANGE_BYTES, 0},
};

/* The types that changed; in the first round all. */
static bool next_changed(void *context, struct value *cells) {
    struct growth_round_rows *rows = context;
    bool first = rows->series->rounds == 1;
    while (rows->next < rows->series->type_count) {
        const struct series_type *type = &rows->series->types[rows->next++];
        int64_t delta = (int64_t)(type->objects.last - type->objects_before);
        if (!first && !delta && !footprint_delta(type))
            continue;
        cells[TYPE] = value_text(type->name);
        cells[BEFORE] = first ? value_none() : value_count(type->objects_before);
        cells[AFTER] = value_count(type->objects.last);
        cells[DELTA] = first ? value_none() : value_change(delta);
        cells[FOOTPRINT] = value_bytes(type->footprint.last);
        cells[FOOTPRINT_DELTA] = first ? value_none() : value_change_bytes(footprint_delta(type));
        return true;
    }
    return false;
}

/* The measures and their keys, in the order of the document. */
static const struct {
    enum series_measure measure;
    const char *key, *name;
} split_keys[] = {
    {MEASURE_RSS, "rss", "RSS"},
    {MEASURE_SPLIT_OBJECTS, "objects", "  Python objects"},
    {MEASURE_SPLIT_FREE, "pymalloc_free", "  free in pymalloc"},
    {MEASURE_SPLIT_OTHER, "other_anonymous", "  other anonymous"},
    {MEASURE_SPLIT_FILES, "files", "  files"},
    {MEASURE_SPLIT_REST, "rest", "  rest"},
    {MEASURE_USS, "uss", "USS"},
    {MEASURE_SWAP, "swap", "swapped out"},
    {MEASURE_CGROUP, "cgroup", "its cgroup"},
};
enum { SPLIT_KEYS = sizeof split_keys / sizeof *split_keys, PARTS_OF_RSS = 6 };

void growth_round_add(struct report *report, const struct growth *growth,
                      struct growth_round_rows *rows) {
    const struct growth_round *round = &growth->round;
    const uint64_t *measures = round->measures;
    struct tree *tree = &report->document;
    struct node *root = &tree->root;
    *rows = (struct growth_round_rows){.table = {round_columns, ROUND_COLUMNS, next_changed, rows},
                                       .series = &growth->series};
    report->json_lines = true;
    tree_add(tree, root, "round", value_count(growth->series.rounds));
    tree_add(tree, root, "seconds", value_real(round->seconds));
    time_add(tree, root, round->taken_at);
    tree_add(tree, root, "pause_ms", value_milliseconds(round->pause_seconds * 1000));
    tree_add(tree, root, "damage", value_count(round->damage));
    tree_add(tree, root, "objects", value_count(measures[MEASURE_OBJECTS]));
    tree_add(tree, root, "footprint", value_bytes(measures[MEASURE_FOOTPRINT]));
    const struct memory_use memory = {.rss = measures[MEASURE_RSS],
                                      .uss = measures[MEASURE_USS],
                                      .swap = measures[MEASURE_SWAP],
                                      .cgroup_current = measures[MEASURE_CGROUP],
                                      .cgroup_max = round->cgroup_max};
    memory_add(tree, root, &memory);
    struct node *split = tree_group(tree, root, "memory");
    for (size_t i = 0; i < PARTS_OF_RSS; i++)
        tree_add(tree, split, split_keys[i].key, value_bytes(measures[split_keys[i].measure]));
    tree_table(tree, root, "types", &rows->table);
    if (growth->has_containers) {
        container_change_rows_open(&rows->containers, &growth->changes, ROUND_CONTAINERS);
        tree_table(tree, root, "containers", &rows->containers.table);
    }
    round_line(report, growth);
}

void growth_round_rows_close(struct growth_round_rows *rows) {
    container_change_rows_close(&rows->containers);
}

/* ---- all rounds ------------------------------------------------------------------------------ */

enum { M_KEY, M_NAME, M_FIRST, M_LAST, M_DELTA, M_PER_SECOND, M_RATE, M_TREND, M_WORD, M_SPARK };

static const struct column measure_columns[] = {
    [M_KEY] = {"measure", "", VALUE_TEXT, COLUMN_DATA},
    [M_NAME] = {"name", "MEMORY", VALUE_TEXT, COLUMN_SCREEN},
    [M_FIRST] = {"first", "FIRST", VALUE_BYTES, 0},
    [M_LAST] = {"last", "LAST", VALUE_BYTES, 0},
    [M_DELTA] = {"delta", "GROWTH", VALUE_CHANGE_BYTES, 0},
    [M_PER_SECOND] = {"bytes_per_second", "", VALUE_REAL, COLUMN_DATA},
    [M_RATE] = {"rate", "", VALUE_CHANGE_BYTES, COLUMN_SCREEN},
    [M_TREND] = {"trend", "", VALUE_TEXT, COLUMN_DATA},
    [M_WORD] = {"word", "TREND", VALUE_TEXT, COLUMN_SCREEN},
    [M_SPARK] = {"spark", "", VALUE_TEXT, COLUMN_SCREEN},
};

enum {
    T_TYPE,
    T_BEFORE,
    T_AFTER,
    T_DELTA,
    T_FOOTPRINT_BEFORE,
    T_FOOTPRINT,
    T_FOOTPRINT_DELTA,
    T_PER_SECOND,
    T_RATE,
    T_TREND,
    T_WORD,
    T_SPARK,
};

static const struct column type_columns[] = {
    [T_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [T_BEFORE] = {"before", "", VALUE_COUNT, COLUMN_DATA},
    [T_AFTER] = {"after", "", VALUE_COUNT, COLUMN_DATA},
    [T_DELTA] = {"delta", "OBJECTS", VALUE_CHANGE, 0},
    [T_FOOTPRINT_BEFORE] = {"footprint_before", "", VALUE_BYTES, COLUMN_DATA},
    [T_FOOTPRINT] = {"footprint", "", VALUE_BYTES, COLUMN_DATA},
    [T_FOOTPRINT_DELTA] = {"footprint_delta", "FOOTPRINT", VALUE_CHANGE_BYTES, 0},
    [T_PER_SECOND] = {"bytes_per_second", "", VALUE_REAL, COLUMN_DATA},
    [T_RATE] = {"rate", "", VALUE_CHANGE_BYTES, COLUMN_SCREEN},
    [T_TREND] = {"trend", "", VALUE_TEXT, COLUMN_DATA},
    [T_WORD] = {"word", "TREND", VALUE_TEXT, COLUMN_SCREEN},
    [T_SPARK] = {"spark", "", VALUE_TEXT, COLUMN_SCREEN},
};

/* A trend as a word for programs: what too few rounds can't tell is null. */
static struct value trend_value(enum trend_kind kind) {
    return value_text(kind == TREND_FEW ? NULL : kind == TREND_FLAT ? "flat" : trend_word(kind));
}

#define MOST_RATE 1e18 /* fits a number */

/* A rate means something where there is a direction. */
static struct value rate_value(const struct growth_summary *summary,
                               const struct series_trend *trend) {
    if (trend->kind == TREND_SAWTOOTH || trend->kind == TREND_STEP || trend->kind == TREND_FLAT)
        return value_none();
    double rate = trend->per_second * summary->unit;
    rate = rate > MOST_RATE ? MOST_RATE : rate < -MOST_RATE ? -MOST_RATE : rate;
    return value_change_bytes((int64_t)rate);
}

static struct value spark_value(struct growth_summary *summary, const double *points,
                                size_t count) {
    strbuf_clear(&summary->spark);
    plot_spark(&summary->spark, points, count, GROWTH_SPARK, summary->unicode);
    return value_text(strbuf_text(&summary->spark));
}

static bool next_measure(void *context, struct value *cells) {
    struct growth_summary *summary = context;
    const struct series *series = &summary->growth->series;
    double points[SERIES_MAX_ROUNDS];
    while (summary->next_measure < SPLIT_KEYS) {
        size_t i = summary->next_measure++;
        enum series_measure measure = split_keys[i].measure;
        const struct trend_track *track = &series->measures[measure];
        if (!track->highest && measure != MEASURE_RSS)
            continue;
        struct series_trend trend = series_measure_trend(series, measure);
        cells[M_KEY] = value_text(split_keys[i].key);
        cells[M_NAME] = value_text(split_keys[i].name);
        cells[M_FIRST] = value_bytes(track->first);
        cells[M_LAST] = value_bytes(track->last);
        cells[M_DELTA] = value_change_bytes(trend_net(track));
        cells[M_PER_SECOND] = value_real(trend.per_second);
        cells[M_RATE] = rate_value(summary, &trend);
        cells[M_TREND] = trend_value(trend.kind);
        cells[M_WORD] = value_text(trend_word(trend.kind));
        cells[M_SPARK] =
            trend.kind == TREND_FLAT
                ? value_none()
                : spark_value(summary, points, series_measure_points(series, measure, points));
        return true;
    }
    return false;
}

static bool next_type(void *context, struct value *cells) {
    struct growth_summary *summary = context;
    double points[SERIES_MAX_ROUNDS];
    if (summary->next_type >= summary->row_count || summary->next_type >= summary->limit)
        return false;
    const struct series_row *row = &summary->rows[summary->next_type++];
    const struct series_type *type = row->type;
    cells[T_TYPE] = value_text(type->name);
    cells[T_BEFORE] = value_count(type->objects.first);
    cells[T_AFTER] = value_count(type->objects.last);
    cells[T_DELTA] = value_change(trend_net(&type->objects));
    cells[T_FOOTPRINT_BEFORE] = value_bytes(type->footprint.first);
    cells[T_FOOTPRINT] = value_bytes(type->footprint.last);
    cells[T_FOOTPRINT_DELTA] = value_change_bytes(trend_net(&type->footprint));
    cells[T_PER_SECOND] = value_real(row->trend.per_second);
    cells[T_RATE] = rate_value(summary, &row->trend);
    cells[T_TREND] = trend_value(row->trend.kind);
    cells[T_WORD] = value_text(trend_word(row->trend.kind));
    cells[T_SPARK] =
        spark_value(summary, points, series_type_points(&summary->growth->series, type, points));
    return true;
}

/* How much the footprint grew from one of the last kept rounds to the next. */
static bool next_deltas(void *context, struct value *cells) {
    struct growth_summary *summary = context;
    const struct series *series = &summary->growth->series;
    double points[SERIES_MAX_ROUNDS];
    if (summary->next_round >= summary->row_count || summary->next_round >= summary->limit)
        return false;
    const struct series_type *type = summary->rows[summary->next_round++].type;
    series_type_points(series, type, points);
    cells[0] = value_text(type->name);
    for (size_t i = 1; i < summary->rounds.column_count; i++) {
        size_t at = series->kept - summary->rounds.column_count + i;
        cells[i] = value_change_bytes((int64_t)points[at] - (int64_t)points[at - 1]);
    }
    return true;
}

static void choose_unit(struct growth_summary *summary, const char **title) {
    const struct series *series = &summary->growth->series;
    double largest = 0;
    for (size_t i = 0; i < SPLIT_KEYS; i++) {
        double rate = series_measure_trend(series, split_keys[i].measure).per_second;
        largest = rate > largest ? rate : -rate > largest ? -rate : largest;
    }
    summary->unit = largest >= 1 << 20 ? 1 : largest >= 1 << 10 ? 60 : 3600;
    *title = largest >= 1 << 20 ? "PER SEC" : largest >= 1 << 10 ? "PER MIN" : "PER HOUR";
}

static void open_rounds(struct growth_summary *summary) {
    const struct series *series = &summary->growth->series;
    size_t shown = series->kept ? series->kept - 1 : 0;
    shown = shown < GROWTH_SHOWN_ROUNDS ? shown : GROWTH_SHOWN_ROUNDS;
    summary->round_columns[0] = (struct column){"type", "GROWTH UNTIL", VALUE_TEXT, COLUMN_SHRINKS};
    for (size_t i = 0; i < shown; i++) {
        units_elapsed(summary->titles[i], series->kept_seconds[series->kept - shown + i]);
        summary->round_columns[i + 1] =
            (struct column){"delta", summary->titles[i], VALUE_CHANGE_BYTES, 0};
    }
    summary->rounds = (struct table){summary->round_columns, shown + 1, next_deltas, summary};
}

struct err *growth_summarize(const struct growth *growth, size_t limit, bool unicode,
                             struct growth_summary *ret) {
    const char *unit;
    *ret = (struct growth_summary){.growth = growth, .unicode = unicode, .limit = limit};
    TRY(series_rows(&growth->series, &ret->rows, &ret->row_count));
    choose_unit(ret, &unit);
    memcpy(ret->measure_columns, measure_columns, sizeof measure_columns);
    memcpy(ret->type_columns, type_columns, sizeof type_columns);
    ret->measure_columns[M_RATE].title = ret->type_columns[T_RATE].title = unit;
    ret->measures = (struct table){ret->measure_columns, M_SPARK + 1, next_measure, ret};
    ret->types = (struct table){ret->type_columns, T_SPARK + 1, next_type, ret};
    open_rounds(ret);
    container_change_rows_open(&ret->containers, &growth->changes, limit);
    return NULL;
}

void growth_summary_free(struct growth_summary *summary) {
    free(summary->rows);
    strbuf_free(&summary->spark);
    container_change_rows_close(&summary->containers);
}

/* The time that a series from a file is of. */
void growth_span_add(struct report *report, const struct growth *growth) {
    char from[32] = "", to[32] = "", elapsed[UNITS_SIZE], count[UNITS_SIZE];
    struct tm utc;
    if (gmtime_r(&growth->first_taken_at.tv_sec, &utc))
        strftime(from, sizeof from, "%Y-%m-%d %H:%M:%S", &utc);
    if (gmtime_r(&growth->round.taken_at.tv_sec, &utc))
        strftime(to, sizeof to, "%Y-%m-%d %H:%M:%S", &utc);
    report_line(report, LINE_PLAIN, "%s round%s in %s,\tfrom %s to %s UTC",
                units_count(count, growth->series.rounds), growth->series.rounds == 1 ? "" : "s",
                units_elapsed(elapsed, growth->series.seconds), from, to);
}

void growth_plot_add(struct report *report, const struct growth *growth, bool unicode) {
    double rss[SERIES_MAX_ROUNDS], footprint[SERIES_MAX_ROUNDS];
    const struct plot_line lines[] = {{"RSS", rss}, {"footprint", footprint}};
    const struct series *series = &growth->series;
    const struct plot plot = {.seconds = series->kept_seconds,
                              .count = series->kept,
                              .lines = lines,
                              .line_count = 2,
                              .width = SCREEN_WIDTH,
                              .height = PLOT_ROWS,
                              .unicode = unicode};
    struct strbuf text = {0};
    series_measure_points(series, MEASURE_RSS, rss);
    series_measure_points(series, MEASURE_FOOTPRINT, footprint);
    plot_draw(&text, &plot);
    report->document.failed |= text.failed;
    if (text.length)
        report_line(report, LINE_PLAIN, "%s", "");
    for (char *rest = text.text, *line; text.length && (line = strsep(&rest, "\n")) && rest;)
        report_line(report, LINE_PLAIN, "%s", line);
    strbuf_free(&text);
}

static void notes(struct report *report, const struct growth_summary *summary) {
    const struct growth *growth = summary->growth;
    char count[UNITS_SIZE], size[UNITS_SIZE];
    if (summary->limit < summary->row_count) {
        int64_t grown = 0;
        for (size_t i = summary->limit; i < summary->row_count; i++)
            grown += trend_net(&summary->rows[i].type->footprint);
        report_line(report, LINE_FAINT, "%s more types changed, %s (-n 0 shows all)",
                    units_count(count, summary->row_count - summary->limit),
                    units_change_bytes(size, grown));
    }
    if (growth->series.rounds < TREND_LEAST_ROUNDS)
        report_line(report, LINE_PLAIN, "%llu round%s few: trends need %d at least",
                    (unsigned long long)growth->series.rounds,
                    growth->series.rounds == 1 ? " is" : "s are", TREND_LEAST_ROUNDS);
}

static void end_line(struct report *report, const struct growth *growth) {
    unsigned long long rounds = (unsigned long long)growth->series.rounds;
    if (growth->end == GROWTH_EXIT)
        report_line(report, LINE_WARNING, "process %d ended after round %llu", (int)growth->pid,
                    rounds);
    else if (growth->end == GROWTH_EXEC)
        report_line(report, LINE_WARNING, "process %d runs another program since round %llu",
                    (int)growth->pid, rounds);
    else if (growth->end == GROWTH_MET && growth->met)
        report_line(report, LINE_PLAIN, "%s was met in round %llu", growth->met, rounds);
    else if (growth->end == GROWTH_ROUNDS && growth->conditions)
        report_line(report, LINE_WARNING, "no condition of --until was met in %llu round%s", rounds,
                    rounds == 1 ? "" : "s");
    else if (growth->end == GROWTH_CUT)
        report_line(report, LINE_WARNING, "the series was interrupted after round %llu", rounds);
    if (growth->skipped)
        report_line(report, LINE_WARNING,
                    "%llu rounds were skipped, for the one before them took longer than %g s",
                    (unsigned long long)growth->skipped, growth->every);
    if (growth->failed)
        report_line(report, LINE_WARNING, "%llu captures failed",
                    (unsigned long long)growth->failed);
}

static void containers_add(struct report *report, struct growth_summary *summary) {
    const struct container_changes *changes = &summary->growth->changes;
    size_t shown = summary->containers.limit;
    char count[UNITS_SIZE];
    report_line(report, LINE_PLAIN, "%s", "");
    if (changes->count)
        report_table(report, &summary->containers.table);
    else
        report_line(report, LINE_PLAIN, "no container holds more than in the first round");
    if (shown < changes->count)
        report_line(report, LINE_FAINT, "%s more containers (-n 0 shows all)",
                    units_count(count, changes->count - shown));
}

void growth_summary_add(struct report *report, struct growth_summary *summary) {
    const struct growth *growth = summary->growth;
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "summary");
    report->json_lines = true;
    tree_add(tree, group, "rounds", value_count(growth->series.rounds));
    tree_add(tree, group, "seconds", value_real(growth->series.seconds));
    tree_add(tree, group, "skipped", value_count(growth->skipped));
    tree_add(tree, group, "failed", value_count(growth->failed));
    tree_add(tree, group, "end", value_text(growth_end_word(growth->end)));
    tree_add(tree, group, "met", value_text(growth->met));
    tree_table(tree, group, "memory", &summary->measures);
    tree_table(tree, group, "types", &summary->types);
    if (growth->has_containers)
        tree_table(tree, group, "containers", &summary->containers.table);

    end_line(report, growth);
    report_line(report, LINE_PLAIN, "%s", "");
    report_table(report, &summary->measures);
    report_line(report, LINE_PLAIN, "%s", "");
    report_table(report, &summary->types);
    if (summary->rounds.column_count > 1 && summary->row_count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &summary->rounds);
    }
    notes(report, summary);
    if (growth->has_containers)
        containers_add(report, summary);
}
