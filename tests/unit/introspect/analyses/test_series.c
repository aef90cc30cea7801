#include "introspect/analyses/series.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct series *series, double seconds, uint64_t rss) {
    const uint64_t measures[MEASURES] = {[MEASURE_RSS] = rss, [MEASURE_OBJECTS] = 7};
    cr_assert_null(series_begin(series, seconds, measures));
}

static void set(struct series *series, const char *name, uint64_t objects, uint64_t footprint) {
    cr_assert_null(series_set(series, name, objects, footprint));
}

static void end(struct series *series, bool all) {
    cr_assert_null(series_end(series, all));
}

static const struct series_type *find(const struct series *series, const char *name) {
    for (size_t i = 0; i < series->type_count; i++) {
        if (!strcmp(series->types[i].name, name))
            return &series->types[i];
    }
    return NULL;
}

Test(series, rows_are_what_changed_steady_growth_first) {
    struct series series = {0};
    for (unsigned i = 0; i < 10; i++) {
        begin(&series, i, 1000000 + i * 4096);
        set(&series, "leak", 100 + i * 40, 6400 + i * 2560);
        set(&series, "wild", 100 + i % 2 * 5000, 6400 + i % 2 * 500000);
        set(&series, "constant", 5, 500);
        if (i < 5)
            set(&series, "gone", 1, 5000000);
        if (i >= 5)
            set(&series, "new", 1, 640000);
        end(&series, true);
    }
    struct series_row *rows;
    size_t count;
    cr_assert_null(series_rows(&series, &rows, &count));
    cr_assert(eq(sz, count, 4));
    cr_expect(eq(str, rows[0].type->name, "leak"));
    cr_expect(eq(int, rows[0].trend.kind, TREND_STEADY));
    cr_expect(epsilon_eq(dbl, rows[0].trend.per_second, 2560, 1e-6));
    cr_expect(eq(str, rows[1].type->name, "new"));
    cr_expect(eq(int, rows[1].trend.kind, TREND_STEP));
    cr_expect(eq(str, rows[2].type->name, "wild"));
    cr_expect(eq(int, rows[2].trend.kind, TREND_SAWTOOTH));
    cr_expect(eq(str, rows[3].type->name, "gone"));
    cr_expect(eq(int, rows[3].trend.kind, TREND_FALLING));
    cr_expect(eq(u64, rows[3].type->footprint.last, 0));
    double points[SERIES_MAX_ROUNDS];
    cr_expect(eq(sz, series_type_points(&series, rows[1].type, points), 10));
    cr_expect(eq(dbl, points[4], 0));
    cr_expect(eq(dbl, points[5], 640000));
    cr_expect(eq(int, series_measure_trend(&series, MEASURE_RSS).kind, TREND_STEADY));
    cr_expect(eq(int, series_measure_trend(&series, MEASURE_OBJECTS).kind, TREND_FLAT));
    free(rows);
    series_free(&series);
}

/* As in a file, which lists only what changed. */
Test(series, what_is_not_set_stays) {
    struct series series = {0};
    begin(&series, 0, 1);
    set(&series, "kept", 3, 300);
    set(&series, "gone", 4, 400);
    end(&series, false);
    begin(&series, 1, 1);
    set(&series, "gone", 0, 0);
    end(&series, false);
    cr_expect(eq(u64, find(&series, "kept")->footprint.last, 300));
    cr_expect(eq(u64, find(&series, "gone")->footprint.last, 0));
    cr_expect(eq(u64, find(&series, "gone")->footprint_before, 400));
    series_free(&series);
}

/* Thousands of rounds: sums are of all, points are thinned evenly, the newest is among them. */
Test(series, many_rounds_take_no_more_memory) {
    struct series series = {0};
    for (unsigned i = 0; i < 5000; i++) {
        begin(&series, i, 1000 + i);
        set(&series, "leak", i, 64 * (uint64_t)i);
        end(&series, true);
        cr_assert(series.kept <= SERIES_MAX_ROUNDS);
        cr_assert(eq(dbl, series.kept_seconds[series.kept - 1], (double)i));
    }
    cr_expect(eq(u64, series.rounds, 5000));
    cr_expect(series.kept > SERIES_MAX_ROUNDS / 2);
    const struct series_type *leak = find(&series, "leak");
    cr_expect(eq(u64, leak->objects.rises, 4999));
    double points[SERIES_MAX_ROUNDS];
    size_t count = series_type_points(&series, leak, points);
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(dbl, points[i], 64 * series.kept_seconds[i]));
        if (i + 1 < count)
            cr_assert(eq(dbl, series.kept_seconds[i], (double)(series.stride * i)));
    }
    struct series_trend trend = series_type_trend(&series, leak);
    cr_expect(eq(int, trend.kind, TREND_STEADY));
    cr_expect(epsilon_eq(dbl, trend.per_second, 64, 1e-6));
    series_free(&series);
}

/* A program that makes classes all the time does not fill us up; one that has too many is counted. */
Test(series, types_that_come_and_go) {
    struct series series = {0};
    char name[32];
    for (unsigned i = 0; i < 30; i++) {
        begin(&series, i, 1);
        set(&series, "leak", i, 64 * (uint64_t)i);
        for (unsigned k = 0; k < 1000; k++) {
            snprintf(name, sizeof name, "made %u %u", i, k);
            set(&series, name, 1, 100);
        }
        end(&series, true);
        cr_assert(le(sz, series.type_count, 5 * 1024));
        cr_assert(eq(u64, series.others, 0));
        cr_assert(eq(u64, find(&series, "leak")->objects.last, i));
    }
    begin(&series, 30, 1);
    set(&series, "leak", 30, 1920);
    for (unsigned k = 0; k < SERIES_MAX_TYPES + 10; k++) {
        snprintf(name, sizeof name, "many %u", k);
        set(&series, name, 1, 100);
    }
    end(&series, true);
    cr_expect(series.others > 0);
    struct series_row *rows;
    size_t count;
    cr_assert_null(series_rows(&series, &rows, &count));
    cr_expect(lt(sz, count, SERIES_MAX_TYPES));
    cr_expect(eq(str, rows[0].type->name, "leak"));
    free(rows);
    series_free(&series);
}
