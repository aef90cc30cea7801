/* heapglass growth: one capture after another of a process that runs, and what grows. */
#include "attach/process.h"
#include "attach/procfs.h"
#include "base/cleanup.h"
#include "cli/growth.h"
#include "cli/growth_capture.h"
#include "cli/growth_file.h"
#include "cli/growth_until.h"
#include "cli/screen.h"

#include <string.h>
#include <time.h>

#define DEFAULT_EVERY 10.0
#define LOOK_EVERY    0.5 /* seconds between looks at the process while we wait */

enum { FAILURES_IN_A_ROW = 5, SHOWN = 15 };

struct run {
    struct cli *cli;
    struct process *process; /* as it was at the start */
    uint64_t program;        /* see program_of */
    struct until until[OPTIONS_MAX_UNTIL];
    size_t until_count;
    struct growth growth;
    double start;         /* of the first round, on the clock of `now` */
    double first_capture; /* on the same clock */
    unsigned failures;    /* in a row */
    struct growth_file *file;
    struct err *file_err; /* why nothing more is written to it */
    struct err *save_err; /* why the newest round is not kept */
};

static void cleanup_run(struct run *run) {
    growth_file_close(run->file);
    err_free(run->file_err);
    err_free(run->save_err);
    process_destroy(run->process);
    growth_free(&run->growth);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* When a moment of the wall clock was, on our clock; now, if it was set since. */
static double moment(struct timespec wall, double not_before) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    double end = now();
    double ago = (double)(time.tv_sec - wall.tv_sec) + (double)(time.tv_nsec - wall.tv_nsec) / 1e9;
    return ago >= 0 && end - ago >= not_before ? end - ago : end;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Tables that a report shows must outlive its making. */
struct shown {
    struct growth_round_rows rows;
    struct growth_summary summary;
    size_t limit;
    bool csv;
};

typedef struct err *build_report(const struct run *run, const struct source *source,
                                 struct report *report, struct shown *shown);

static void cleanup_shown(struct shown *shown) {
    growth_round_rows_close(&shown->rows);
    growth_summary_free(&shown->summary);
}

static struct err *write_to_file(struct run *run, const struct source *source,
                                 build_report *build) {
    _cleanup_(cleanup_report) struct report report = {0};
    _cleanup_(cleanup_shown) struct shown shown = {.limit = SIZE_MAX};
    TRY(build(run, source, &report, &shown));
    return growth_file_add(run->file, &report);
}

/* To standard output, and to the file of the series; each takes the rows of a table, so that it is built
 * twice. A full disk does not end what can still be seen. */
static struct err *say(struct run *run, const struct source *source, build_report *build,
                       bool is_table) {
    _cleanup_(cleanup_report) struct report report = {0};
    _cleanup_(cleanup_shown) struct shown shown = {
        .limit = cli_limit(run->cli, SHOWN),
        .csv = !strcmp(run->cli->options.format, "csv"),
    };
    if (run->file && !run->file_err) {
        run->file_err = write_to_file(run, source, build);
        if (run->file_err)
            fprintf(stderr, "heapglass: %s\n", err_message(run->file_err));
    }
    if (shown.csv && !is_table)
        return NULL;
    TRY(build(run, source, &report, &shown));
    TRY(cli_write(run->cli, &report));
    return output_flush(run->cli->output);
}

static struct err *build_head(const struct run *run, const struct source *source,
                              struct report *report, struct shown *shown) {
    (void)shown;
    struct tree *tree = &report->document;
    report->schema = "heapglass.growth/1";
    report->json_lines = true;
    envelope_add(report, source);
    tree_add(tree, &tree->root, "every_seconds", value_real(run->growth.every));
    growth_head_add(report, &run->growth);
    growth_titles_add(report);
    return NULL;
}

static struct err *build_round(const struct run *run, const struct source *source,
                               struct report *report, struct shown *shown) {
    (void)source;
    growth_round_add(report, &run->growth, &shown->rows);
    return NULL;
}

static struct err *build_summary(const struct run *run, const struct source *source,
                                 struct report *report, struct shown *shown) {
    (void)source;
    TRY(growth_summarize(&run->growth, shown->limit, cli_draws_blocks(), &shown->summary));
    growth_summary_add(report, &shown->summary);
    report->rows = shown->csv ? &shown->summary.types : NULL;
    return NULL;
}

/* ---- one round ------------------------------------------------------------------------------- */

static struct err *take_names(struct growth *growth, const struct source_info *info) {
    growth->command = strdup(info->command);
    growth->python = strdup(info->python);
    return growth->command && growth->python ? NULL : err_no_memory();
}

static struct err *take_round(struct run *run, const struct source *source, double begun) {
    struct growth *growth = &run->growth;
    bool first = !growth->series.rounds;
    double captured = moment(source_info(source)->capture.taken_at, begun);
    run->first_capture = first ? captured : run->first_capture;
    /* To the millisecond, as in JSON, so that a file tells the same. */
    uint64_t milliseconds = (uint64_t)((captured - run->first_capture) * 1000 + 0.5);
    TRY(growth_take(run->cli, source, (double)milliseconds / 1000, growth));
    if (first) {
        TRY(take_names(growth, source_info(source)));
        TRY(say(run, source, build_head, false));
    }
    return say(run, source, build_round, false);
}

/* Where the kernel put what it gives a program at its start, which an exec changes; 0: not known. */
static uint64_t program_of(pid_t pid) {
    char auxv[2048];
    uint64_t hash = 14695981039346656037u;
    ssize_t length = proc_read(pid, "auxv", auxv, sizeof auxv);
    for (ssize_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)auxv[i]) * 1099511628211u;
    return length > 0 ? hash : 0;
}

