/* heapglass growth: one capture after another of a process that runs, and what grows. */
#include "attach/process.h"
#include "base/cleanup.h"
#include "cli/growth.h"
#include "cli/progress.h"
#include "cli/screen.h"
#include "introspect/analyses/memory_split.h"
#include "introspect/analyses/types.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define DEFAULT_EVERY 10.0
#define LOOK_EVERY    0.5 /* seconds between looks at the process while we wait */

enum { FAILURES_IN_A_ROW = 5, TYPES_SHOWN = 20 };

struct run {
    struct cli *cli;
    struct process *process; /* as it was at the start */
    struct growth growth;
    double start;         /* of the first round, on the clock of `now` */
    double first_capture; /* on the same clock */
    unsigned failures;    /* in a row */
};

static void cleanup_run(struct run *run) {
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

/* ---- one round ------------------------------------------------------------------------------- */

static struct err *open_source(const struct run *run, struct source **ret) {
    const struct options *options = &run->cli->options;
    struct progress *progress = progress_start(options->quiet);
    const struct source_options source_options = {
        .strategy = options->pause,
        .max_pause = options->max_pause,
        .max_memory = options->max_memory,
        .python = options->python,
        .totals_only = true,
        .cancel = run->cli->cancel,
        .progress = progress_phase,
        .progress_context = progress,
    };
    struct err *err = source_open_pid(run->process->pid, &source_options, ret);
    progress_end(progress);
    return err;
}

static void take_measures(struct growth_round *round, const struct source *source) {
    const struct capture_result *capture = &source_info(source)->capture;
    const struct memory_use *memory = &capture->memory;
    const struct heap *heap = source_heap(source);
    const struct memory_split split = memory_split(
        heap, (struct memory_resident){memory->rss, memory->rss_anonymous, memory->rss_file});
    const struct damage_list *damage = heap_damage(heap);
    uint64_t *measures = round->measures;
    round->pause_seconds = capture->pause_seconds;
    round->taken_at = capture->taken_at;
    round->cgroup_max = memory->cgroup_max;
    round->damage = 0;
    for (size_t i = 0; i < damage->count; i++)
        round->damage += damage->items[i].count;
    measures[MEASURE_OBJECTS] = heap_totals(heap)->objects;
    measures[MEASURE_FOOTPRINT] = heap_totals(heap)->footprint;
    measures[MEASURE_RSS] = split.rss;
    measures[MEASURE_SPLIT_OBJECTS] = split.objects;
    measures[MEASURE_SPLIT_FREE] = split.pymalloc_free;
    measures[MEASURE_SPLIT_OTHER] = split.other_anonymous;
    measures[MEASURE_SPLIT_FILES] = split.files;
    measures[MEASURE_SPLIT_REST] = split.rest;
    measures[MEASURE_USS] = memory->uss;
    measures[MEASURE_SWAP] = memory->swap;
    measures[MEASURE_CGROUP] = memory->cgroup_current;
}

static struct err *take_types(struct series *series, const struct source *source) {
    _cleanup_(types_free) struct types types = {0};
    TRY(types_collect(source_heap(source), &types));
    for (size_t i = 0; i < types.count; i++) {
        const struct type_sums *row = &types.rows[i];
        TRY(series_set(series, row->type->name, row->type->address, row->objects, row->footprint));
    }
    return series_end(series, true);
}

static struct err *write_now(const struct run *run, const struct report *report) {
    if (!strcmp(run->cli->options.format, "csv"))
        return NULL;
    TRY(cli_write(run->cli, report));
    return output_flush(run->cli->output);
}

/* What is said once, with the first round. */
static struct err *show_head(struct run *run, const struct source *source) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.growth/1",
                                                      .json_lines = true};
    struct growth *growth = &run->growth;
    const struct source_info *info = source_info(source);
    struct tree *tree = &report.document;
    growth->command = strdup(info->command);
    growth->python = strdup(info->python);
    if (!growth->command || !growth->python)
        return err_no_memory();
    envelope_add(&report, source);
    tree_add(tree, &tree->root, "every_seconds", value_real(growth->every));
    growth_head_add(&report, growth);
    return write_now(run, &report);
}

static struct err *take_round(struct run *run, const struct source *source, double begun) {
    _cleanup_(cleanup_report) struct report report = {0};
    struct growth *growth = &run->growth;
    struct growth_round *round = &growth->round;
    struct growth_round_rows rows;
    bool first = !growth->series.rounds;
    take_measures(round, source);
    double captured = moment(round->taken_at, begun);
    run->first_capture = first ? captured : run->first_capture;
    round->seconds = captured - run->first_capture;
    TRY(series_begin(&growth->series, round->seconds, round->measures));
    TRY(take_types(&growth->series, source));
    if (first)
        TRY(show_head(run, source));
    growth_round_add(&report, growth, &rows);
    return write_now(run, &report);
}

