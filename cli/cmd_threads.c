/* heapglass threads: Python stacks with their variables. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/heap/stacks.h"
#include "report/width.h"

enum { SCREEN_FRAMES = 20, NAME_WIDTH = 20 };

struct view {
    const struct cli *cli;
    const struct heap *heap;
    const struct stacks *stacks;
    struct report *report;
    size_t limit; /* of frames of a thread, on the screen */
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

static void add_variable(struct view *view, struct node *list,
                         const struct stack_variable *variable, bool shown) {
    struct tree *tree = &view->report->document;
    struct strbuf value = {0};
    uint32_t id = heap_find(view->heap, variable->address);
    const char *type = id == HEAP_NONE ? "?" : heap_type(view->heap, id)->name;
    struct node *node = tree_group(tree, list, NULL);
    if (id != HEAP_NONE && !view->cli->options.no_values)
        heap_preview(view->heap, id, &value);
    tree_add(tree, node, "name", value_text(variable->name));
    tree_add(tree, node, "address", value_address(variable->address));
    tree_add(tree, node, "type", id == HEAP_NONE ? value_none() : value_text(type));
    tree_add(tree, node, "value", value.length ? value_text(value.text) : value_none());
    if (shown)
        variable_line(view, variable->name, type, variable->address, strbuf_text(&value));
    strbuf_free(&value);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void add_frame(struct view *view, struct node *list, const struct stack_frame *frame,
                      bool shown) {
    struct tree *tree = &view->report->document;
    struct node *node = tree_group(tree, list, NULL);
    tree_add(tree, node, "function", value_text(frame->function));
    tree_add(tree, node, "file", value_text(frame->file));
    tree_add(tree, node, "line", frame->line ? value_id(frame->line) : value_none());
    if (shown)
        report_line(view->report, LINE_PLAIN, "  %s() %s:%d", frame->function, frame->file,
                    frame->line);
    struct node *locals = tree_list(tree, node, "locals");
    for (size_t i = 0; i < frame->variable_count; i++)
        add_variable(view, locals, &view->stacks->variables.items[frame->first_variable + i],
                     shown);
}

static void add_thread(struct view *view, struct node *threads, const struct stack_thread *thread) {
    struct tree *tree = &view->report->document;
    struct node *node = tree_group(tree, threads, NULL);
    tree_add(tree, node, "name", value_text(thread->name));
    tree_add(tree, node, "thread_id", value_address(thread->thread_id));
    tree_add(tree, node, "native_id",
             thread->native_id ? value_id(thread->native_id) : value_none());
    tree_add(tree, node, "interpreter", value_id(thread->interpreter));
    struct strbuf of = {0};
    if (thread->interpreter)
        strbuf_printf(&of, " of interpreter %lld", (long long)thread->interpreter);
    report_line(view->report, LINE_STRONG, "thread \"%s\" (%d)%s", thread->name,
                (int)thread->native_id, strbuf_text(&of));
    tree->failed |= of.failed;
    strbuf_free(&of);
    struct node *frames = tree_list(tree, node, "frames");
    for (size_t i = 0; i < thread->frame_count; i++)
        add_frame(view, frames, &view->stacks->frames.items[thread->first_frame + i],
                  i < view->limit);
    if (!thread->frame_count)
        report_line(view->report, LINE_FAINT, "  runs no Python code");
    if (thread->frame_count > view->limit)
        report_line(view->report, LINE_FAINT, "  %zu outer frames more (-n 0 shows all)",
                    thread->frame_count - view->limit);
    report_line(view->report, LINE_PLAIN, "%s", "");
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.threads/1"};
    _cleanup_(stacks_free) struct stacks stacks = {0};
    TRY(cli_open_source(cli, &source));
    TRY(heap_stacks(source_heap(source), &stacks));
    struct view view = {.cli = cli,
                        .heap = source_heap(source),
                        .stacks = &stacks,
                        .report = &report,
                        .limit = cli_limit(cli, SCREEN_FRAMES)};
    envelope_add(&report, source);
    struct node *threads = tree_list(&report.document, &report.document.root, "threads");
    for (size_t i = 0; i < stacks.threads.count; i++)
        add_thread(&view, threads, &stacks.threads.items[i]);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

extern const struct command command_threads;
const struct command command_threads = {
    .name = "threads",
    .arguments = "SOURCE",
    .summary = "Python stacks with their variables",
    .details = "-n: frames of each thread.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES,
    .run = run,
};
