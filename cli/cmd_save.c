/* heapglass save: keep a heap in a file. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "report/units.h"

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    cli->options.save = cli->arguments[1];
    return cli_open_source(cli, &source);
}

extern const struct command command_save;
const struct command command_save = {
    .name = "save",
    .arguments = "SOURCE FILE",
    .summary = "Keep the heap in a file, to be looked at later",
    .details =
        "FILE - is standard output. The file (mode 0600) may hold secrets; with --no-values\n"
        "it has only names of types, modules, functions, files and attributes, and [#n]\n"
        "for all that the program works on. Every command takes it in place of a PID.\n",
    .least_arguments = 2,
    .most_arguments = 2,
    .options = OPTION_CAPTURE | OPTION_VALUES,
    .run = run,
};
