#include "cli/screen.h"

#include "base/cleanup.h"
#include "cli/progress.h"
#include "report/command_line.h"
#include "report/units.h"
#include "report/width.h"
#include "source/snapshot_output.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LEAST_COMMAND = 12, DAMAGE_LINES = 5 };

static const char *const pause_names[] = {
    [PAUSE_COPY] = "copy", [PAUSE_HOLD] = "hold", [PAUSE_NONE] = "none"};

void cleanup_source(struct source **source) {
    source_close(*source);
}

void cleanup_report(struct report *report) {
    report_clear(report);
}

void cli_say(void *report, enum line_style style, const char *text) {
    if (text)
        report_line(report, style, "%s", text);
    else
        ((struct report *)report)->document.failed = true;
}

/* ---- opening --------------------------------------------------------------------------------- */

struct err *cli_pid(const char *argument, pid_t *pid) {
    char *end;
    errno = 0;
    long number = strtol(argument, &end, 10);
    if (!isdigit((unsigned char)*argument) || *end)
        return err_new(ERR_USAGE, "'%s' is not a PID; `heapglass ps` lists the Python processes",
                       argument);
    if (errno || number <= 0 || number > INT_MAX)
        return err_new(ERR_USAGE, "%s is not a PID", argument);
    *pid = (pid_t)number;
    return NULL;
}

bool cli_is_pid(const char *argument) {
    return *argument && !argument[strspn(argument, "0123456789")];
}

struct err *cli_check_file(const struct cli *cli, const char *path) {
    if (cli->options.capture)
        return err_new(ERR_USAGE, "%s is for processes, and %s is a file", cli->options.capture,
                       path);
    return NULL;
}

struct err *cli_source_kind(const char *argument, pid_t *pid) {
    *pid = 0;
    if (cli_is_pid(argument))
        return cli_pid(argument, pid);
    if (access(argument, F_OK) && errno == ENOENT)
        return err_new(
            ERR_USAGE,
            "'%s' is neither a PID nor a file; `heapglass ps` lists the Python processes",
            argument);
    return NULL;
}

static struct err *open_argument(const char *argument, const struct source_options *options,
                                 struct source **ret) {
    pid_t pid = 0;
    TRY(cli_source_kind(argument, &pid));
    return pid ? source_open_pid(pid, options, ret) : source_open_snapshot(argument, options, ret);
}

/* What is kept is written before it is looked at: whatever goes wrong then, it is there. */
static struct err *keep(const struct cli *cli, const struct source_options *options,
                        struct snapshot_output *output, struct source *source) {
    if (cli->options.no_values)
        TRY(source_hide_values(source));
    return output ? source_save(source, output, options) : NULL;
}

struct err *cli_open(const struct cli *cli, const char *argument, struct source **ret) {
    bool totals_only = cli->command->totals_only && cli->command->totals_only(&cli->options) &&
                       !cli->options.save && !cli->options.no_values;
    struct snapshot_output *output = NULL;
    struct source *source = NULL;
    if (cli->options.save)
        TRY(snapshot_output_open(cli->options.save, cli->cancel, &output));
    struct progress *progress = progress_start(cli->options.quiet);
    const struct source_options options = {
        .strategy = cli->options.pause,
        .max_pause = cli->options.max_pause,
        .max_memory = cli->options.max_memory,
        .python = cli->options.python,
        .totals_only = totals_only,
        .names = !totals_only,
        .cancel = cli->cancel,
        .progress = progress_phase,
        .progress_context = progress,
        .late_error = cli->late_error,
    };
    struct err *err = open_argument(argument, &options, &source);
    if (!err)
        err = keep(cli, &options, output, source);
    progress_end(progress);
    snapshot_output_close(output);
    if (err)
        source_close(source);
    else
        *ret = source;
    return err;
}

struct err *cli_open_source(const struct cli *cli, struct source **ret) {
    if (!cli_is_pid(cli->arguments[0]) && !access(cli->arguments[0], F_OK))
        TRY(cli_check_file(cli, cli->arguments[0]));
    return cli_open(cli, cli->arguments[0], ret);
}

struct err *cli_build_graph(const struct cli *cli, const struct source *source,
                            struct graph **ret) {
    struct progress *progress = progress_start(cli->options.quiet);
    const struct graph_options options = {.cancel = cli->cancel};
    progress_phase(progress, "reference graph");
    struct err *err = graph_build(source_heap(source), &options, ret);
    progress_end(progress);
    return err;
}

struct err *cli_build_dominators(const struct cli *cli, const struct graph *graph,
                                 struct dominators **ret) {
    struct progress *progress = progress_start(cli->options.quiet);
    progress_phase(progress, "retained sizes");
    struct err *err = dominators_build(graph, cli->cancel, ret);
    progress_end(progress);
    return err;
}

void cleanup_graph(struct graph **graph) {
    graph_destroy(*graph);
}

void cleanup_dominators(struct dominators **dominators) {
    dominators_destroy(*dominators);
}

