/* What keys and the mouse do. */
#include "tui/app.h"

#include "base/parse.h"
#include "introspect/analyses/objects.h"
#include "report/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_open(struct app *app) {
    return outline_is_open(app_here(app)->outline);
}

/* What the selected row is about, else the place itself. */
static struct subject subject_here(struct app *app) {
    struct subject subject;
    if (is_open(app) && outline_about(app_here(app)->outline, &subject))
        return subject;
    return app_here(app)->subject;
}

static void open_selected(struct app *app) {
    struct subject subject;
    struct outline *outline = app_here(app)->outline;
    if (!is_open(app))
        return;
    if (!outline_about(outline, &subject)) {
        outline_toggle(outline);
        return;
    }
    app_go(app, app_view(subject.kind == SUBJECT_TYPE ? "instances" : "object"), subject);
}

static void go_to_view(struct app *app, int key) {
    for (const struct view *const *view = view_registry; *view; view++) {
        if ((*view)->key != key)
            continue;
        bool alone = (*view)->subjects >> SUBJECT_NONE & 1;
        app_go(app, *view, alone ? (struct subject){0} : subject_here(app));
        return;
    }
}

static void turn_page(struct app *app, int step) {
    const struct place *here = app_here(app);
    unsigned count = (unsigned)here->view->page_count;
    app_set_page(app, (here->page + count + (unsigned)step) % count);
}

static void ask(struct app *app, enum asking asking, const char *label, const char *text) {
    app->asking = asking;
    prompt_start(&app->prompt, label, text);
}

static void ask_name(struct app *app, enum asking asking) {
    struct strbuf name = {0};
    const struct refresh *refresh = session_current(app->session);
    if (!refresh)
        return;
    if (asking == ASK_EXPORT)
        app_export_name(app, &name);
    else
        strbuf_printf(&name, "heap-%d-%u.hgs", (int)source_info(refresh->source)->pid,
                      refresh->number);
    ask(app, asking, asking == ASK_SAVE ? "Save snapshot to:" : "Export (.txt .csv .json .dot):",
        strbuf_text(&name));
    strbuf_free(&name);
}

void app_source_argument(const struct app *app, struct strbuf *out) {
    shell_quote(out, app->options->session.argument);
}

static void show_command(struct app *app) {
    const struct outline *outline = app_here(app)->outline;
    struct strbuf source = {0}, line = {0};
    size_t count, sort;
    if (!is_open(app))
        return;
    const struct page *page = outline_page(outline);
    const struct view_context *context = outline_context(outline);
    const struct column *columns = page->columns(context, &count, &sort);
    size_t chosen = outline_sort(outline);
    app_source_argument(app, &source);
    strbuf_puts(&line, "$ heapglass ");
    if (page->command)
        page->command(context, strbuf_text(&source),
                      chosen != sort && chosen < count ? columns[chosen].key : NULL, &line);
    app_say(app, PAINT_STRONG,
            page->command ? strbuf_text(&line) : "no command prints this view; e exports it");
    strbuf_free(&source);
    strbuf_free(&line);
}

static void cancel(struct app *app) {
    struct outline *outline = app_here(app)->outline;
    bool busy = !worker_is_idle(app->opener);
    worker_cancel(app->opener, NULL);
    if (session_cancel(app->session) || busy)
        app_say(app, PAINT_WARNING, "cancelled");
    else if (is_open(app) && *outline_filter(outline))
        outline_set_filter(outline, "");
}

/* ---- what was typed ------------------------------------------------------------------------------ */

