/* heapglass diff: what has grown between two heaps, and what has come to stay. */
#include "base/cleanup.h"
#include "cli/diff.h"
#include "introspect/analyses/container_growth.h"
#include "introspect/analyses/garbage.h"
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
    uint64_t objects, footprint, garbage_objects, garbage_footprint;
};

struct growth {
    struct side before, after;
    struct type_changes types;
    struct container_changes containers;
};

static void cleanup_side(struct side *side) {
    type_counts_free(&side->types);
    containers_free(&side->containers);
}

static void cleanup_growth(struct growth *growth) {
    type_changes_free(&growth->types);
    container_changes_free(&growth->containers);
    cleanup_side(&growth->before);
    cleanup_side(&growth->after);
}

/* ---- for all ways to compare ----------------------------------------------------------------- */

void cleanup_diff_report(struct diff_report *diff) {
    report_clear(&diff->report);
}

struct err *diff_open(const struct cli *cli, struct diff_report *diff, int argument,
                      struct source **ret) {
    struct tree *tree = &diff->report.document;
    TRY(cli_open(cli, cli->arguments[argument], ret));
    if (!diff->sources) {
        diff->sources = tree_list(tree, &tree->root, "sources");
        diff->damage = tree_list(tree, &tree->root, "damage");
    }
    source_add(&diff->report, tree_group(tree, diff->sources, NULL), *ret);
    damage_add_to(&diff->report, diff->damage, source_heap(*ret));
    headline_add(&diff->report, source_info(*ret));
    notes_add(&diff->report, *ret, false);
    return NULL;
}

void diff_more_line(struct report *report, uint64_t count, size_t shown, const char *what) {
    char number[UNITS_SIZE];
    if (count > shown)
        report_line(report, LINE_FAINT, "%s more %s%s (-n 0 shows all)",
                    units_count(number, count - shown), what, count - shown == 1 ? "" : "s");
}

/* ---- what is compared ------------------------------------------------------------------------ */

static void add_up(struct side *side, const struct heap *heap) {
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        side->objects += heap_type_sums(heap, i)->objects;
        side->footprint += heap_type_sums(heap, i)->footprint;
    }
}

/* What gc.collect() would free, of all interpreters. */
static struct err *find_garbage(const struct cli *cli, const struct graph *graph,
                                struct side *side) {
    for (size_t i = 0; i < heap_interpreter_count(graph->heap); i++) {
        _cleanup_(garbage_free) struct garbage garbage = {0};
        TRY(garbage_find(graph, heap_interpreter_id(graph->heap, i), cli->cancel, &garbage));
        side->garbage_objects += garbage.member_count;
        side->garbage_footprint += garbage.footprint;
    }
    return NULL;
}

static struct err *read_side(const struct cli *cli, const struct source *source,
                             const struct graph *graph, struct side *side) {
    TRY(type_counts_collect(source_heap(source), &side->types));
    add_up(side, source_heap(source));
    TRY(containers_collect(graph, cli->cancel, &side->containers));
    return side->containers.unreached ? find_garbage(cli, graph, side) : NULL;
}

static struct err *read_before(const struct cli *cli, struct diff_report *diff, struct side *side) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    TRY(diff_open(cli, diff, 0, &source));
    TRY(cli_build_graph(cli, source, &graph));
    struct err *err = read_side(cli, source, graph, side);
    containers_forget_graph(&side->containers);
    return err;
}

/* ---- document -------------------------------------------------------------------------------- */

static void sum_node(struct tree *tree, const char *key, uint64_t objects_before,
                     uint64_t objects_after, uint64_t footprint_before, uint64_t footprint_after) {
    struct node *group = tree_group(tree, &tree->root, key);
    tree_add(tree, group, "before", value_count(objects_before));
    tree_add(tree, group, "after", value_count(objects_after));
    tree_add(tree, group, "delta", value_change((int64_t)(objects_after - objects_before)));
    tree_add(tree, group, "footprint_before", value_bytes(footprint_before));
    tree_add(tree, group, "footprint_after", value_bytes(footprint_after));
    tree_add(tree, group, "footprint_delta",
             value_change_bytes((int64_t)(footprint_after - footprint_before)));
}

