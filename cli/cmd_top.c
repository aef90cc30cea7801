/* heapglass top: is it Python objects at all, and of which types? */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/holders.h"
#include "introspect/analyses/memory_split.h"
#include "introspect/analyses/types.h"
#include "report/units.h"
#include "words/words.h"

#include <string.h>

/* Lines of the screen around the table's rows, with the next prompt and a note that there may be;
 * and rows where there is no screen. */
enum { LINES_AROUND = 12, LEAST_ROWS = 10, MOST_ROWS = 50, DEFAULT_ROWS = 20 };

static size_t screen_rows(void) {
    unsigned rows = cli_terminal_rows();
    if (!rows)
        return DEFAULT_ROWS;
    if (rows < LINES_AROUND + LEAST_ROWS)
        return LEAST_ROWS;
    return rows - LINES_AROUND < MOST_ROWS ? rows - LINES_AROUND : MOST_ROWS;
}

/* ---- document -------------------------------------------------------------------------------- */

static void memory_node(struct report *report, const struct memory_split *split) {
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "memory");
    tree_add(tree, group, "rss", value_bytes(split->rss));
    tree_add(tree, group, "objects", value_bytes(split->objects));
    tree_add(tree, group, "pymalloc_free", value_bytes(split->pymalloc_free));
    tree_add(tree, group, "other_anonymous", value_bytes(split->other_anonymous));
    tree_add(tree, group, "files", value_bytes(split->files));
    tree_add(tree, group, "rest", value_bytes(split->rest));
}

static void totals_node(struct report *report, const struct heap *heap) {
    const struct heap_totals *totals = heap_totals(heap);
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "totals");
    tree_add(tree, group, "objects", value_count(totals->objects));
    tree_add(tree, group, "size", value_bytes(totals->size));
    tree_add(tree, group, "footprint", value_bytes(totals->footprint));
    struct node *found = tree_group(tree, group, "found");
    tree_add(tree, found, "tracked", value_count(totals->tracked));
    tree_add(tree, found, "reachable", value_count(totals->reachable));
    tree_add(tree, found, "allocator", value_count(totals->allocator));
    tree_add(tree, found, "guessed", value_count(totals->guessed));
    tree_add(tree, group, "unreachable", value_count(totals->unreachable));
}

static void accounts_node(struct report *report, const struct heap *heap) {
    const struct heap_accounts *accounts = heap_accounts(heap);
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "pymalloc");
    tree_add(tree, group, "arenas", value_count(accounts->arenas));
    tree_add(tree, group, "arena_bytes", value_bytes(accounts->arena_bytes));
    tree_add(tree, group, "pools", value_count(accounts->pools));
    tree_add(tree, group, "blocks", value_count(accounts->block_count));
    tree_add(tree, group, "block_bytes", value_bytes(accounts->block_bytes));
    tree_add(tree, group, "claimed", value_count(accounts->claimed_count));
    tree_add(tree, group, "claimed_bytes", value_bytes(accounts->claimed_bytes));
    tree_add(tree, group, "parked", value_count(accounts->parked_count));
    tree_add(tree, group, "parked_bytes", value_bytes(accounts->parked_bytes));
    tree_add(tree, group, "unclaimed", value_count(accounts->unclaimed_count));
    tree_add(tree, group, "unclaimed_bytes", value_bytes(accounts->unclaimed_bytes));
    tree_add(tree, group, "double_claims", value_count(accounts->double_claims));
    tree_add(tree, group, "free_bytes", value_bytes(accounts->free_bytes));
    tree_add(tree, group, "objects", value_bytes(accounts->pymalloc_footprint));
    tree_add(tree, group, "objects_outside", value_bytes(accounts->malloc_footprint));
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void rest_line(struct report *report, const struct types *types, size_t shown) {
    if (shown >= types->count)
        return;
    uint64_t footprint = 0;
    char count[UNITS_SIZE], size[UNITS_SIZE];
    for (size_t i = shown; i < types->count; i++)
        footprint += types->rows[i].footprint;
    report_line(report, LINE_FAINT, "%s more type%s, %s (-n 0 shows all)",
                units_count(count, types->count - shown), types->count - shown == 1 ? "" : "s",
                units_short(size, footprint));
}

/* Whether all or one of several interpreters are shown. */
static void interpreter_line(struct report *report, const struct heap *heap, int64_t interpreter) {
    char count[UNITS_SIZE];
    if (interpreter >= 0)
        report_line(report, LINE_PLAIN,
                    "Types of interpreter %lld alone, of %s:", (long long)interpreter,
                    units_count(count, heap_interpreter_count(heap)));
    else if (heap_interpreter_count(heap) > 1)
        report_line(report, LINE_FAINT,
                    "%s interpreters together; --interpreter ID shows one of them",
                    units_count(count, heap_interpreter_count(heap)));
}

