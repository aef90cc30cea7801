/* heapglass diff: what has grown between two heaps, and what has come to stay. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/container_growth.h"
#include "introspect/analyses/growth_types.h"
#include "report/units.h"

#include <string.h>

enum {
    SCREEN_CONTAINERS = 10,
    SCREEN_TYPES = 12,
    LEAST_PART = 100,        /* of what the first container holds more */
    LEAST_BYTES = 16 * 1024, /* buffers that come and go are smaller */
    LEAST_ENTRIES = 100,
};

/* What is kept of a source when it is closed. */
struct side {
    struct type_counts types;
    struct containers containers;
    uint64_t objects, footprint;
};

struct diff {
    struct report report;
    struct node *sources, *damage;
    struct side before, after;
    struct type_changes types;
    struct container_changes containers;
};

static void cleanup_side(struct side *side) {
    type_counts_free(&side->types);
    containers_free(&side->containers);
}

static void cleanup_diff(struct diff *diff) {
    report_clear(&diff->report);
    type_changes_free(&diff->types);
    container_changes_free(&diff->containers);
    cleanup_side(&diff->before);
    cleanup_side(&diff->after);
}

/* ---- what is compared ------------------------------------------------------------------------ */

static void add_source(struct diff *diff, const struct source *source) {
    struct tree *tree = &diff->report.document;
    if (!diff->sources) {
        diff->sources = tree_list(tree, &tree->root, "sources");
        diff->damage = tree_list(tree, &tree->root, "damage");
    }
    source_add(&diff->report, tree_group(tree, diff->sources, NULL), source);
    damage_add_to(&diff->report, diff->damage, source_heap(source));
    headline_add(&diff->report, source_info(source));
}

static void add_up(struct side *side, const struct heap *heap) {
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        side->objects += heap_type_sums(heap, i)->objects;
        side->footprint += heap_type_sums(heap, i)->footprint;
    }
}

static struct err *read_side(const struct cli *cli, const struct source *source,
                             const struct graph *graph, struct side *side) {
    TRY(type_counts_collect(source_heap(source), &side->types));
    add_up(side, source_heap(source));
    return containers_collect(graph, cli->cancel, &side->containers);
}

static struct err *read_before(struct cli *cli, struct diff *diff) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    TRY(cli_open(cli, cli->arguments[0], &source));
    add_source(diff, source);
    TRY(cli_build_graph(cli, source, &graph));
    struct err *err = read_side(cli, source, graph, &diff->before);
    containers_forget_graph(&diff->before.containers);
    return err;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void more_line(struct report *report, uint64_t count, size_t shown, const char *what) {
    char number[UNITS_SIZE];
    if (count > shown)
        report_line(report, LINE_FAINT, "%s more %s%s (-n 0 shows all)",
                    units_count(number, count - shown), what, count - shown == 1 ? "" : "s");
}

static void totals_line(struct report *report, const struct diff *diff) {
    char bytes[UNITS_SIZE], before[UNITS_SIZE], after[UNITS_SIZE], objects[UNITS_SIZE];
    int64_t more = (int64_t)(diff->after.footprint - diff->before.footprint);
    report_line(report, LINE_PLAIN, "Python objects %s → %s\t(%s),\t%s objects",
                units_short(before, diff->before.footprint),
                units_short(after, diff->after.footprint), units_change_bytes(bytes, more),
                units_change(objects, (int64_t)(diff->after.objects - diff->before.objects)));
}

/* How many of the containers are worth a line, next to what the first one holds more. */
static size_t worth_showing(const struct container_changes *changes) {
    size_t count = 0;
    for (; count < changes->count; count++) {
        const struct container_change *first = &changes->items[0], *change = first + count;
        uint64_t bytes = change->held_after - change->held_before;
        int64_t entries = (int64_t)(change->entries_after - change->entries_before);
        if (bytes < (first->held_after - first->held_before) / LEAST_PART ||
            (bytes < LEAST_BYTES && entries < LEAST_ENTRIES))
            break;
    }
    return count;
}

static void rest_line(struct report *report, const struct container_changes *changes, size_t shown,
                      size_t worth) {
    char count[UNITS_SIZE], bytes[UNITS_SIZE];
    uint64_t rest = 0;
    for (size_t i = shown; i < changes->count; i++)
        rest += changes->items[i].held_after - changes->items[i].held_before;
    if (shown < changes->count)
        report_line(report, LINE_FAINT, "%s more container%s%s, +%s (-n 0 shows all)",
                    units_count(count, changes->count - shown),
                    changes->count - shown == 1 ? "" : "s",
                    shown < worth ? "" : " by next to nothing", units_short(bytes, rest));
}

static void containers_screen(struct report *report, const struct diff *diff,
                              const struct container_change_rows *rows, size_t worth) {
    if (rows->limit)
        report_table(report, &rows->table);
    else
        report_line(report, LINE_PLAIN, "no container holds more than before");
    rest_line(report, &diff->containers, rows->limit, worth);
}

static struct err *show(const struct cli *cli, struct diff *diff) {
    _cleanup_(container_change_rows_close) struct container_change_rows containers = {0};
    struct type_change_rows types;
    struct report *report = &diff->report;
    struct tree *tree = &report->document;
    bool text = !strcmp(cli->options.format, "text");
    size_t worth = worth_showing(&diff->containers);
    size_t limit = cli_limit(cli, worth < SCREEN_CONTAINERS ? worth : SCREEN_CONTAINERS);
    container_change_rows_open(&containers, &diff->containers, limit);
    limit = cli_limit(cli, SCREEN_TYPES);
    if (text && limit > diff->types.grown)
        limit = diff->types.grown;
    type_change_rows_open(&types, &diff->types, limit);
    tree_table(tree, &tree->root, "containers", &containers.table);
    tree_table(tree, &tree->root, "types", &types.table);
    report->rows = &types.table;
    totals_line(report, diff);
    report_line(report, LINE_PLAIN, "%s", "");
    containers_screen(report, diff, &containers, worth);
    report_line(report, LINE_PLAIN, "%s", "");
    report_table(report, &types.table);
    more_line(report, diff->types.grown, limit, "type");
    return cli_write(cli, report);
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_diff) struct diff diff = {.report = {.schema = "heapglass.diff/1"}};
    TRY(read_before(cli, &diff));
    TRY(cli_open(cli, cli->arguments[1], &source));
    add_source(&diff, source);
    TRY(cli_build_graph(cli, source, &graph));
    TRY(read_side(cli, source, graph, &diff.after));
    TRY(type_changes_find(&diff.before.types, &diff.after.types, &diff.types));
    TRY(container_changes_find(&diff.before.containers, &diff.after.containers, &diff.containers));
    return show(cli, &diff);
}

extern const struct command command_diff;
const struct command command_diff = {
    .name = "diff",
    .arguments = "A B",
    .summary = "Which containers and types have grown",
    .details = "A and B are two moments of one process, or a process and a fork of it; of others\n"
               "containers are compared by path alone.\n",
    .least_arguments = 2,
    .most_arguments = 2,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_CAPTURE,
    .run = run,
};
