/* A subcommand: one file cli/cmd_NAME.c that defines `const struct command command_NAME`, and one
 * word in the list of cli/meson.build. Commands return errors; main prints them and exits. */
#ifndef HEAPGLASS_CLI_COMMAND_H
#define HEAPGLASS_CLI_COMMAND_H

#include "base/err.h"
#include "cli/options.h"

#include <stdbool.h>

struct output; /* report/output.h */

/* What a command runs with; borrowed. */
struct cli {
    const struct command *command;
    struct options options;
    int argument_count; /* within the command's least_arguments .. most_arguments */
    char **arguments;
    struct output *output;      /* standard output; main flushes it */
    const volatile int *cancel; /* becomes the number of the signal that asks to stop */
    struct err **late_error;    /* what turned out to be unreadable while a command ran */
    int status;                 /* exit status of a command that did its work, and has bad news */
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line: "PID" */
    const char *summary;   /* one line, no full stop */
    const char *details;   /* further lines for --help; may be NULL */
    int least_arguments, most_arguments;
    /* Whether it asks for no single object, so that none needs an id; NULL: it does. */
    bool (*totals_only)(const struct options *options);
    unsigned options; /* enum option_bit: those it takes besides the common ones */
    struct err *(*run)(struct cli *cli)ERR_CHECK;
};

/* Every command, in the order of the list in cli/meson.build; ends with NULL. */
extern const struct command *const command_registry[];

#endif