static void go_to_type(struct app *app, const char *pattern) {
    const struct heap *heap = session_current(app->session)->heap;
    bool *matching = NULL;
    struct err *err = types_matching(heap, pattern, &matching);
    if (err) {
        app_fail(app, err);
        return;
    }
    uint32_t found = HEAP_NONE, count = 0;
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        if (!matching[i])
            continue;
        count++;
        if (found == HEAP_NONE ||
            heap_type_sums(heap, i)->objects > heap_type_sums(heap, found)->objects)
            found = i;
    }
    free(matching);
    if (found == HEAP_NONE) {
        app_say(app, PAINT_WARNING, "no type is called that");
    } else if (count == 1) {
        app_go(app, app_view("instances"), subject_of_type(heap_type_by_id(heap, found)));
    } else { /* those that match, to choose from */
        app_go(app, app_view("types"), (struct subject){0});
        outline_set_filter(app_here(app)->outline, pattern);
    }
}

static void go_to(struct app *app, const char *text) {
    const struct refresh *refresh = session_current(app->session);
    uint64_t address = 0;
    struct err *err = parse_address(text, &address);
    bool is_address = !err;
    err_free(err);
    if (!refresh || !*text)
        return;
    if (!is_address) {
        go_to_type(app, text);
        return;
    }
    uint32_t id = heap_find(refresh->heap, address);
    if (id == HEAP_NONE)
        app_say(app, PAINT_WARNING, "no object is at that address");
    else
        app_go(app, app_view("object"), subject_of_object(refresh->heap, id));
}

#define SHORTEST_INTERVAL 0.1 /* seconds */

static void set_interval(struct app *app, const char *text) {
    char message[64], with_unit[32];
    double seconds = 0;
    bool plain = *text && !text[strspn(text, "0123456789.")];
    snprintf(with_unit, sizeof with_unit, "%.20s%s", text, plain ? "s" : "");
    if (*text && strcmp(text, "0") != 0) {
        struct err *err = parse_duration(with_unit, &seconds);
        if (err) {
            app_fail(app, err);
            return;
        }
    }
    if (seconds > 0 && seconds < SHORTEST_INTERVAL)
        seconds = SHORTEST_INTERVAL;
    session_set_every(app->session, seconds);
    if (session_every(app->session) > 0)
        snprintf(message, sizeof message, "captured again every %g s", seconds);
    else
        snprintf(message, sizeof message, "captured again only on r");
    app_say(app, PAINT_STRONG, message);
}

static void entered(struct app *app, enum asking asking, const char *text) {
    struct outline *outline = app_here(app)->outline;
    switch (asking) {
    case ASK_SEARCH:
        snprintf(app->searched, sizeof app->searched, "%.*s", APP_SEARCH - 1, text);
        if (*text)
            outline_search(outline, app->searched, 1);
        break;
    case ASK_FILTER:
        outline_set_filter(outline, text);
        break;
    case ASK_GO:
        go_to(app, text);
        break;
    case ASK_SAVE:
        if (*text)
            session_save(app->session, text);
        break;
    case ASK_EXPORT:
        if (*text)
            app_export(app, text);
        break;
    case ASK_INTERVAL:
        set_interval(app, text);
        break;
    case ASK_NOTHING:
        break;
    }
}

/* ---- keys --------------------------------------------------------------------------------------- */