static void add_document(struct report *report, const struct growth *growth,
                         const struct table *containers, const struct table *types) {
    const struct side *before = &growth->before, *after = &growth->after;
    struct tree *tree = &report->document;
    tree_add(tree, &tree->root, "matched_by",
             value_text(growth->containers.by_path ? "path" : "address"));
    sum_node(tree, "totals", before->objects, after->objects, before->footprint, after->footprint);
    tree_table(tree, &tree->root, "containers", containers);
    sum_node(tree, "garbage", before->garbage_objects, after->garbage_objects,
             before->garbage_footprint, after->garbage_footprint);
    sum_node(tree, "unreached", before->containers.unreached, after->containers.unreached,
             before->containers.unreached_footprint, after->containers.unreached_footprint);
    tree_table(tree, &tree->root, "types", types);
    report->rows = types;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void totals_line(struct report *report, const struct growth *growth) {
    char bytes[UNITS_SIZE], before[UNITS_SIZE], after[UNITS_SIZE], objects[UNITS_SIZE];
    int64_t more = (int64_t)(growth->after.footprint - growth->before.footprint);
    report_line(report, LINE_PLAIN, "Python objects %s → %s\t(%s),\t%s objects",
                units_short(before, growth->before.footprint),
                units_short(after, growth->after.footprint), units_change_bytes(bytes, more),
                units_change(objects, (int64_t)(growth->after.objects - growth->before.objects)));
    if (growth->containers.by_path)
        report_line(report, LINE_FAINT,
                    "unrelated processes: containers are compared by path, not by address");
}

static int64_t bytes_more(const struct container_change *change) {
    return (int64_t)(change->held_after - change->held_before);
}

/* What no root leads to holds nothing, but it may be what has grown most. */
static bool garbage_line(struct report *report, const struct growth *growth, int64_t least) {
    const struct side *before = &growth->before, *after = &growth->after;
    char old[UNITS_SIZE], new[UNITS_SIZE], bytes[UNITS_SIZE];
    int64_t more = (int64_t)(after->garbage_footprint - before->garbage_footprint);
    if (more < LEAST_BYTES || more < least)
        return false;
    report_line(report, LINE_WARNING,
                "collectable garbage, not held:\t%s → %s objects,\t%s\t(see heapglass garbage)",
                units_count(old, before->garbage_objects), units_count(new, after->garbage_objects),
                units_change_bytes(bytes, more));
    return true;
}

/* How many of the containers are worth a line, next to what the first one holds more. */
static size_t worth_showing(const struct container_changes *changes) {
    size_t count = 0;
    for (; count < changes->count; count++) {
        const struct container_change *change = &changes->items[count];
        int64_t entries = (int64_t)(change->entries_after - change->entries_before);
        if (bytes_more(change) < bytes_more(&changes->items[0]) / LEAST_PART ||
            (bytes_more(change) < LEAST_BYTES && entries < LEAST_ENTRIES))
            break;
    }
    return count;
}

static void rest_line(struct report *report, const struct container_changes *changes, size_t shown,
                      size_t worth) {
    char count[UNITS_SIZE], bytes[UNITS_SIZE];
    uint64_t rest = 0;
    for (size_t i = shown; i < changes->count; i++)
        rest += (uint64_t)bytes_more(&changes->items[i]);
    if (shown < worth || rest >= LEAST_BYTES)
        report_line(report, LINE_FAINT, "%s more container%s, +%s together (-n 0 shows all)",
                    units_count(count, changes->count - shown),
                    changes->count - shown == 1 ? "" : "s", units_short(bytes, rest));
}

static void containers_screen(struct report *report, const struct growth *growth,
                              const struct container_change_rows *rows, size_t worth) {
    const struct container_changes *changes = &growth->containers;
    int64_t first = changes->count ? bytes_more(&changes->items[0]) : 0;
    bool garbage = garbage_line(report, growth, first);
    if (garbage && rows->limit)
        report_line(report, LINE_PLAIN, "%s", "");
    if (rows->limit)
        report_table(report, &rows->table);
    else
        report_line(report, LINE_PLAIN, "no container holds more than before");
    rest_line(report, changes, rows->limit, worth);
    if (!garbage)
        garbage_line(report, growth, 0);
}

static struct err *show(const struct cli *cli, struct report *report, const struct growth *growth) {
    _cleanup_(container_change_rows_close) struct container_change_rows containers = {0};
    struct type_change_rows types;
    bool text = !strcmp(cli->options.format, "text");
    size_t worth = worth_showing(&growth->containers);
    size_t limit = cli_limit(cli, worth < SCREEN_CONTAINERS ? worth : SCREEN_CONTAINERS);
    container_change_rows_open(&containers, &growth->containers, limit);
    limit = cli_limit(cli, SCREEN_TYPES);
    if (text && limit > growth->types.grown)
        limit = growth->types.grown;
    type_change_rows_open(&types, &growth->types, limit);
    add_document(report, growth, &containers.table, &types.table);
    totals_line(report, growth);
    report_line(report, LINE_PLAIN, "%s", "");
    containers_screen(report, growth, &containers, worth);
    if (limit) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &types.table);
        diff_more_line(report, growth->types.grown, limit, "type");
    }
    return cli_write(cli, report);
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *diff_growth(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_growth) struct growth growth = {0};
    _cleanup_(cleanup_diff_report) struct diff_report diff = {.report.schema = "heapglass.diff/1"};
    TRY(read_before(cli, &diff, &growth.before));
    TRY(diff_open(cli, &diff, 1, &source));
    TRY(cli_build_graph(cli, source, &graph));
    TRY(read_side(cli, source, graph, &growth.after));
    TRY(type_changes_find(&growth.before.types, &growth.after.types, &growth.types));
    TRY(container_changes_find(&growth.before.containers, &growth.after.containers,
                               &growth.containers));
    return show(cli, &diff.report, &growth);
}