/* Whether there is nothing more to see of the program; says why. */
static bool is_over(struct run *run) {
    struct growth *growth = &run->growth;
    uint64_t program = program_of(run->process->pid);
    bool reader_left = run->cli->output->error && !run->file && !run->cli->options.save;
    if (*run->cli->cancel || reader_left)
        growth->end = GROWTH_SIGNAL;
    else if (!process_alive(run->process))
        growth->end = GROWTH_EXIT; /* another process may have its PID by now */
    else if (program && run->program && program != run->program)
        growth->end = GROWTH_EXEC;
    else
        return false;
    return true;
}

/* ---- between rounds -------------------------------------------------------------------------- */

static struct err *check_conditions(struct run *run, const struct until_facts *facts, bool *met) {
    for (size_t i = 0; i < run->until_count && !*met; i++) {
        *met = until_met(&run->until[i], facts);
        if (*met) {
            run->growth.met = strdup(run->until[i].text);
            if (!run->growth.met)
                return err_no_memory();
        }
    }
    return NULL;
}

static struct until_facts facts_now(const struct run *run) {
    return (struct until_facts){.seconds = now() - run->start,
                                .first_rss = run->growth.series.measures[MEASURE_RSS].first};
}

/* After a round: what it found counts as well. */
static struct err *check_round(struct run *run, bool *met) {
    const uint64_t *measures = run->growth.round.measures;
    struct until_facts facts = facts_now(run);
    until_look(run->process, &facts);
    facts.rss = measures[MEASURE_RSS];
    facts.uss = measures[MEASURE_USS];
    facts.footprint = measures[MEASURE_FOOTPRINT];
    facts.objects = measures[MEASURE_OBJECTS];
    return check_conditions(run, &facts, met);
}

/* Sleeps until `then`, or until a condition is met. */
static struct err *wait_until(struct run *run, double then, bool *met) {
    while (!is_over(run)) {
        if (run->until_count && run->growth.series.rounds) {
            struct until_facts facts = facts_now(run);
            until_look(run->process, &facts);
            TRY(check_conditions(run, &facts, met));
        }
        double left = then - now();
        if (left <= 0 || *met)
            break;
        left = left < LOOK_EVERY ? left : LOOK_EVERY;
        const struct timespec time = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        nanosleep(&time, NULL);
    }
    return NULL;
}

/* Rounds begin at multiples of the interval; one that takes longer is followed by the next multiple
 * that is still to come. */
static double next_start(struct growth *growth, double before) {
    double next = before + growth->every, late = now() - next;
    if (late <= 0)
        return next;
    uint64_t missed = (uint64_t)(late / growth->every) + 1;
    growth->skipped += missed;
    return next + (double)missed * growth->every;
}

/* ---- all rounds ------------------------------------------------------------------------------ */

/* A round failed. Returns what ends it all; NULL if it may be tried again, or if it is over. */
static struct err *take_failure(struct run *run, struct err *err) {
    struct growth *growth = &run->growth;
    if (!err || !growth->series.rounds)
        return err;
    if (is_over(run)) {
        err_free(err);
        return NULL;
    }
    growth->failed++;
    growth->end = GROWTH_FAILED;
    if (++run->failures == FAILURES_IN_A_ROW)
        return err;
    fprintf(stderr, "heapglass: a round failed: %s\n", err_message(err));
    err_free(err);
    return NULL;
}

/* Before it is looked at: whatever goes wrong then, it is there. What cannot be kept may be kept by the next
 * round, and is told at the end if it was not. */
static void keep(struct run *run, struct source *source) {
    if (!run->cli->options.save)
        return;
    struct err *err = growth_save(run->cli, source);
    if (err && *run->cli->cancel) {
        err_free(err);
        return;
    }
    if (err)
        fprintf(stderr, "heapglass: %s\n", err_message(err));
    err_free(run->save_err);
    run->save_err = err;
}

static struct err *try_round(struct run *run) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    double begun = now();
    TRY(growth_capture(run->cli, run->process->pid, &source));
    if (run->growth.series.rounds && is_over(run))
        return NULL;
    keep(run, source);
    TRY(take_round(run, source, begun));
    run->failures = 0;
    return NULL;
}

