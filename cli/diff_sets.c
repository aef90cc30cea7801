/* heapglass diff A B --only, and A B C: objects that came, went, or came to stay. */
#include "base/cleanup.h"
#include "cli/diff.h"
#include "introspect/analyses/survivors.h"
#include "report/units.h"

#include <string.h>

enum { SCREEN_PATHS = 10, SCREEN_TYPES = 12 };

static struct err *check_addresses(const struct source *one, const struct source *other) {
    if (heaps_share_addresses(source_heap(one), source_heap(other)))
        return NULL;
    return err_new(ERR_FAILED, "these are unrelated processes: no object of one is in the other; "
                               "diff A B compares types and paths");
}

/* ---- what is shown --------------------------------------------------------------------------- */

/* "5,000 objects came, 1.4M in all": one line for what `said` says. */
static void set_line(struct report *report, const struct object_set *set, const char *said) {
    char count[UNITS_SIZE], bytes[UNITS_SIZE];
    if (set->count)
        report_line(report, LINE_STRONG, "%s object%s %s,\t%s in all",
                    units_count(count, set->count), set->count == 1 ? "" : "s", said,
                    units_short(bytes, set->footprint));
    else
        report_line(report, LINE_STRONG, "no object %s", said);
    if (set->unproven)
        report_line(report, LINE_FAINT,
                    "of %s of them nothing but address, type and size tells that they are the same",
                    units_count(count, set->unproven));
}

static struct err *show(struct cli *cli, struct diff_report *diff, const char *key,
                        const char *said, const struct object_set *set,
                        const struct set_summary *summary) {
    struct set_rows paths, types;
    struct report *report = &diff->report;
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, key);
    size_t path_limit = cli_limit(cli, SCREEN_PATHS), type_limit = cli_limit(cli, SCREEN_TYPES);
    set_path_rows_open(&paths, summary, path_limit);
    set_type_rows_open(&types, summary, type_limit);
    tree_add(tree, group, "objects", value_count(set->count));
    tree_add(tree, group, "footprint", value_bytes(set->footprint));
    tree_add(tree, group, "unproven", value_count(set->unproven));
    tree_table(tree, group, "paths", &paths.table);
    tree_table(tree, group, "types", &types.table);
    report->rows = &types.table;
    set_line(report, set, said);
    if (set->count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &paths.table);
        diff_more_line(report, summary->path_count, path_limit, "path");
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &types.table);
        diff_more_line(report, summary->type_count, type_limit, "type");
    }
    return cli_write(cli, report);
}

static struct err *summarise_and_show(struct cli *cli, struct diff_report *diff, const char *key,
                                      const char *said, const struct source *source,
                                      const struct object_set *set) {
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(set_summary_free) struct set_summary summary = {0};
    if (set->count) {
        TRY(cli_build_graph(cli, source, &graph));
        TRY(set_summarise(set, graph, cli->cancel, &summary));
    }
    return show(cli, diff, key, said, set, &summary);
}

/* ---- the ways -------------------------------------------------------------------------------- */

struct err *diff_only(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *before = NULL, *after = NULL;
    _cleanup_(object_set_free) struct object_set set = {0};
    _cleanup_(cleanup_diff_report) struct diff_report diff = {.report.schema = "heapglass.diff/1"};
    bool new = !strcmp(cli->options.only, "new");
    TRY(diff_open(cli, &diff, 0, &before));
    TRY(diff_open(cli, &diff, 1, &after));
    TRY(check_addresses(before, after));
    const struct source *has = new ? after : before, *lacks = new ? before : after;
    TRY(objects_missing_in(source_heap(has), source_heap(lacks), cli->cancel, &set));
    return summarise_and_show(cli, &diff, cli->options.only, new ? "came after A" : "of A are gone",
                              has, &set);
}

struct err *diff_survivors(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *first = NULL, *middle = NULL, *last = NULL;
    _cleanup_(object_set_free) struct object_set set = {0};
    _cleanup_(cleanup_diff_report) struct diff_report diff = {.report.schema = "heapglass.diff/1"};
    TRY(diff_open(cli, &diff, 0, &first));
    TRY(diff_open(cli, &diff, 1, &middle));
    TRY(check_addresses(first, middle));
    TRY(diff_open(cli, &diff, 2, &last));
    TRY(check_addresses(middle, last));
    TRY(survivors_find(source_heap(first), source_heap(middle), source_heap(last), cli->cancel,
                       &set));
    return summarise_and_show(cli, &diff, "survivors", "came between A and B, still there in C",
                              last, &set);
}
