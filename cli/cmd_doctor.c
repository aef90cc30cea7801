/* heapglass doctor: would an attach work, and what would it cost? */
#include "base/cleanup.h"
#include "cli/derivation.h"
#include "cli/doctor_file.h"
#include "cli/screen.h"
#include "report/command_line.h"
#include "report/units.h"
#include "report/width.h"
#include "source/examine.h"

#include <string.h>
#include <unistd.h>

/* ---- document -------------------------------------------------------------------------------- */

static struct node *answer_node(struct report *report, const char *key, const struct err *err) {
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, key);
    tree_add(tree, group, "ok", value_flag(!err));
    tree_add(tree, group, "reason", err ? value_text(err_message(err)) : value_none());
    return group;
}

static void source_node(struct report *report, const struct examination *examination) {
    const struct process *process = examination->process;
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "source");
    tree_add(tree, group, "kind", value_text("pid"));
    tree_add(tree, group, "pid", value_id(process->pid));
    tree_add(tree, group, "inner_pid", value_id(process->inner_pid));
    tree_add(tree, group, "command", value_text(process->command));
    tree_add(tree, group, "python",
             value_text(examination->layout ? examination->layout->version : NULL));
    tree_add(tree, group, "threads", value_count(process->thread_count));
    memory_add(tree, group, &examination->memory);
    tree_list(tree, &tree->root, "damage");
}

static void place_node(struct report *report, const struct place *place) {
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "place");
    tree_add(tree, group, "executable", value_text(place->executable));
    tree_add(tree, group, "root", value_text(place->root));
    struct node *list = tree_list(tree, group, "other_namespaces");
    for (size_t i = 0; place->namespaces[i]; i++)
        tree_add(tree, list, NULL, value_text(place->namespaces[i]));
}

