/* heapglass objects: one line per object, as a stream. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/objects.h"

#include <string.h>

static void cleanup_objects(struct objects **objects) {
    objects_close(*objects);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_objects) struct objects *objects = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_dominators) struct dominators *dominators = NULL;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.objects/1"};
    const struct options *options = &cli->options;
    bool text = !strcmp(options->format, "text");
    if (text && options->refs)
        return err_new(ERR_USAGE, "--refs is for --json and --csv; `heapglass object` shows one "
                                  "object's references");
    TRY(objects_check_sort(options->sort));
    TRY(cli_open_source(cli, &source));
    if (options->sort && !strcmp(options->sort, "retained")) {
        TRY(cli_build_graph(cli, source, &graph));
        TRY(cli_build_dominators(cli, graph, &dominators));
    }
    const struct objects_query query = {
        .type = options->type,
        .unreachable = options->unreachable,
        .interpreter = options->interpreter < 0 ? NULL : &options->interpreter,
        .sort = options->sort,
        .dominators = dominators,
        .limit = options->limit == UINT64_MAX ? 0 : options->limit,
        .refs = options->refs,
        .values = text && !options->no_values,
    };
    TRY(objects_open(source_heap(source), &query, &objects));
    envelope_add(&report, source);
    report.rows = objects_table(objects);
    report.json_lines = true;
    report_table(&report, report.rows);
    TRY(cli_write(cli, &report));
    return objects_error(objects);
}

extern const struct command command_objects;
const struct command command_objects = {
    .name = "objects",
    .arguments = "SOURCE",
    .summary = "One line per object",
    .details = "GLOB is a qualified name such as shop.models.Order, with * ? [ ] as in a shell;\n"
               "a name without its module will do if only one type has it. COLUMN of --sort:\n"
               "address (default), type, size, footprint, refcount, retained (what would be\n"
               "freed with it). --json: JSON lines.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_SORT | OPTION_CAPTURE |
               OPTION_INTERPRETER | OPTION_FILTER | OPTION_REFS | OPTION_VALUES,
    .run = run,
};