/* ---- document -------------------------------------------------------------------------------- */

void time_add(struct tree *tree, struct node *group, struct timespec taken) {
    char text[32];
    struct tm utc;
    if (gmtime_r(&taken.tv_sec, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc))
        tree_add(tree, group, "taken_at", value_text(text));
}

void damage_add_to(struct report *report, struct node *list, const struct heap *heap) {
    struct tree *tree = &report->document;
    const struct damage_list *damage = heap_damage(heap);
    for (size_t i = 0; i < damage->count; i++) {
        struct node *item = tree_group(tree, list, NULL);
        tree_add(tree, item, "reason", value_text(damage->items[i].reason));
        tree_add(tree, item, "where", value_text(damage->items[i].where));
        tree_add(tree, item, "count", value_count(damage->items[i].count));
        tree_add(tree, item, "first", value_address(damage->items[i].first));
    }
}

void memory_add(struct tree *tree, struct node *group, const struct memory_use *memory) {
    tree_add(tree, group, "rss_bytes", value_bytes(memory->rss));
    tree_add(tree, group, "uss_bytes", value_bytes(memory->uss));
    tree_add(tree, group, "swap_bytes", value_bytes(memory->swap));
    struct node *cgroup = tree_group(tree, group, "cgroup");
    tree_add(tree, cgroup, "current", value_bytes(memory->cgroup_current));
    tree_add(tree, cgroup, "max",
             memory->cgroup_max ? value_bytes(memory->cgroup_max) : value_none());
}

/* Types of Python's whose structure the layout lacks, and that have objects. */
static bool is_guessed(const struct heap *heap, uint32_t id) {
    const struct type *type = heap_type_by_id(heap, id);
    return type->undecoded && heap_type_sums(heap, id)->objects;
}

static void add_guessed_types(struct report *report, struct node *group, const struct heap *heap) {
    struct tree *tree = &report->document;
    struct node *list = tree_list(tree, group, "guessed_types");
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        if (is_guessed(heap, i))
            tree_add(tree, list, NULL, value_text(heap_type_by_id(heap, i)->name));
    }
}

void source_add(struct report *report, struct node *group, const struct source *source) {
    const struct source_info *info = source_info(source);
    const struct capture_result *capture = &info->capture;
    struct tree *tree = &report->document;
    tree_add(tree, group, "kind", value_text(info->kind));
    if (info->path) {
        tree_add(tree, group, "file", value_text(info->path));
        tree_add(tree, group, "file_bytes", value_bytes(info->file_size));
    }
    tree_add(tree, group, "pid", value_id(info->pid));
    tree_add(tree, group, "inner_pid", value_id(info->inner_pid));
    tree_add(tree, group, "command", value_text(info->command));
    tree_add(tree, group, "python", value_text(info->python));
    tree_add(tree, group, "layout", value_text(info->layout));
    add_guessed_types(report, group, source_heap(source));
    tree_add(tree, group, "pause", value_text(pause_names[info->strategy]));
    tree_add(tree, group, "pause_ms", value_milliseconds(capture->pause_seconds * 1000));
    tree_add(tree, group, "captured_bytes", value_bytes(capture->captured_bytes));
    tree_add(tree, group, "behind_bytes", value_bytes(capture->behind_bytes));
    tree_add(tree, group, "threads", value_count(capture->thread_count));
    tree_add(tree, group, "approximate", value_flag(capture->approximate));
    tree_add(tree, group, "collecting", value_flag(info->collecting));
    tree_add(tree, group, "was_stopped", value_flag(capture->was_stopped));
    memory_add(tree, group, &capture->memory);
    time_add(tree, group, capture->taken_at);
}

void envelope_add(struct report *report, const struct source *source) {
    struct tree *tree = &report->document;
    source_add(report, tree_group(tree, &tree->root, "source"), source);
    damage_add_to(report, tree_list(tree, &tree->root, "damage"), source_heap(source));
}

/* ---- screen ---------------------------------------------------------------------------------- */

/* PID, version, layout and pause, with three blanks before each. */
static void headline_facts(struct strbuf *out, const struct source_info *info, bool with_layout) {
    strbuf_printf(out, "   pid %d", (int)info->pid);
    if (info->inner_pid && info->inner_pid != info->pid)
        strbuf_printf(out, " (%d inside)", (int)info->inner_pid);
    strbuf_printf(out, "   CPython %s", info->python);
    if (with_layout && !strncmp(info->layout, "dwarf", 5))
        strbuf_puts(out, " (symbols: DWARF)");
    else if (with_layout)
        strbuf_printf(out, " (symbols: %s)", info->layout);
    double pause = info->capture.pause_seconds * 1000;
    char taken[32];
    struct tm utc;
    if (info->path && gmtime_r(&info->capture.taken_at.tv_sec, &utc) &&
        strftime(taken, sizeof taken, "%Y-%m-%d %H:%M:%S", &utc))
        strbuf_printf(out, "   as of %s UTC", taken);
    else if (info->capture.approximate)
        strbuf_puts(out, "   not paused");
    else
        strbuf_printf(out, "   pause %.*f ms", pause < 9.95, pause);
}

