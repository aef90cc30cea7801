/* What `growth` says, in rounds over the fake heap, and how it takes series from files. */
#include "fake_source.h"

#include "cli/growth_file.h"
#include "cli/growth_until.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- conditions ------------------------------------------------------------------------------ */

static struct until parsed(const char *text) {
    struct until until;
    struct err *err = until_parse(text, &until);
    cr_assert_null(err, "%s", text);
    return until;
}

Test(until, conditions) {
    struct until until = parsed("rss>2G");
    cr_expect(eq(int, until.kind, UNTIL_RSS));
    cr_expect_not(until_met(&until, &(struct until_facts){.rss = 2ull << 30}));
    cr_expect(until_met(&until, &(struct until_facts){.rss = (2ull << 30) + 1}));
    until = parsed("uss > 512M");
    cr_expect(eq(int, until.kind, UNTIL_USS));
    cr_expect(until_met(&until, &(struct until_facts){.uss = 513 << 20}));
    until = parsed("footprint>1K");
    cr_expect(until_met(&until, &(struct until_facts){.footprint = 1025}));
    until = parsed("objects>1000000");
    cr_expect_not(until_met(&until, &(struct until_facts){.objects = 1000000}));
    cr_expect(until_met(&until, &(struct until_facts){.objects = 1000001}));
    until = parsed("cgroup>90%");
    cr_expect_not(until_met(&until, &(struct until_facts){.cgroup_share = 0.9}));
    cr_expect(until_met(&until, &(struct until_facts){.cgroup_share = 0.91}));
    until = parsed("+20%");
    cr_expect_not(until_met(&until, &(struct until_facts){.first_rss = 100, .rss = 120}));
    cr_expect(until_met(&until, &(struct until_facts){.first_rss = 100, .rss = 121}));
    until = parsed("8h");
    cr_expect_not(until_met(&until, &(struct until_facts){.seconds = 28799}));
    cr_expect(until_met(&until, &(struct until_facts){.seconds = 28800}));
}

Test(until, what_is_no_condition) {
    static const char *const bad[] = {"",      "rss",        "rss>",        "rss<2G",   "rss=2G",
                                      "rs>2G", "swap>2G",    "rss>2GB",     "rss>90%",  "cgroup>2G",
                                      "+",     "+20",        "+%",          "+0%",      "-20%",
                                      "20%",   "cgroup>0%",  "cgroup>101%", "8",        "rss>-1",
                                      "+1e3%", "objects>2G", "objects>",    "cgroup>%", "+nan%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct until until;
        struct err *err = until_parse(bad[i], &until);
        cr_assert_not_null(err, "%s", bad[i]);
        cr_expect(eq(int, err_code(err), ERR_USAGE));
        err_free(err);
    }
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static int growth(const char *options, char **out, char **errors) {
    char line[256];
    snprintf(line, sizeof line, "growth %d %s", (int)getpid(), options);
    return run_program(line, out, errors);
}

Test(growth, a_line_a_round) {
    char *out, *errors;
    cr_assert(eq(int, growth("--every 10ms --rounds 3", &out, &errors), 0));
    cr_expect(eq(str, errors, ""));
    cr_expect_not_null(strstr(out, "   1    0.0 s           11       1.0M    3.8M    3.7M\n"));
    cr_expect_not_null(strstr(out, "\n    3 "));
    cr_expect_not_null(strstr(out, "MEMORY               FIRST    LAST  GROWTH  PER HOUR  TREND\n"
                                   "RSS                   3.8M    3.8M       0\n"),
                       "%s", out);
    cr_expect_not_null(strstr(out, "TYPE  OBJECTS  FOOTPRINT  PER HOUR  TREND\n(none)\n"));
    cr_expect_not_null(strstr(out, "3 rounds are few: trends need 5 at least\n"));
    free(out), free(errors);
}

Test(growth, conditions_end_it) {
    char *out, *errors;
    cr_assert(eq(int, growth("--every 10ms --until rss>1M", &out, &errors), 0));
    cr_expect_not_null(strstr(out, "rss>1M was met in round 1\n"));
    free(out), free(errors);
    cr_assert(eq(int, growth("--every 10ms --until 100ms --json", &out, &errors), 0));
    cr_expect_not_null(strstr(out, "\"end\": \"until\", \"met\": \"100ms\""));
    free(out), free(errors);
    cr_assert(eq(int, growth("--every 10ms --until rss>1", &out, &errors), 0));
    free(out), free(errors);
    cr_assert(eq(int, growth("--every 10ms --rounds 2 --until rss>1T", &out, &errors), 0));
    cr_expect_not_null(strstr(out, "\nno condition of --until was met in 2 rounds\n"));
    free(out), free(errors);
    cr_assert(eq(int, growth("--save -", &out, &errors), 2));
    free(out), free(errors);
    cr_assert(eq(int, growth("--save /tmp/x -o /tmp/x", &out, &errors), 2));
    free(out), free(errors);
    cr_assert(eq(int, growth("--until bogus", &out, &errors), 2));
    cr_expect(eq(str, errors,
                 "heapglass: 'bogus' is not a condition such as rss>2G, cgroup>90%, "
                 "+20% or 8h\n"));
    free(out), free(errors);
}

Test(growth, first_capture_fails) {
    char *out, *errors;
    fake_refusal = err_new(ERR_BUDGET, "no");
    cr_assert(eq(int, growth("--rounds 2", &out, &errors), 6));
    cr_expect(eq(str, out, ""));
    cr_expect(eq(str, errors, "heapglass: no\n"));
    free(out), free(errors);
    cr_assert(eq(int, run_program("growth 99999999 --rounds 2", &out, &errors), 3));
    free(out), free(errors);
}

/* ---- files ----------------------------------------------------------------------------------- */

static char path[] = "/tmp/heapglass-series-XXXXXX";

static void make_path(void) {
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    unlink(path);
}

static void remove_path(void) {
    unlink(path);
}

Test(growth, kept_and_shown_again, .init = make_path, .fini = remove_path) {
    char options[128], *out, *errors, *kept;
    snprintf(options, sizeof options, "--every 10ms --rounds 6 -o %s", path);
    cr_assert(eq(int, growth(options, &kept, &errors), 0));
    free(errors);
    cr_assert(eq(int, growth(options, &out, &errors), 2)); /* never overwritten */
    cr_expect_not_null(strstr(errors, "is there already"));
    free(out), free(errors);
    snprintf(options, sizeof options, "growth %s", path);
    cr_assert(eq(int, run_program(options, &out, &errors), 0));
    cr_expect(eq(str, errors, ""));
    cr_expect_not_null(strstr(out, "6 rounds in "));
    const char *tables = strstr(kept, "\nMEMORY ");
    cr_assert_not_null(tables);
    cr_expect_not_null(strstr(out, tables));
    free(out), free(errors), free(kept);
}

static void write_series(const char *text, size_t length) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert(eq(sz, fwrite(text, 1, length, file), length));
    fclose(file);
}

