/* heapglass dominators: the retained tree, from the biggest down. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/dominator_rows.h"
#include "report/units.h"

#include <string.h>

enum { SCREEN_ROWS = 20 };

/* What hangs from which node: all roots, the hidden references, or an object. */
static struct err *find_node(const struct cli *cli, const struct source *source, uint32_t *node) {
    if (cli->argument_count < 2) {
        *node = DOMINATORS_ROOT;
        return NULL;
    }
    if (!strcmp(cli->arguments[1], "hidden")) {
        *node = DOMINATORS_HIDDEN;
        return NULL;
    }
    return cli_object(source, cli->arguments[1], node);
}

static void add_head(struct report *report, const struct dominators *dominators,
                     const struct heap *heap, uint32_t node) {
    struct tree *tree = &report->document;
    char size[UNITS_SIZE], all[UNITS_SIZE];
    uint64_t retained = dominators_retained(dominators, node);
    tree_add(tree, &tree->root, "retained", value_bytes(retained));
    tree_add(tree, &tree->root, "address",
             node < heap_count(heap) ? value_address(heap_address(heap, node)) : value_none());
    units_short(size, retained);
    if (node == DOMINATORS_ROOT)
        report_line(report, LINE_STRONG,
                    "%s of %s are kept alive:\tthe biggest that one object keeps alone", size,
                    units_short(all, heap_totals(heap)->footprint));
    else if (node == DOMINATORS_HIDDEN)
        report_line(report, LINE_STRONG, "%s are kept by hidden references alone (see audit)",
                    size);
    else
        report_line(report, LINE_STRONG, "%s at %#llx keeps %s alone", heap_type(heap, node)->name,
                    (unsigned long long)heap_address(heap, node), size);
    report_line(report, LINE_PLAIN, "%s", "");
}

/* What is in no tree since nothing keeps it. */
static void add_rest(struct report *report, const struct dominators *dominators,
                     const struct heap *heap, uint32_t node) {
    uint64_t kept = dominators_retained(dominators, DOMINATORS_ROOT);
    uint64_t all = heap_totals(heap)->footprint;
    char size[UNITS_SIZE];
    if (node == DOMINATORS_ROOT && all > kept)
        report_line(report, LINE_PLAIN, "%s are kept by nothing:\tgarbage (see garbage)",
                    units_short(size, all - kept));
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_dominators) struct dominators *dominators = NULL;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.dominators/1"};
    _cleanup_(dominator_rows_close) struct dominator_rows rows = {0};
    uint32_t node = HEAP_NONE;
    char count[UNITS_SIZE];
    uint64_t address = 0;
    if (cli->argument_count > 1 && strcmp(cli->arguments[1], "hidden") != 0)
        TRY(parse_address(cli->arguments[1], &address)); /* before the process is touched */
    TRY(cli_open_source(cli, &source));
    const struct heap *heap = source_heap(source);
    TRY(find_node(cli, source, &node));
    TRY(cli_build_graph(cli, source, &graph));
    TRY(cli_build_dominators(cli, graph, &dominators));
    size_t limit = cli_limit(cli, SCREEN_ROWS);
    TRY(dominator_rows_open(&rows, graph, dominators, node, limit, !cli->options.no_values));
    envelope_add(&report, source);
    add_head(&report, dominators, heap, node);
    tree_table(&report.document, &report.document.root, "dominators", &rows.table);
    report.rows = &rows.table;
    report_table(&report, &rows.table);
    if (rows.count > limit)
        report_line(&report, LINE_FAINT, "%s more (-n 0 shows all)",
                    units_count(count, rows.count - limit));
    add_rest(&report, dominators, heap, node);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

extern const struct command command_dominators;
const struct command command_dominators = {
    .name = "dominators",
    .arguments = "SOURCE [ADDR|hidden]",
    .summary = "What each object alone keeps alive",
    .details = "Biggest first. ADDRESS walks into the tree: what hangs from that object.\n"
               "hidden: what hangs from references that no Python object accounts for.\n",
    .least_arguments = 1,
    .most_arguments = 2,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES,
    .run = run,
};
