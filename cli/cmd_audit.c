/* heapglass audit: which objects have references that no Python object accounts for? */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/audit.h"
#include "introspect/analyses/objects.h"
#include "report/units.h"

enum { SCREEN_ROWS = 15 };

struct tables {
    struct audit_rows types, objects, overcounted_types, overcounted_objects;
};

static void cleanup_tables(struct tables *tables) {
    audit_rows_close(&tables->types);
    audit_rows_close(&tables->objects);
    audit_rows_close(&tables->overcounted_types);
    audit_rows_close(&tables->overcounted_objects);
}

/* ---- document -------------------------------------------------------------------------------- */

static void add_totals(struct report *report, const char *key, const struct audit_part *part) {
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, key);
    int64_t hidden = 0;
    uint64_t nobody = 0;
    for (size_t i = 0; i < part->type_count; i++) {
        hidden += part->types[i].hidden;
        nobody += part->types[i].by[AUDIT_NOBODY];
    }
    tree_add(tree, group, "objects", value_count(part->all_objects));
    tree_add(tree, group, "hidden", value_signed(hidden));
    tree_add(tree, group, "nobody", value_count(nobody));
}

static void add_document(struct report *report, const struct audit *audit,
                         const struct tables *tables) {
    struct tree *tree = &report->document;
    add_totals(report, "totals", &audit->hidden);
    tree_table(tree, &tree->root, "types", &tables->types.table);
    tree_table(tree, &tree->root, "objects", &tables->objects.table);
    struct node *group = tree_group(tree, &tree->root, "overcounted");
    tree_table(tree, group, "types", &tables->overcounted_types.table);
    tree_table(tree, group, "objects", &tables->overcounted_objects.table);
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void more_line(struct report *report, uint64_t count, size_t limit, const char *what) {
    char number[UNITS_SIZE];
    if (count > limit)
        report_line(report, LINE_FAINT, "%s more %s (-n 0 shows all)",
                    units_count(number, count - limit), what);
}

static void add_screen(struct report *report, const struct audit *audit,
                       const struct tables *tables, size_t limit) {
    const struct audit_part *hidden = &audit->hidden, *overcounted = &audit->overcounted;
    char count[UNITS_SIZE];
    if (!hidden->type_count) {
        report_line(report, LINE_PLAIN, "every reference that a refcount counts was found");
    } else {
        report_table(report, &tables->types.table);
        more_line(report, hidden->type_count, limit, "types");
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, &tables->objects.table);
        more_line(report, hidden->all_objects, limit, "objects");
    }
    if (overcounted->type_count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_line(report, LINE_WARNING,
                    "%s objects have more references than their refcount says:\ta missing "
                    "Py_INCREF,\tor an error of heapglass",
                    units_count(count, overcounted->all_objects));
        report_table(report, &tables->overcounted_types.table);
        report_table(report, &tables->overcounted_objects.table);
    }
}

static struct err *show(const struct cli *cli, const struct source *source,
                        const struct audit *audit, size_t limit) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.audit/1"};
    _cleanup_(cleanup_tables) struct tables tables = {0};
    bool values = !cli->options.no_values;
    audit_types_open(&tables.types, audit, &audit->hidden, limit);
    audit_objects_open(&tables.objects, audit, &audit->hidden, limit, values);
    audit_types_open(&tables.overcounted_types, audit, &audit->overcounted, limit);
    audit_objects_open(&tables.overcounted_objects, audit, &audit->overcounted, limit, values);
    envelope_add(&report, source);
    add_document(&report, audit, &tables);
    report.rows = &tables.types.table;
    headline_add(&report, source_info(source));
    add_screen(&report, audit, &tables, limit);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

static void cleanup_audit(struct audit *audit) {
    audit_free(audit);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_audit) struct audit audit = {0};
    _cleanup_(cleanup_free) bool *wanted = NULL;
    const struct graph_options options = {.cancel = cli->cancel};
    size_t limit = cli_limit(cli, SCREEN_ROWS);
    TRY(cli_open_source(cli, &source));
    const struct heap *heap = source_heap(source);
    if (cli->options.type)
        TRY(types_matching(heap, cli->options.type, &wanted));
    TRY(graph_build(heap, &options, &graph));
    TRY(audit_collect(graph, wanted, limit, cli->cancel, &audit));
    return show(cli, source, &audit, limit);
}

extern const struct command command_audit;
const struct command command_audit = {
    .name = "audit",
    .arguments = "PID",
    .summary = "References that no Python object accounts for: held from C, or leaked",
    .details = "HIDDEN is the refcount less the references found.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options =
        OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_CAPTURE | OPTION_FILTER | OPTION_VALUES,
    .run = run,
};
