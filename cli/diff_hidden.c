/* heapglass diff A B --hidden: references that nothing accounts for, and that have become more. */
#include "base/cleanup.h"
#include "cli/diff.h"
#include "introspect/analyses/hidden_growth.h"
#include "introspect/analyses/survivors.h"
#include "report/units.h"

enum { SCREEN_TYPES = 15, SCREEN_OBJECTS = 10 };

/* ---- screen ---------------------------------------------------------------------------------- */

static uint64_t unexplained_more(const struct hidden_changes *changes) {
    uint64_t more = 0;
    for (size_t i = 0; i < changes->type_count; i++) {
        const struct hidden_change *change = &changes->types[i];
        if (change->after.unexplained > change->before.unexplained)
            more += change->after.unexplained - change->before.unexplained;
    }
    return more;
}

static void answer_line(struct report *report, const struct hidden_changes *changes) {
    char count[UNITS_SIZE];
    uint64_t more = unexplained_more(changes);
    if (more)
        report_line(
            report, LINE_WARNING,
            "%s more hidden reference%s without even a guess who holds %s:\tleaked by C code",
            units_count(count, more), more == 1 ? "" : "s", more == 1 ? "it" : "them");
    else if (changes->type_count)
        report_line(report, LINE_PLAIN,
                    "no more that nothing explains; of those that words in C may be:");
    else
        report_line(report, LINE_PLAIN, "no type has more hidden references than before");
}

static struct err *show(struct cli *cli, struct diff_report *diff,
                        const struct hidden_changes *changes, bool objects) {
    struct hidden_rows type_rows, object_rows;
    struct report *report = &diff->report;
    struct tree *tree = &report->document;
    size_t type_limit = cli_limit(cli, SCREEN_TYPES), limit = cli_limit(cli, SCREEN_OBJECTS);
    hidden_type_rows_open(&type_rows, changes, type_limit);
    hidden_object_rows_open(&object_rows, changes, limit);
    struct node *group = tree_group(tree, &tree->root, "hidden");
    tree_add(tree, group, "unexplained_delta", value_count(unexplained_more(changes)));
    tree_table(tree, group, "types", &type_rows.table);
    tree_table(tree, group, "objects", &object_rows.table);
    report->rows = &type_rows.table;
    answer_line(report, changes);
    if (changes->type_count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &type_rows.table);
        diff_more_line(report, changes->type_count, type_limit, "type");
    }
    if (changes->type_count && changes->object_count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &object_rows.table);
        diff_more_line(report, changes->object_count, limit, "object");
    }
    if (!objects)
        report_line(report, LINE_FAINT, "unrelated processes: compared by type alone");
    return cli_write(cli, report);
}

/* ---- the way --------------------------------------------------------------------------------- */

static struct err *count(const struct cli *cli, const struct source *source,
                         struct hidden_counts *ret) {
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    TRY(cli_build_graph(cli, source, &graph));
    return hidden_counts_collect(graph, cli->cancel, ret);
}

struct err *diff_hidden(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *before = NULL, *after = NULL;
    _cleanup_(hidden_counts_free) struct hidden_counts old = {0}, new = {0};
    _cleanup_(hidden_changes_free) struct hidden_changes changes = {0};
    _cleanup_(cleanup_diff_report) struct diff_report diff = {.report.schema = "heapglass.diff/1"};
    TRY(diff_open(cli, &diff, 0, &before));
    TRY(count(cli, before, &old));
    TRY(diff_open(cli, &diff, 1, &after));
    TRY(count(cli, after, &new));
    bool objects = heaps_share_addresses(source_heap(before), source_heap(after));
    TRY(hidden_changes_find(&old, &new, objects, &changes));
    return show(cli, &diff, &changes, objects);
}