void headline_of(struct report *report, const char *command, const struct strbuf *facts) {
    struct strbuf shortened = {0}, line = {0};
    command_shorten(&shortened, command);
    size_t room =
        facts->length + LEAST_COMMAND < SCREEN_WIDTH ? SCREEN_WIDTH - facts->length : LEAST_COMMAND;
    width_add_fitting(&line, strbuf_text(&shortened), room, false);
    strbuf_puts(&line, strbuf_text(facts));
    report->document.failed |= facts->failed || shortened.failed || line.failed;
    report_line(report, LINE_STRONG, "%s", strbuf_text(&line));
    strbuf_free(&shortened);
    strbuf_free(&line);
}

void headline_add(struct report *report, const struct source_info *info) {
    struct strbuf facts = {0}, command = {0};
    command_shorten(&command, info->command);
    headline_facts(&facts, info, true);
    if (facts.length + width_of(strbuf_text(&command)) > SCREEN_WIDTH) {
        /* What is looked at matters more than who knows its layout. */
        strbuf_clear(&facts);
        headline_facts(&facts, info, false);
    }
    headline_of(report, info->command, &facts);
    strbuf_free(&facts);
    strbuf_free(&command);
}

static void damage_lines(struct report *report, const struct damage_list *damage) {
    char count[UNITS_SIZE];
    size_t shown = damage->count > DAMAGE_LINES ? DAMAGE_LINES : damage->count;
    for (size_t i = 0; i < shown; i++) {
        const struct damage *item = &damage->items[i];
        report_line(report, LINE_WARNING, "damage: %s × %s: %s,\tfirst at %#llx",
                    units_count(count, item->count), item->where, item->reason,
                    (unsigned long long)item->first);
    }
    if (shown < damage->count)
        report_line(report, LINE_WARNING, "damage: %zu more kinds, all in --json",
                    damage->count - shown);
}

static void guessed_types_line(struct report *report, const struct heap *heap) {
    struct strbuf names = {0};
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        if (is_guessed(heap, i))
            strbuf_printf(&names, "%s%s", names.length ? ",\t" : "",
                          heap_type_by_id(heap, i)->name);
    }
    if (names.length)
        report_line(report, LINE_WARNING,
                    "guessed, since no layout is sure of their structure:\t%s",
                    strbuf_text(&names));
    report->document.failed |= names.failed;
    strbuf_free(&names);
}

void notes_add(struct report *report, const struct source *source, bool always) {
    const struct source_info *info = source_info(source);
    const struct damage_list *damage = heap_damage(source_heap(source));
    char size[UNITS_SIZE];
    if (info->capture.approximate)
        report_line(report, LINE_WARNING,
                    "approximate: the process ran on while it was read (--pause none)");
    if (info->collecting)
        report_line(report, LINE_WARNING,
                    "a garbage collection was running: gc states are those of its middle");
    if (info->capture.was_stopped)
        report_line(report, LINE_PLAIN, "the process was stopped already, and is left stopped");
    if (info->capture.behind_bytes)
        report_line(report, LINE_FAINT, "not copied: %s of big data without pointers",
                    units_short(size, info->capture.behind_bytes));
    guessed_types_line(report, source_heap(source));
    damage_lines(report, damage);
    if (always && !damage->count)
        report_line(report, LINE_FAINT, "damage: none");
}

/* ---- writing --------------------------------------------------------------------------------- */

unsigned cli_terminal_rows(void) {
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
        return 0;
    return size.ws_row;
}

size_t cli_limit(const struct cli *cli, size_t screen) {
    if (cli->options.limit != UINT64_MAX)
        return cli->options.limit ? cli->options.limit : SIZE_MAX;
    return strcmp(cli->options.format, "text") ? SIZE_MAX : screen;
}

static bool wants_color(enum color_choice choice, bool terminal) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    return terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* Where nothing is said of the character set, as in most containers, it is the user's UTF-8. */
bool cli_draws_blocks(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *term = getenv("TERM"), *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !(locale && *locale); i++)
        locale = getenv(names[i]);
    if (!isatty(STDOUT_FILENO) || (term && (!strcmp(term, "linux") || !strcmp(term, "dumb"))))
        return false;
    return !locale || !strchr(locale, '.') || strcasestr(locale, "utf-8") ||
           strcasestr(locale, "utf8");
}

struct err *cli_write(const struct cli *cli, const struct report *report) {
    bool terminal = isatty(STDOUT_FILENO);
    const struct format_options options = {
        .width = SCREEN_WIDTH,
        .color = wants_color(cli->options.color, terminal),
        .bars = cli_draws_blocks(),
    };
    return report_write(report, format_find(cli->options.format), &options, cli->output);
}