static struct err *run(struct cli *cli) {
    bool two = cli->argument_count == 2, has_process = false;
    for (int i = 0; i < cli->argument_count; i++)
        has_process |= cli_is_pid(cli->arguments[i]);
    if (!has_process)
        TRY(cli_check_file(cli, cli->arguments[0]));
    if (cli->options.save)
        return err_new(ERR_USAGE,
                       "--save keeps one heap; heapglass save PID FILE does it for each");
    if (cli->options.only && cli->options.hidden)
        return err_new(ERR_USAGE, "--only and --hidden exclude each other");
    if (!two && (cli->options.only || cli->options.hidden))
        return err_new(ERR_USAGE, "--%s compares two, not three",
                       cli->options.only ? "only" : "hidden");
    if (!two)
        return diff_survivors(cli);
    if (cli->options.only)
        return diff_only(cli);
    return cli->options.hidden ? diff_hidden(cli) : diff_growth(cli);
}

extern const struct command command_diff;
const struct command command_diff = {
    .name = "diff",
    .arguments = "A B [C]",
    .summary = "What grew from A to B: containers and types",
    .details = "Each is a PID or a snapshot file: moments of one process (heapglass save), or a\n"
               "process and its fork; of unrelated ones\n"
               "containers are compared by path. With C: the objects that came between A and B\n"
               "and are still there in C, by path and type. WHAT of --only: new or gone.\n",
    .least_arguments = 2,
    .most_arguments = 3,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_CAPTURE | OPTION_DIFF,
    .run = run,
};