#define HEAD                                                                                       \
    "{\"schema\": \"heapglass.growth/1\", \"source\": {\"pid\": 1, \"inner_pid\": 1, "             \
    "\"command\": \"x\\u001b[31m\", \"python\": \"3.11.2\"}, \"every_seconds\": 1.000}\n"
#define ROUND_UP_TO_TYPES(number, seconds)                                                         \
    "{\"round\": " #number ", \"seconds\": " #seconds ", \"taken_at\": \"2026-01-31T12:00:00Z\", " \
    "\"objects\": 1, \"footprint\": 2, \"uss_bytes\": 3, \"swap_bytes\": 4, \"cgroup\": "          \
    "{\"current\": 5}, \"memory\": {\"rss\": 6, \"objects\": 7, \"pymalloc_free\": 8, "            \
    "\"other_anonymous\": 9, \"files\": 10, \"rest\": 11}, \"types\": "
#define A_TYPE "{\"type\": \"a\\u009b\\u202eb\", \"after\": 5, \"footprint\": 500}"

static void expect_read(const char *text, enum err_code code, const char *message) {
    struct growth series = {0};
    write_series(text, strlen(text));
    struct err *err = growth_file_read(path, &series);
    cr_assert_not_null(err, "%s", text);
    cr_expect(eq(int, err_code(err), code));
    cr_expect_not_null(strstr(err_message(err), message), "%s: %s", text, err_message(err));
    err_free(err);
    growth_free(&series);
}

Test(growth_file, what_is_no_series, .init = make_path, .fini = remove_path) {
    static const char no_series[] = "is no series of heapglass growth";
    expect_read("", ERR_DAMAGED_FILE, no_series);
    expect_read("\n", ERR_DAMAGED_FILE, no_series);
    expect_read("hello\n", ERR_DAMAGED_FILE, no_series);
    expect_read("{}\n", ERR_DAMAGED_FILE, no_series);
    expect_read("[]\n", ERR_DAMAGED_FILE, no_series);
    expect_read("{\"schema\": \"heapglass.top/1\"}\n", ERR_DAMAGED_FILE, no_series);
    expect_read("{\"schema\": \"heapglass.growth/2\"}\n", ERR_DAMAGED_FILE, "another version");
    expect_read("{\"schema\": \"heapglass.growth/1\"}\n", ERR_DAMAGED_FILE, "of what it is");
    expect_read(HEAD, ERR_DAMAGED_FILE, "no rounds");
}

