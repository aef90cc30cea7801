#include "cli/growth_capture.h"

#include "base/cleanup.h"
#include "cli/progress.h"
#include "cli/screen.h"
#include "introspect/analyses/growth_types.h"
#include "source/measures.h"
#include "source/snapshot_output.h"

#include <string.h>
#include <sys/stat.h>

static struct source_options source_options(const struct cli *cli, struct progress *progress) {
    const struct options *options = &cli->options;
    bool totals_only = !options->save && !options->containers;
    return (struct source_options){
        .strategy = options->pause,
        .max_pause = options->max_pause,
        .max_memory = options->max_memory,
        .python = options->python,
        .totals_only = totals_only,
        .names = !totals_only,
        .cancel = cli->cancel,
        .progress = progress_phase,
        .progress_context = progress,
    };
}

struct err *growth_capture(const struct cli *cli, pid_t pid, struct source **ret) {
    struct progress *progress = progress_start(cli->options.quiet);
    const struct source_options options = source_options(cli, progress);
    struct err *err = source_open_pid(pid, &options, ret);
    progress_end(progress);
    return err;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

struct err *growth_check_save(const struct options *options) {
    struct stat status;
    if (!options->save)
        return options->no_values
                   ? err_new(ERR_USAGE, "no values are shown here; --no-values is for --save")
                   : NULL;
    if (options->output && !strcmp(options->save, options->output))
        return err_new(ERR_USAGE, "--save and -o need a file each");
    if (!strcmp(options->save, "-") || (!stat(options->save, &status) && !S_ISREG(status.st_mode)))
        return err_new(ERR_USAGE, "--save %s: each round writes it anew, so it must be a file",
                       options->save);
    return NULL;
}

struct err *growth_save(const struct cli *cli, struct source *source) {
    struct snapshot_output *output = NULL;
    if (cli->options.no_values)
        TRY(source_hide_values(source));
    TRY(snapshot_output_open(cli->options.save, cli->cancel, &output));
    struct progress *progress = progress_start(cli->options.quiet);
    const struct source_options options = source_options(cli, progress);
    struct err *err = source_save(source, output, &options);
    progress_end(progress);
    snapshot_output_close(output);
    return err;
}

/* ---- a round --------------------------------------------------------------------------------- */

static void take_measures(struct growth_round *round, const struct source *source) {
    const struct capture_result *capture = &source_info(source)->capture;
    const struct damage_list *damage = heap_damage(source_heap(source));
    round->pause_seconds = capture->pause_seconds;
    round->taken_at = capture->taken_at;
    round->cgroup_max = capture->memory.cgroup_max;
    round->damage = 0;
    for (size_t i = 0; i < damage->count; i++)
        round->damage += damage->items[i].count;
    source_measures(source, round->measures);
}

static struct err *take_types(struct series *series, const struct source *source) {
    _cleanup_(type_counts_free) struct type_counts types = {0};
    TRY(type_counts_collect(source_heap(source), &types));
    return type_counts_end_round(&types, series);
}

/* What holds more than in the first round. Of the newest containers the changes borrow names. */
static struct err *find_changes(const struct cli *cli, const struct graph *graph,
                                struct growth *growth) {
    container_changes_free(&growth->changes);
    containers_free(&growth->newest);
    TRY(containers_collect(graph, cli->cancel, &growth->newest));
    struct err *err = container_changes_find(&growth->oldest, &growth->newest, &growth->changes);
    containers_forget_graph(&growth->newest);
    return err;
}

static struct err *take_containers(const struct cli *cli, const struct source *source,
                                   struct growth *growth) {
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    TRY(cli_build_graph(cli, source, &graph));
    if (growth->has_containers)
        return find_changes(cli, graph, growth);
    TRY(containers_collect(graph, cli->cancel, &growth->oldest));
    containers_forget_graph(&growth->oldest);
    growth->has_containers = true;
    return NULL;
}

struct err *growth_take(const struct cli *cli, const struct source *source, double seconds,
                        struct growth *growth) {
    /* First what may fail or be cut short, so that a round is taken whole. */
    if (cli->options.containers)
        TRY(take_containers(cli, source, growth));
    struct growth_round *round = &growth->round;
    take_measures(round, source);
    round->seconds = seconds;
    if (!growth->series.rounds)
        growth->first_taken_at = round->taken_at;
    TRY(series_begin(&growth->series, round->seconds, round->measures));
    return take_types(&growth->series, source);
}
