/* heapglass refs: one level, or a tree. */
#include "cli/reference_command.h"

static struct err *run(struct cli *cli) {
    return reference_command(cli, TOWARDS_REFERENCES);
}

extern const struct command command_refs;
const struct command command_refs = {
    .name = "refs",
    .arguments = "SOURCE ADDRESS",
    .summary = "What an object refers to",
    .details = "ADDRESS is what id() returns. --depth N: a tree; what was shown is marked.\n"
               "--dot: for Graphviz, `heapglass refs PID ADDRESS --dot | dot -Tsvg`; cycles\n"
               "are red, weak references dashed.\n",
    .least_arguments = 2,
    .most_arguments = 2,
    .options =
        OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES | OPTION_DEPTH | OPTION_DOT,
    .run = run,
};