static struct err *show(const struct cli *cli, const struct source *source,
                        const struct types *types, const char *sort) {
    int64_t interpreter = cli->options.interpreter;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.top/1"};
    _cleanup_(types_cursor_close) struct types_cursor cursor = {0};
    const struct heap *heap = source_heap(source);
    const struct memory_use *memory = &source_info(source)->capture.memory;
    size_t limit = cli_limit(cli, screen_rows());
    types_cursor_open(&cursor, types, limit, sort);
    const struct memory_split split = memory_split(
        heap, (struct memory_resident){memory->rss, memory->rss_anonymous, memory->rss_file});

    envelope_add(&report, source);
    memory_node(&report, &split);
    totals_node(&report, heap);
    accounts_node(&report, heap);
    if (interpreter >= 0)
        tree_add(&report.document, &report.document.root, "interpreter",
                 value_count((uint64_t)interpreter));
    tree_table(&report.document, &report.document.root, "types", &cursor.table);
    report.rows = &cursor.table;

    headline_add(&report, source_info(source));
    words_memory_split(&split, memory->swap, cli_say, &report);
    report_line(&report, LINE_PLAIN, "%s", "");
    interpreter_line(&report, heap, interpreter);
    report_table(&report, &cursor.table);
    rest_line(&report, types, limit);
    report_line(&report, LINE_PLAIN, "%s", "");
    words_heap_totals(heap_totals(heap), cli_say, &report);
    notes_add(&report, source, true);
    return cli_write(cli, &report);
}

/* ---- by holder ------------------------------------------------------------------------------- */

static struct err *show_holders(struct cli *cli, const struct source *source) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.top/1"};
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(holders_free) struct holders holders = {0};
    struct holder_rows rows;
    char count[UNITS_SIZE];
    TRY(cli_build_graph(cli, source, &graph));
    TRY(holders_find(graph, cli->cancel, &holders));
    size_t limit = cli_limit(cli, screen_rows());
    holder_rows_open(&rows, &holders, limit);
    envelope_add(&report, source);
    totals_node(&report, source_heap(source));
    tree_table(&report.document, &report.document.root, "holders", &rows.table);
    report.rows = &rows.table;
    headline_add(&report, source_info(source));
    report_line(&report, LINE_PLAIN, "%s", "");
    report_table(&report, &rows.table);
    if (holders.count > limit)
        report_line(&report, LINE_FAINT, "%s more holders (-n 0 shows all)",
                    units_count(count, holders.count - limit));
    notes_add(&report, source, true);
    return cli_write(cli, &report);
}

static bool by_holder(const struct options *options) {
    return options->by && !strcmp(options->by, "holder");
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *add_retained(const struct cli *cli, const struct source *source,
                                struct types *types) {
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_dominators) struct dominators *dominators = NULL;
    TRY(cli_build_graph(cli, source, &graph));
    TRY(cli_build_dominators(cli, graph, &dominators));
    return types_add_retained(types, dominators);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(types_free) struct types types = {0};
    const char *sort = cli->options.sort ? cli->options.sort : "footprint";
    TRY(types_sort(&types, sort)); /* a wrong key is said before the process is touched */
    if (by_holder(&cli->options) && cli->options.sort)
        return err_new(ERR_USAGE, "holders are sorted by footprint; --sort is for types");
    if (by_holder(&cli->options) && cli->options.interpreter >= 0)
        return err_new(ERR_USAGE, "holders name their interpreter; --interpreter is for types");
    if (cli->options.interpreter >= 0 && !strcmp(sort, "retained"))
        return err_new(ERR_USAGE, "retained sizes are of all interpreters: without --interpreter");
    TRY(cli_open_source(cli, &source));
    if (by_holder(&cli->options))
        return show_holders(cli, source);
    int64_t interpreter = cli->options.interpreter;
    TRY(interpreter < 0 ? types_collect(source_heap(source), &types)
                        : types_collect_of(source_heap(source), interpreter, &types));
    if (!strcmp(sort, "retained"))
        TRY(add_retained(cli, source, &types));
    TRY(types_sort(&types, sort));
    return show(cli, source, &types, sort);
}

static bool totals_only(const struct options *options) {
    return !by_holder(options) && options->interpreter < 0 &&
           (!options->sort || strcmp(options->sort, "retained") != 0);
}

extern const struct command command_top;
const struct command command_top = {
    .name = "top",
    .totals_only = totals_only,
    .arguments = "SOURCE",
    .summary = "Where the memory is, and which types take it",
    .details = "FOOTPRINT is what objects really occupy, with their buffers; SIZE is what\n"
               "sys.getsizeof says. COLUMN of --sort: footprint (default), objects, size,\n"
               "retained (what would be freed with all objects of a type), unreachable, type.\n"
               "--by holder: by the nearest container that a module, attribute or variable\n"
               "names.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_SORT | OPTION_BY |
               OPTION_INTERPRETER | OPTION_CAPTURE,
    .run = run,
};