/* All rounds; an error if there was none, or if captures fail again and again. */
static struct err *take_rounds(struct run *run) {
    struct growth *growth = &run->growth;
    uint64_t wanted = run->cli->options.rounds;
    double next = run->start = now();
    for (bool met = false;;) {
        bool last = met;
        uint64_t before = growth->series.rounds;
        TRY(take_failure(run, try_round(run)));
        if (is_over(run))
            return NULL;
        if (growth->series.rounds > before)
            TRY(check_round(run, &met));
        if (met || last) {
            growth->end = GROWTH_MET;
            return NULL;
        }
        if (wanted && growth->series.rounds >= wanted) {
            growth->end = GROWTH_ROUNDS;
            return NULL;
        }
        next = next_start(growth, next);
        TRY(wait_until(run, next, &met));
        if (is_over(run))
            return NULL;
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *prepare_run(struct run *run, pid_t pid) {
    const struct options *options = &run->cli->options;
    TRY(growth_check_save(options));
    for (size_t i = 0; i < options->until_count; i++)
        TRY(until_parse(options->until[i], &run->until[run->until_count++]));
    TRY(process_open(pid, &run->process));
    for (size_t i = 0; i < run->until_count; i++)
        TRY(until_check(&run->until[i], run->process));
    run->program = program_of(pid);
    run->growth.conditions = run->until_count != 0;
    run->growth.pid = pid;
    run->growth.inner_pid = run->process->inner_pid;
    run->growth.every = options->every > 0 ? options->every : DEFAULT_EVERY;
    return options->output ? growth_file_create(options->output, &run->file) : NULL;
}

/* The first error that there is; the others are freed. */
static struct err *first_of(struct err *const *errs, size_t count) {
    struct err *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (found)
            err_free(errs[i]);
        else
            found = errs[i];
    }
    return found;
}

static struct err *watch(struct cli *cli, pid_t pid) {
    _cleanup_(cleanup_run) struct run run = {.cli = cli};
    TRY(prepare_run(&run, pid));
    struct err *err = take_rounds(&run);
    if (!run.growth.series.rounds)
        return err;
    /* What was seen is shown, after a signal as well. A second signal ends us. */
    cli->output->cancel = NULL;
    struct err *said = say(&run, NULL, build_summary, true);
    struct err *const errs[] = {err, said, take_pointer(run.save_err), take_pointer(run.file_err)};
    return first_of(errs, sizeof errs / sizeof *errs);
}

/* A series that was kept in a file. */
static struct err *show_file(struct cli *cli, const char *path) {
    _cleanup_(growth_free) struct growth growth = {0};
    _cleanup_(growth_summary_free) struct growth_summary summary = {0};
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.growth/1"};
    struct tree *tree = &report.document;
    const struct options *options = &cli->options;
    if (options->every > 0 || options->rounds || options->until_count || options->output ||
        options->save || options->containers || options->no_values || options->capture)
        return err_new(ERR_USAGE, "%s is no PID, and a file is only shown", path);
    if (source_is_snapshot(path))
        return err_new(
            ERR_USAGE,
            "%s is a snapshot, one moment: `heapglass diff A B` tells what grew between two", path);
    TRY(growth_file_read(path, &growth));
    TRY(growth_summarize(&growth, cli_limit(cli, SHOWN), cli_draws_blocks(), &summary));
    struct node *source = tree_group(tree, &tree->root, "source");
    tree_add(tree, source, "kind", value_text("series"));
    tree_add(tree, source, "pid", value_id(growth.pid));
    tree_add(tree, source, "command", value_text(growth.command));
    tree_add(tree, source, "python", value_text(growth.python));
    growth_head_add(&report, &growth);
    growth_span_add(&report, &growth);
    growth_plot_add(&report, &growth, cli_draws_blocks());
    growth_summary_add(&report, &summary);
    report.json_lines = false;
    report.rows = &summary.types;
    return cli_write(cli, &report);
}

static struct err *run(struct cli *cli) {
    const char *argument = cli->arguments[0];
    pid_t pid = 0;
    if (argument[strspn(argument, "0123456789")] && !access(argument, F_OK))
        return show_file(cli, argument);
    TRY(cli_pid(argument, &pid));
    return watch(cli, pid);
}

extern const struct command command_growth;
const struct command command_growth = {
    .name = "growth",
    .arguments = "PID|FILE",
    .summary = "What grows over time, round by round",
    .details = "A line for each round, and at the end what grew, steady growth first. Without\n"
               "--rounds it goes on until Ctrl-C or the process ends; the tables come as well.\n"
               "--until looks at RSS and the cgroup twice a second, and makes a last capture at\n"
               "once: rss>SIZE, cgroup>SHARE%, +SHARE% (of the first round's RSS), a time;\n"
               "with each round: uss>SIZE, footprint>SIZE, objects>NUMBER.\n"
               "--save writes FILE anew with each round. FILE is what -o kept of another run.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options =
        OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_ROUNDS | OPTION_OUTPUT | OPTION_CAPTURE,
    .run = run,
};