Test(growth_file, damage, .init = make_path, .fini = remove_path) {
    static const char no_round[] = "line 2: it is no round, or not the next one";
    expect_read(HEAD "{}\n", ERR_DAMAGED_FILE, no_round);
    expect_read(HEAD ROUND_UP_TO_TYPES(2, 0) "[]}\n", ERR_DAMAGED_FILE, no_round);
    expect_read(HEAD ROUND_UP_TO_TYPES(1, -1) "[]}\n", ERR_DAMAGED_FILE, no_round);
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 1e300) "[]}\n", ERR_DAMAGED_FILE, no_round);
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 1e999) "[]}\n", ERR_DAMAGED_FILE, "it is no JSON");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "7}\n", ERR_DAMAGED_FILE, no_round);
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "[7]}\n", ERR_DAMAGED_FILE, "a type is not");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "[{\"type\": \"a\", \"footprint\": 500}]}\n",
                ERR_DAMAGED_FILE, "a type is not");
    expect_read(
        HEAD ROUND_UP_TO_TYPES(1, 0) "[{\"type\": \"a\", \"after\": -5, \"footprint\": 500}]}\n",
        ERR_DAMAGED_FILE, "a type is not");
    expect_read(
        HEAD ROUND_UP_TO_TYPES(
            1, 0) "[{\"type\": \"a\", \"after\": 1, \"footprint\": 9223372036854775807}]}\n",
        ERR_DAMAGED_FILE, "a type is not");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "[" A_TYPE ", " A_TYPE "]}\n", ERR_DAMAGED_FILE,
                "a type twice");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 5) "[]}\n" ROUND_UP_TO_TYPES(2, 4) "[]}\n",
                ERR_DAMAGED_FILE, "line 3: it is no round");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 5) "[], \"round\": 1}\n", ERR_DAMAGED_FILE,
                "it is no JSON");
    expect_read(HEAD "{\"summary\": {}}\n", ERR_DAMAGED_FILE, "it is no summary");
    expect_read(HEAD "{\"summary\": {\"skipped\": 0, \"failed\": 0}}\n", ERR_DAMAGED_FILE,
                "no rounds");
    expect_read(
        HEAD ROUND_UP_TO_TYPES(1, 5) "[]}\n{\"summary\": {\"skipped\": 0, \"failed\": 0}}\n{}\n",
        ERR_DAMAGED_FILE, "more behind its summary");
}

Test(growth_file, containers, .init = make_path, .fini = remove_path) {
    static const char text[] =
        HEAD ROUND_UP_TO_TYPES(1, 0) "[], \"containers\": [{\"path\": "
                                     "\"shop.kept\", \"type\": \"dict\", \"address\": null, "
                                     "\"containers\": 2, \"before\": 1, "
                                     "\"after\": 3, \"held_before\": 100, \"held_after\": 300}]}\n";
    struct growth series = {0};
    write_series(text, strlen(text));
    cr_assert_null(growth_file_read(path, &series));
    cr_assert(eq(sz, series.changes.count, 1));
    cr_expect(eq(str, series.changes.items[0].path, "shop.kept"));
    cr_expect(eq(u64, series.changes.items[0].held_after, 300));
    growth_free(&series);
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "[], \"containers\": 5}\n", ERR_DAMAGED_FILE,
                "no list");
    expect_read(HEAD ROUND_UP_TO_TYPES(1, 0) "[], \"containers\": [5]}\n", ERR_DAMAGED_FILE,
                "a container is not");
}

/* Names that would disturb a terminal do not reach it; an interrupted series has its rounds. */
Test(growth_file, hostile_names_and_a_cut, .init = make_path, .fini = remove_path) {
    static const char text[] = HEAD ROUND_UP_TO_TYPES(1, 0) "[" A_TYPE "]}\n{\"round\": 2, \"sec";
    struct growth series = {0};
    write_series(text, strlen(text));
    cr_assert_null(growth_file_read(path, &series));
    cr_expect(eq(u64, series.series.rounds, 1));
    cr_expect(eq(int, series.end, GROWTH_CUT));
    cr_expect(eq(str, series.command, "x\\x1b[31m"));
    cr_expect(eq(str, series.series.types[0].name, "a\\x9b\\u202eb"));
    cr_expect(eq(u64, series.series.types[0].objects.last, 5));
    growth_free(&series);
}

Test(growth_file, lines_without_end, .init = make_path, .fini = remove_path, .timeout = 60) {
    enum { SIZE = 17 << 20 };
    char *text = malloc(SIZE);
    cr_assert_not_null(text);
    memset(text, '[', SIZE);
    struct growth series = {0};
    write_series(text, SIZE);
    struct err *err = growth_file_read(path, &series);
    cr_assert_not_null(err);
    cr_expect(eq(int, err_code(err), ERR_DAMAGED_FILE));
    err_free(err);
    growth_free(&series);
    memset(text, '[', 100000);
    text[100000] = '\n';
    write_series(text, 100001);
    err = growth_file_read(path, &series);
    cr_assert_not_null(err);
    cr_expect(eq(int, err_code(err), ERR_DAMAGED_FILE));
    err_free(err);
    growth_free(&series);
    free(text);
}

Test(growth_file, no_file) {
    struct growth series = {0};
    struct err *err = growth_file_read("/dev/null", &series);
    cr_assert_not_null(err);
    cr_expect(eq(int, err_code(err), ERR_DAMAGED_FILE));
    err_free(err);
    err = growth_file_read("/nowhere/at/all", &series);
    cr_assert_not_null(err);
    cr_expect(eq(int, err_code(err), ERR_FAILED));
    err_free(err);
    growth_free(&series);
}