static void document(struct report *report, const struct examination *examination, int status) {
    struct tree *tree = &report->document;
    const struct layout *layout = examination->layout;
    source_node(report, examination);
    tree_add(tree, &tree->root, "status", value_count((uint64_t)status));
    answer_node(report, "attach", examination->attach);
    place_node(report, &examination->place);
    struct node *python = answer_node(report, "python", examination->python);
    tree_add(tree, python, "path", value_text(examination->path));
    tree_add(tree, python, "read_through", value_text(examination->through));
    const struct err *err = examination->python ? examination->python : examination->layout_missing;
    struct node *node = answer_node(report, "layout", err);
    tree_add(tree, node, "provider", value_text(layout ? layout->provider : NULL));
    tree_add(tree, node, "build_id", value_text(layout ? layout->build_id : NULL));
    derivation_add(report, node, layout);
    struct node *memory = answer_node(report, "memory", examination->budget);
    tree_add(tree, memory, "needed_bytes", value_bytes(examination->needed_bytes));
    struct node *pause = tree_group(tree, &tree->root, "pause");
    tree_add(tree, pause, "estimated_ms", value_milliseconds(examination->pause_seconds * 1000));
    tree_add(tree, pause, "copy_bytes", value_bytes(examination->copy_bytes));
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void answer_line(struct report *report, const char *question, const struct err *err,
                        const char *yes) {
    report_paragraph(report, err ? LINE_WARNING : LINE_PLAIN, "%-8s \v%s%s", question,
                     err ? "NO: " : "", err ? err_message(err) : yes);
}

/* Only what is unusual: another root, other namespaces. */
static void place_line(struct report *report, const struct place *place) {
    struct strbuf text = {0};
    for (size_t i = 0; place->namespaces[i]; i++)
        strbuf_printf(&text, "%s%s",
                      i ? ", " : "in other namespaces than ours: ", place->namespaces[i]);
    if (place->root && strcmp(place->root, "/") != 0)
        strbuf_printf(&text, "%sits root is %s", text.length ? "; " : "", place->root);
    if (text.length)
        answer_line(report, "place", NULL, strbuf_text(&text));
    report->document.failed |= text.failed;
    strbuf_free(&text);
}

static void describe_python(struct strbuf *text, const struct examination *examination) {
    const struct layout *layout = examination->layout;
    const char *executable = examination->place.executable;
    strbuf_printf(text, "CPython %s in %s", layout ? layout->version : "(version unknown)",
                  examination->path);
    if (executable && strcmp(executable, examination->path) != 0)
        strbuf_printf(text, ", loaded by %s", executable);
    strbuf_printf(text, "; read %s%s", examination->through ? "through " : "out of its memory",
                  examination->through ? examination->through : "");
}

static void python_lines(struct report *report, const struct examination *examination) {
    const struct layout *layout = examination->layout;
    struct strbuf python = {0}, provider = {0};
    if (examination->path)
        describe_python(&python, examination);
    answer_line(report, "python", examination->python, strbuf_text(&python));
    if (layout)
        strbuf_printf(&provider, "known from %s",
                      !strncmp(layout->provider, "dwarf", 5) ? "debug symbols (DWARF)"
                                                             : layout->provider);
    if (!examination->python)
        answer_line(report, "layout", examination->layout_missing, strbuf_text(&provider));
    derivation_lines(report, layout, false);
    report->document.failed |= python.failed || provider.failed;
    strbuf_free(&python);
    strbuf_free(&provider);
}

static void cost_lines(struct report *report, const struct examination *examination) {
    struct strbuf text = {0};
    char size[UNITS_SIZE];
    strbuf_printf(&text, "at most %s of ours for its RSS of ",
                  units_short(size, examination->needed_bytes));
    strbuf_puts(&text, units_short(size, examination->memory.rss));
    answer_line(report, "memory", examination->budget, strbuf_text(&text));
    strbuf_clear(&text);
    double milliseconds = examination->pause_seconds * 1000;
    strbuf_printf(&text, "about %.*f ms: %u thread%s stopped, at most %s copied",
                  milliseconds < 9.95, milliseconds, examination->process->thread_count,
                  examination->process->thread_count == 1 ? "" : "s",
                  units_short(size, examination->copy_bytes));
    answer_line(report, "pause", NULL, strbuf_text(&text));
    report->document.failed |= text.failed;
    strbuf_free(&text);
}

static void screen(struct report *report, const struct examination *examination, bool ready) {
    const struct process *process = examination->process;
    struct strbuf command = {0}, line = {0}, facts = {0};
    command_shorten(&command, process->command);
    strbuf_printf(&facts, "   pid %d", (int)process->pid);
    if (process->inner_pid != process->pid)
        strbuf_printf(&facts, " (%d inside)", (int)process->inner_pid);
    strbuf_puts(&facts, ready ? "   ready for heapglass top" : "   NOT ready");
    width_add_fitting(&line, strbuf_text(&command), SCREEN_WIDTH - facts.length, false);
    strbuf_puts(&line, strbuf_text(&facts));
    report->document.failed |= command.failed || line.failed || facts.failed;
    report_line(report, LINE_STRONG, "%s", strbuf_text(&line));
    strbuf_free(&command);
    strbuf_free(&line);
    strbuf_free(&facts);
    answer_line(report, "attach", examination->attach,
                process->state == 'T' ? "allowed; it is stopped, and would be left so" : "allowed");
    place_line(report, &examination->place);
    /* What follows from a refusal is no news. */
    if (!examination->attach || !examination->python)
        python_lines(report, examination);
    if (!examination->attach && !examination->python)
        cost_lines(report, examination);
}

static struct err *run(struct cli *cli) {
    _cleanup_(examination_free) struct examination examination = {0};
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.doctor/1"};
    pid_t pid = 0;
    if (!cli_is_pid(cli->arguments[0]) && !access(cli->arguments[0], F_OK))
        return doctor_file(cli, cli->arguments[0]);
    TRY(cli_pid(cli->arguments[0], &pid));
    TRY(source_examine(pid, cli->options.max_memory, cli->options.python, &examination));
    const struct err *obstacle = examination_obstacle(&examination);
    cli->status = obstacle ? (int)err_code(obstacle) : 0;
    document(&report, &examination, cli->status);
    screen(&report, &examination, !obstacle);
    return cli_write(cli, &report);
}

extern const struct command command_doctor;
const struct command command_doctor = {
    .name = "doctor",
    .arguments = "SOURCE",
    .summary = "Would an attach work; is a file whole",
    .details = "Stops nothing. The exit status is the one that an attach would give; memory and\n"
               "pause are those of --pause copy. Of a snapshot: whether it is whole (5 if not),\n"
               "for which all of it is read, and what it holds.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_MEMORY | OPTION_PYTHON,
    .run = run,
};
