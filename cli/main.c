/* The program: finds the command, reads its options, runs it, and turns its error into a line on
 * standard error and an exit status. */
#include "base/log.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "report/report.h"
#include "tui/tui.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int signal_number;

static void remember_signal(int number) {
    signal_number = number;
}

/* The first signal asks to stop, the second one ends the program at once: either way the target
 * runs on. */
static void catch_signals(void) {
    const struct sigaction stop = {.sa_handler = remember_signal,
                                   .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &stop, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write() */
}

/* Files that are opened later must not become standard output by accident. */
static void keep_standard_files(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(ERR_FAILED);
    }
}

static void print_log(void *context, enum log_domain domain, const char *line) {
    (void)context;
    fprintf(stderr, "%s: %s\n", log_domain_name(domain), line);
}

static void print_help(struct output *output) {
    output_puts(output, "heapglass: what is on the heap of a running Python, seen from outside\n\n"
                        "usage: heapglass COMMAND ARGUMENTS [OPTIONS]\n\n");
    for (const struct command *const *command = command_registry; *command; command++)
        output_printf(output, "  %-10s %-20s %s\n", (*command)->name, (*command)->arguments,
                      (*command)->summary);
    output_puts(
        output,
        "\nheapglass COMMAND --help tells the options of a command, heapglass help keys the\n"
        "keys of the terminal UI.\n");
}

static void print_command_help(struct output *output, const struct command *command) {
    struct strbuf text = {0};
    strbuf_printf(&text, "usage: heapglass %s %s%s[OPTIONS]\n\n%s.\n", command->name,
                  command->arguments, *command->arguments ? " " : "", command->summary);
    if (command->details)
        strbuf_printf(&text, "\n%s", command->details);
    strbuf_puts(&text, "\n");
    options_help(command->options, &text);
    output_puts(output, strbuf_text(&text));
    strbuf_free(&text);
}

static void print_keys(struct output *output) {
    struct strbuf table = {0};
    tui_keys(&table);
    output_puts(output, strbuf_text(&table));
    strbuf_free(&table);
}

static const struct command *find_command(const char *name) {
    for (const struct command *const *command = command_registry; *command; command++) {
        if (!strcmp((*command)->name, name))
            return *command;
    }
    return NULL;
}

static struct err *unknown_command(const char *name) {
    static const char *const planned[] = {"triage", "memory"};
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
        if (!strcmp(planned[i], name))
            return err_new(ERR_USAGE, "%s is planned, but this version has it not", name);
    }
    return err_new(ERR_USAGE, "%s '%s'; see heapglass --help",
                   *name == '-' ? "a command comes first, not" : "unknown command", name);
}

/* `arguments` begins with the command's name. */
static struct err *run_command(struct cli *cli, int count, char **arguments) {
    const struct command *command = cli->command;
    int first = 0;
    TRY(options_parse(&cli->options, command->options, command->name, count, arguments, &first));
    if (cli->options.help) {
        print_command_help(cli->output, command);
        return NULL;
    }
    cli->argument_count = count - first;
    cli->arguments = arguments + first;
    if (cli->argument_count < command->least_arguments)
        return err_new(ERR_USAGE, "%s needs %s; see heapglass %s --help", command->name,
                       command->arguments, command->name);
    if (cli->argument_count > command->most_arguments)
        return err_new(ERR_USAGE, "too many arguments, from '%s' on; see heapglass %s --help",
                       cli->arguments[command->most_arguments], command->name);
    return command->run(cli);
}

/* A source alone, with options or without: the terminal UI. */
static struct err *run_without_command(struct cli *cli, int argc, char **argv) {
    cli->command = find_command("tui");
    return run_command(cli, argc, argv);
}

static struct err *run(struct cli *cli, int argc, char **argv) {
    if (argc < 2)
        return err_new(ERR_USAGE, "which command? See heapglass --help");
    const char *name = argv[1];
    bool help = !strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help");
    if (help && argc > 2 && (cli->command = find_command(argv[2])))
        print_command_help(cli->output, cli->command);
    else if (help && argc > 2 && !strcmp(argv[2], "keys"))
        print_keys(cli->output);
    else if (help)
        print_help(cli->output);
    else if (!strcmp(name, "--version"))
        output_puts(cli->output, "heapglass " HEAPGLASS_VERSION "\n");
    else if ((cli->command = find_command(name)))
        return run_command(cli, argc - 1, argv + 1);
    else if (isdigit((unsigned char)*name) || !access(name, F_OK))
        return run_without_command(cli, argc, argv);
    else
        return unknown_command(name);
    return NULL;
}

int main(int argc, char **argv) {
    static struct output output;
    struct err *late_error = NULL;
    struct cli cli = {.output = &output, .cancel = &signal_number, .late_error = &late_error};
    keep_standard_files();
    log_set_sink(print_log, NULL);
    catch_signals();
    output_open(&output, STDOUT_FILENO, &signal_number);
    struct err *err = run(&cli, argc, argv);
    if (late_error) { /* whatever else failed, failed since parts were missing */
        err_free(err);
        err = late_error;
    }
    struct err *write_err = output_flush(&output);
    if (!err)
        err = write_err;
    else
        err_free(write_err);
    int status = err ? (int)err_code(err) : cli.status;
    if (signal_number) {
        status = 128 + signal_number;
        fprintf(stderr, "heapglass: interrupted by signal %d\n", signal_number);
    } else if (err) {
        fprintf(stderr, "heapglass: %s\n", err_message(err));
    }
    err_free(err);
    return status == ERR_CANCELLED ? ERR_FAILED : status;
}
