/* heapglass threads: Python stacks with their variables. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/heap/stacks.h"
#include "report/width.h"

enum { SCREEN_FRAMES = 20, NAME_WIDTH = 20 };

struct view {
    const struct cli *cli;
    const struct heap *heap;
    struct report *report;
    struct node *list; /* of the frames or locals being added */
    size_t frames, limit;
};

/* ---- variables ------------------------------------------------------------------------------- */

static void variable_line(struct view *view, const char *name, const char *type, uint64_t address,
                          const char *value) {
    struct strbuf line = {0}, text = {0};
    strbuf_puts(&text, "      ");
    width_add_fitting(&text, name, NAME_WIDTH, true);
    strbuf_printf(&text, " = %s at %#llx%s%s", type, (unsigned long long)address,
                  *value ? "  " : "", value);
    width_add_fitting(&line, strbuf_text(&text), SCREEN_WIDTH, false);
    view->report->document.failed |= line.failed;
    report_line(view->report, LINE_PLAIN, "%s", strbuf_text(&line));
    strbuf_free(&line);
    strbuf_free(&text);
}

static void add_variable(void *context, const char *name, uint64_t address) {
    struct view *view = context;
    struct tree *tree = &view->report->document;
    struct strbuf value = {0};
    uint32_t id = heap_find(view->heap, address);
    const char *type = id == HEAP_NONE ? "?" : heap_type(view->heap, id)->name;
    struct node *node = tree_group(tree, view->list, NULL);
    if (id != HEAP_NONE && !view->cli->options.no_values)
        heap_preview(view->heap, id, &value);
    tree_add(tree, node, "name", value_text(name));
    tree_add(tree, node, "address", value_address(address));
    tree_add(tree, node, "type", id == HEAP_NONE ? value_none() : value_text(type));
    tree_add(tree, node, "value", value.length ? value_text(value.text) : value_none());
    if (view->frames <= view->limit)
        variable_line(view, name, type, address, strbuf_text(&value));
    strbuf_free(&value);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void add_frame(void *context, const struct frame *frame) {
    struct view *view = context;
    struct tree *tree = &view->report->document;
    struct strbuf function = {0}, file = {0};
    struct node *frames = view->list, *node = tree_group(tree, frames, NULL);
    int line = stacks_frame_line(view->heap, frame);
    stacks_frame_function(view->heap, frame, &function);
    stacks_frame_file(view->heap, frame, &file);
    tree_add(tree, node, "function", value_text(strbuf_text(&function)));
    tree_add(tree, node, "file", value_text(strbuf_text(&file)));
    tree_add(tree, node, "line", line ? value_id(line) : value_none());
    view->frames++;
    if (view->frames <= view->limit)
        report_line(view->report, LINE_PLAIN, "  %s() %s:%d", strbuf_text(&function),
                    strbuf_text(&file), line);
    view->list = tree_list(tree, node, "locals");
    stacks_variables(view->heap, frame, add_variable, view);
    view->list = frames;
    strbuf_free(&function);
    strbuf_free(&file);
}

static void add_thread(struct view *view, struct node *threads, size_t thread) {
    struct tree *tree = &view->report->document;
    struct strbuf name = {0};
    struct node *node = tree_group(tree, threads, NULL);
    stacks_thread_name(view->heap, thread, &name);
    pid_t native = stacks_native_id(view->heap, thread);
    tree_add(tree, node, "name", value_text(strbuf_text(&name)));
    tree_add(tree, node, "thread_id", value_address(stacks_thread_id(view->heap, thread)));
    tree_add(tree, node, "native_id", native ? value_id(native) : value_none());
    tree_add(tree, node, "interpreter", value_id(stacks_interpreter(view->heap, thread)));
    long long interpreter = stacks_interpreter(view->heap, thread);
    struct strbuf of = {0};
    if (interpreter)
        strbuf_printf(&of, " of interpreter %lld", interpreter);
    report_line(view->report, LINE_STRONG, "thread \"%s\" (%d)%s", strbuf_text(&name), (int)native,
                strbuf_text(&of));
    tree->failed |= of.failed;
    strbuf_free(&of);
    view->list = tree_list(tree, node, "frames");
    view->frames = 0;
    stacks_frames(view->heap, thread, add_frame, view);
    if (!view->frames)
        report_line(view->report, LINE_FAINT, "  runs no Python code");
    if (view->frames > view->limit)
        report_line(view->report, LINE_FAINT, "  %zu outer frames more (-n 0 shows all)",
                    view->frames - view->limit);
    report_line(view->report, LINE_PLAIN, "%s", "");
    strbuf_free(&name);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.threads/1"};
    TRY(cli_open_source(cli, &source));
    struct view view = {.cli = cli,
                        .heap = source_heap(source),
                        .report = &report,
                        .limit = cli_limit(cli, SCREEN_FRAMES)};
    envelope_add(&report, source);
    struct node *threads = tree_list(&report.document, &report.document.root, "threads");
    for (size_t i = 0; i < stacks_thread_count(view.heap); i++)
        add_thread(&view, threads, i);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

extern const struct command command_threads;
const struct command command_threads = {
    .name = "threads",
    .arguments = "PID",
    .summary = "Python stacks with their variables",
    .details = "-n: frames of each thread.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES,
    .run = run,
};