static void click(struct app *app, struct key key) {
    enum { WHEEL_ROWS = 3 };
    struct outline *outline = app_here(app)->outline;
    if (key.mouse != MOUSE_CLICK) {
        outline_scroll(outline, key.mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
        return;
    }
    struct app_click at = app_click_at(app, key.row, key.column);
    switch (at.spot) {
    case SPOT_TAB:
        go_to_view(app, at.view->key);
        break;
    case SPOT_TITLE:
        outline_sort_by(outline, at.column);
        break;
    case SPOT_ROW:
        if (at.row == outline_selected(outline))
            open_selected(app);
        else
            outline_select(outline, at.row);
        break;
    case SPOT_NOTHING:
        break;
    }
}

static void move(struct app *app, enum action action) {
    struct outline *outline = app_here(app)->outline;
    int64_t page = app_body_rows(app);
    switch (action) {
    case ACTION_UP:
        outline_move(outline, -1);
        break;
    case ACTION_DOWN:
        outline_move(outline, 1);
        break;
    case ACTION_PAGE_UP:
        outline_move(outline, -page);
        break;
    case ACTION_PAGE_DOWN:
        outline_move(outline, page);
        break;
    case ACTION_FIRST:
        outline_select(outline, 0);
        break;
    case ACTION_LAST:
        outline_select(outline, UINT64_MAX);
        break;
    case ACTION_EXPAND:
        outline_expand(outline);
        break;
    case ACTION_COLLAPSE:
        outline_collapse(outline);
        break;
    case ACTION_TOGGLE:
        outline_toggle(outline);
        break;
    default:
        break;
    }
}

static void arrange_rows(struct app *app, enum action action) {
    struct outline *outline = app_here(app)->outline;
    switch (action) {
    case ACTION_SORT_LEFT:
        outline_sort_next(outline, -1);
        break;
    case ACTION_SORT_RIGHT:
        outline_sort_next(outline, 1);
        break;
    case ACTION_INVERT:
        outline_invert(outline);
        break;
    case ACTION_SEARCH:
        ask(app, ASK_SEARCH, "Search:", "");
        break;
    case ACTION_SEARCH_NEXT:
    case ACTION_SEARCH_PREVIOUS:
        if (*app->searched)
            outline_search(outline, app->searched, action == ACTION_SEARCH_NEXT ? 1 : -1);
        break;
    case ACTION_FILTER:
        ask(app, ASK_FILTER, "Filter:", outline_filter(outline));
        break;
    default:
        break;
    }
}

static void act(struct app *app, enum action action) {
    switch (action) {
    case ACTION_NEXT_PAGE:
        turn_page(app, 1);
        break;
    case ACTION_PREVIOUS_PAGE:
        turn_page(app, -1);
        break;
    case ACTION_OPEN:
        open_selected(app);
        break;
    case ACTION_BACK:
        app_back(app);
        break;
    case ACTION_INSTANCES:
        app_go(app, app_view("instances"), subject_here(app));
        break;
    case ACTION_PATHS:
        app_go(app, app_view("paths"), subject_here(app));
        break;
    case ACTION_DOMINATORS:
        app_go(app, app_view("dominators"), subject_here(app));
        break;
    case ACTION_CANCEL:
        cancel(app);
        break;
    case ACTION_REFRESH:
        session_refresh(app->session);
        break;
    case ACTION_INTERVAL:
        ask(app, ASK_INTERVAL, "Capture every so many seconds (0: only on r):", "");
        break;
    case ACTION_BASELINE:
        session_set_baseline(app->session);
        app_say(app, PAINT_STRONG, "growth is measured from here on");
        break;
    case ACTION_SAVE:
        ask_name(app, ASK_SAVE);
        break;
    case ACTION_EXPORT:
        ask_name(app, ASK_EXPORT);
        break;
    case ACTION_COMMAND:
        show_command(app);
        break;
    case ACTION_GO:
        ask(app, ASK_GO, "Go to address or type:", "");
        break;
    case ACTION_HELP:
        app_go(app, app_view("help"), (struct subject){0});
        break;
    case ACTION_REDRAW:
        terminal_redraw();
        break;
    case ACTION_QUIT:
        app->quit = true;
        break;
    default:
        move(app, action);
        arrange_rows(app, action);
    }
}

void app_key(struct app *app, struct key key) {
    if (key.code == KEY_CODE_RESIZE)
        return;
    if (key.code == KEY_CODE_MOUSE) {
        if (!app->prompt.label)
            click(app, key);
        return;
    }
    if (app->prompt.label) {
        if (prompt_key(&app->prompt, key.code) == PROMPT_ENTERED)
            entered(app, app->asking, app->prompt.text);
        return;
    }
    enum action action = key_action(key.code);
    if (action == ACTION_VIEW)
        go_to_view(app, key.code);
    else
        act(app, action);
}