/* ---- between rounds -------------------------------------------------------------------------- */

static bool stopped(const struct run *run) {
    return *run->cli->cancel != 0;
}

/* Sleeps until then; false if there is no further round. */
static bool wait_until(struct run *run, double then) {
    for (;;) {
        if (stopped(run)) {
            run->growth.end = GROWTH_SIGNAL;
            return false;
        }
        if (!process_alive(run->process)) {
            run->growth.end = GROWTH_EXIT;
            return false;
        }
        double left = then - now();
        if (left <= 0)
            return true;
        left = left < LOOK_EVERY ? left : LOOK_EVERY;
        const struct timespec time = {(time_t)left, (long)((left - floor(left)) * 1e9)};
        nanosleep(&time, NULL);
    }
}

/* A capture failed: false, with *err for what ends it all, else NULL; true if it may be tried again. */
static bool go_on_after(struct run *run, struct err **err) {
    struct growth *growth = &run->growth;
    bool signalled = stopped(run), alive = process_alive(run->process);
    if (!growth->series.rounds)
        return false;
    if (signalled || !alive) {
        growth->end = signalled ? GROWTH_SIGNAL : GROWTH_EXIT;
        err_free(take_pointer(*err));
        return false;
    }
    growth->failed++;
    if (++run->failures == FAILURES_IN_A_ROW || err_code(*err) == ERR_NO_LAYOUT) {
        growth->end = GROWTH_FAILED;
        return false;
    }
    fprintf(stderr, "heapglass: a round failed: %s\n", err_message(*err));
    err_free(take_pointer(*err));
    return true;
}

/* All rounds; an error if there was none, or if captures fail for good. */
static struct err *take_rounds(struct run *run) {
    struct growth *growth = &run->growth;
    uint64_t wanted = run->cli->options.rounds;
    double next = run->start = now();
    for (;;) {
        _cleanup_(cleanup_source) struct source *source = NULL;
        double begun = now();
        struct err *err = open_source(run, &source);
        if (err) {
            if (!go_on_after(run, &err))
                return err;
        } else if (!process_alive(run->process) && growth->series.rounds) {
            growth->end = GROWTH_EXIT; /* another process may have its PID by now */
            return NULL;
        } else {
            run->failures = 0;
            TRY(take_round(run, source, begun));
            source_close(take_pointer(source));
        }
        if (wanted && growth->series.rounds >= wanted) {
            growth->end = GROWTH_ROUNDS;
            return NULL;
        }
        /* Rounds begin at multiples of the interval; one that takes longer is followed by the next
         * that is still to come. */
        next += growth->every;
        if (next < now()) {
            double late = ceil((now() - next) / growth->every);
            growth->skipped += (uint64_t)late;
            next += late * growth->every;
        }
        if (!wait_until(run, next))
            return NULL;
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *show_summary(struct run *run) {
    _cleanup_(cleanup_report) struct report report = {0};
    _cleanup_(growth_summary_free) struct growth_summary summary = {0};
    /* What was seen is shown, after a signal as well. A second signal ends us. */
    run->cli->output->cancel = NULL;
    TRY(growth_summarize(&run->growth, cli_limit(run->cli, TYPES_SHOWN), cli_draws_blocks(),
                         &summary));
    growth_summary_add(&report, &summary);
    report.rows = !strcmp(run->cli->options.format, "csv") ? &summary.types : NULL;
    return cli_write(run->cli, &report);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_run) struct run run = {.cli = cli};
    pid_t pid = 0;
    TRY(cli_pid(cli->arguments[0], &pid));
    TRY(process_open(pid, &run.process));
    run.growth.pid = pid;
    run.growth.inner_pid = run.process->inner_pid;
    run.growth.every = cli->options.every > 0 ? cli->options.every : DEFAULT_EVERY;
    struct err *err = take_rounds(&run);
    if (!run.growth.series.rounds)
        return err;
    struct err *shown = show_summary(&run);
    if (!err)
        return shown;
    err_free(shown);
    return err;
}

extern const struct command command_growth;
const struct command command_growth = {
    .name = "growth",
    .arguments = "PID",
    .summary = "What grows over time, round by round",
    .details = "A line for each round, and at the end what grew, steady growth first. Without\n"
               "--rounds it goes on until Ctrl-C or the process ends; then the tables come too.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_ROUNDS | OPTION_CAPTURE,
    .run = run,
};
