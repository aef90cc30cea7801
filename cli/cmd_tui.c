/* heapglass SOURCE: the terminal UI. */
#include "cli/screen.h"
#include "tui/tui.h"

static enum terminal_colors colors_of(enum color_choice choice) {
    return choice == COLOR_ALWAYS  ? TERMINAL_COLORS_ALWAYS
           : choice == COLOR_NEVER ? TERMINAL_COLORS_NEVER
                                   : TERMINAL_COLORS_AUTO;
}

static struct err *run(struct cli *cli) {
    const struct options *options = &cli->options;
    const char *argument = cli->arguments[0];
    struct tui_options tui = {
        .session = {.argument = argument,
                    .baseline = options->baseline,
                    .hide_values = options->no_values,
                    .every = options->every,
                    .source = {.strategy = options->pause,
                               .max_pause = options->max_pause,
                               .max_memory = options->max_memory,
                               .python = options->python}},
        .terminal = {.colors = colors_of(options->color), .mouse = !options->no_mouse},
    };
    if (options->save)
        return err_new(ERR_USAGE, "--save is for commands; here s saves what is shown");
    TRY(cli_source_kind(argument, &tui.session.pid));
    if (!tui.session.pid)
        TRY(cli_check_file(cli, argument));
    if (!tui.session.pid && options->every > 0)
        return err_new(ERR_USAGE, "--every is for processes, and %s is a file", argument);
    int signal = 0;
    struct err *err = tui_run(&tui, &signal);
    cli->status = signal ? 128 + signal : 0;
    return err;
}

extern const struct command command_tui;
const struct command command_tui = {
    .name = "tui",
    .arguments = "SOURCE",
    .summary = "The terminal UI; heapglass SOURCE is the same",
    .details = "Types, growth, instances, reference paths and what keeps them, to walk about in;\n"
               "? shows the keys. --baseline FILE is what growth is measured from; without, it\n"
               "is the first capture.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_CAPTURE | OPTION_VALUES | OPTION_TUI,
    .run = run,
};
