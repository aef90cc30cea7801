/* Help: what the view that it was asked for in shows, and all keys. */
#include "tui/keys.h"
#include "tui/view.h"

#include "report/width.h"

#include <string.h>

/* Breaks a text at blanks. */
static void add_paragraph(struct lines *lines, const char *text, unsigned width) {
    while (*text) {
        size_t length = strlen(text);
        if (length > width) {
            for (length = width; length && text[length] != ' '; length--) {
            }
            length = length ? length : width;
        }
        lines_add(lines, ROW_PLAIN, "%.*s", (int)length, text);
        text += length;
        text += *text == ' ';
    }
}

static void add_key(struct lines *lines, const struct key_binding *binding) {
    enum { KEY_COLUMNS = 14 };
    size_t width = width_of(binding->keys);
    lines_add(lines, ROW_PLAIN, "  %s%*s%s", binding->keys,
              (int)(width < KEY_COLUMNS ? KEY_COLUMNS - width : 1), "", binding->help);
}

static struct err *open_help(const struct view_context *context, struct work *work,
                             struct opened_page *ret) {
    struct lines lines = {0};
    const struct view *view = context->origin;
    (void)work;
    lines_add(&lines, ROW_STRONG, "%s", view->title);
    add_paragraph(&lines, view->about_help, context->width);
    for (size_t i = 0; view->page_count > 1 && i < view->page_count; i++)
        lines_add(&lines, ROW_PLAIN, "%s %s", i ? "          " : "Tab turns:", view->pages[i].name);
    lines_add(&lines, ROW_PLAIN, "%s", "");
    lines_add(&lines, ROW_STRONG, "Keys");
    for (const struct key_binding *binding = key_bindings; binding->action; binding++)
        add_key(&lines, binding);
    lines_add(&lines, ROW_PLAIN, "%s", "");
    lines_add(&lines, ROW_STRONG, "Views");
    for (const struct view *const *each = view_registry; *each; each++) {
        if ((*each)->key)
            lines_add(&lines, ROW_PLAIN, "  %c  %s", (*each)->key, (*each)->title);
    }
    lines_add(&lines, ROW_PLAIN, "%s", "");
    lines_add(&lines, ROW_PLAIN,
              "Mouse: the wheel scrolls; a click selects, another one opens; a click on");
    lines_add(&lines, ROW_PLAIN,
              "a title sorts, on a tab goes there (--no-mouse leaves it to the terminal).");
    return lines_open(&lines, ret);
}

static const struct page pages[] = {{
    .name = "help",
    .export = "help",
    .lines = true,
    .fixed_order = true,
    .sized = true,
    .columns = lines_columns,
    .open = open_help,
    .close = lines_close,
    .root = lines_root,
    .cells = lines_cells,
}};

extern const struct view view_help;
const struct view view_help = {
    .name = "help",
    .title = "Help",
    .subjects = 1 << SUBJECT_NONE,
    .about_help = "What the view shows that Help was asked for in, and all keys.",
    .pages = pages,
    .page_count = 1,
};
