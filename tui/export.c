/* Writing what is shown to a file: all rows of the outermost level, in the order of the screen. */
#include "tui/app.h"

#include "base/cancel.h"
#include "base/cleanup.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct exporting {
    struct app *app;
    struct opened *opened;
    struct order *order;
    char *path;
    const char *ending; /* within the path, behind the last dot */
    uint32_t next;
    struct work *work;
    struct cells cells;
    struct arena texts;
};

static bool next_row(void *context, struct value *values) {
    struct exporting *exporting = context;
    const struct opened *opened = exporting->opened;
    size_t count, sort;
    if (exporting->next >= exporting->order->count || cancel_asked(work_cancel(exporting->work)))
        return false;
    opened->page->columns(&opened->context, &count, &sort);
    arena_clear(&exporting->texts);
    memset(exporting->cells.values, 0, sizeof exporting->cells.values);
    exporting->cells.texts = &exporting->texts;
    struct row row = ordered_row(opened, exporting->order, exporting->next++);
    opened->page->cells(&opened->context, opened->data.model, row,
                        (unsigned)((UINT64_C(1) << count) - 1), &exporting->cells);
    memcpy(values, exporting->cells.values, count * sizeof *values);
    work_share(exporting->work, exporting->next, exporting->order->count);
    return true;
}

static void add_envelope(struct report *report, const struct exporting *exporting) {
    const struct source_info *info = source_info(exporting->opened->context.refresh->source);
    struct tree *tree = &report->document;
    struct node *source = tree_group(tree, &tree->root, "source");
    tree_add(tree, source, "kind", value_text(info->kind));
    tree_add(tree, source, "pid", value_id(info->pid));
    tree_add(tree, source, "command", value_text(info->command));
    tree_add(tree, source, "python", value_text(info->python));
    tree_add(tree, &tree->root, "view", value_text(exporting->opened->page->export));
    if (exporting->opened->context.subject.kind != SUBJECT_NONE)
        tree_add(tree, &tree->root, "of", value_text(exporting->opened->context.subject.type));
    if (exporting->opened->context.subject.address)
        tree_add(tree, &tree->root, "address",
                 value_address(exporting->opened->context.subject.address));
}

static void add_heading(struct report *report, const struct opened *opened) {
    const char *at = strbuf_text(&opened->data.heading);
    while (*at) {
        size_t length = strcspn(at, "\n");
        report_line(report, LINE_PLAIN, "%.*s", (int)length, at);
        at += length + (at[length] == '\n');
    }
}

static struct err *write_table(struct exporting *exporting, struct output *output) {
    enum { WIDTH = 200 };
    const struct opened *opened = exporting->opened;
    struct report report = {.schema = "heapglass.view/1"};
    struct table table = {.next = next_row, .context = exporting};
    size_t sort;
    table.columns = opened->page->columns(&opened->context, &table.column_count, &sort);
    add_envelope(&report, exporting);
    tree_table(&report.document, &report.document.root, "rows", &table);
    report.rows = &table;
    add_heading(&report, opened);
    report_table(&report, &table);
    const char *name = strcmp(exporting->ending, "txt") ? exporting->ending : "text";
    const struct format_options options = {.width = WIDTH};
    struct err *err = report_write(&report, format_find(name), &options, output);
    report_clear(&report);
    return err ? err : cancel_check(work_cancel(exporting->work));
}

static struct err *write_dot(struct exporting *exporting, struct output *output) {
    struct strbuf text = {0};
    const struct opened *opened = exporting->opened;
    struct err *err = opened->page->dot(&opened->context, exporting->work, &text);
    if (!err && text.failed)
        err = err_no_memory();
    if (!err)
        output_write(output, strbuf_text(&text), text.length);
    strbuf_free(&text);
    return err;
}

/* A new file: what is there is never overwritten, and half a file does not stay. */
static struct err *export_run(void *context, struct work *work) {
    struct exporting *exporting = context;
    struct output *output = malloc(sizeof *output);
    if (!output)
        return err_no_memory();
    exporting->work = work;
    int fd = open(exporting->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct err *err = NULL;
    if (fd < 0 && errno == EEXIST)
        err = err_new(ERR_USAGE, "%s is there already; choose another name", exporting->path);
    else if (fd < 0)
        err = err_errno(ERR_FAILED, errno, "%s", exporting->path);
    if (!err) {
        output_open(output, fd, work_cancel(work));
        err = strcmp(exporting->ending, "dot") ? write_table(exporting, output)
                                               : write_dot(exporting, output);
        struct err *flushed = output_flush(output);
        if (err)
            err_free(flushed);
        else
            err = flushed;
        if (close(fd) && !err)
            err = err_errno(ERR_FAILED, errno, "%s", exporting->path);
        if (err)
            unlink(exporting->path);
    }
    free(output);
    return err;
}

static void export_done(void *context, struct err *err) {
    struct exporting *exporting = context;
    struct app *app = exporting->app;
    if (err) {
        app_fail(app, err);
    } else {
        char message[APP_MESSAGE];
        snprintf(message, sizeof message, "written: %s", exporting->path);
        app_say(app, PAINT_STRONG, message);
    }
    arena_clear(&exporting->texts);
    opened_drop(exporting->opened);
    order_drop(exporting->order);
    free(exporting->path);
    free(exporting);
}

void app_export_name(struct app *app, struct strbuf *out) {
    const struct outline *outline = app_here(app)->outline;
    const struct refresh *refresh = session_current(app->session);
    if (outline_is_open(outline) && refresh)
        strbuf_printf(out, "%s-%d-%u.txt", outline_page(outline)->export,
                      (int)source_info(refresh->source)->pid, refresh->number);
}

static const char *check_ending(const struct page *page, const char *path) {
    static const char *const endings[] = {"txt", "csv", "json", "dot"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (!strcmp(dot + 1, endings[i]))
            return !strcmp(endings[i], "dot") && !page->dot ? NULL : dot + 1;
    }
    return NULL;
}

void app_export(struct app *app, const char *path) {
    struct outline *outline = app_here(app)->outline;
    if (!outline_is_open(outline))
        return;
    if (!check_ending(outline_page(outline), path)) {
        app_say(app, PAINT_WARNING,
                outline_page(outline)->dot ? "the name has to end in .txt, .csv, .json or .dot"
                                           : "the name has to end in .txt, .csv or .json");
        return;
    }
    struct exporting *exporting = calloc(1, sizeof *exporting);
    char *copy = strdup(path);
    if (!exporting || !copy) {
        free(exporting);
        free(copy);
        return;
    }
    *exporting = (struct exporting){.app = app,
                                    .opened = opened_share(outline_opened(outline)),
                                    .order = order_share(outline_order(outline)),
                                    .path = copy,
                                    .ending = strrchr(copy, '.') + 1};
    worker_submit(app->opener, (struct job){.title = "exporting",
                                            .run = export_run,
                                            .done = export_done,
                                            .context = exporting});
}
