/* The screen: status, tabs, where one is, the rows under their titles, and what is said at the bottom. */
#include "tui/columns.h"
#include "tui/draw_rows.h"

#include "report/cell.h"
#include "report/command_line.h"
#include "report/units.h"
#include "report/width.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROW_STATUS, ROW_TABS, ROW_PLACE };

/* ---- status ------------------------------------------------------------------------------------- */

struct part {
    char text[160], brief[32]; /* `brief`: where there is less room; "" for none */
    unsigned worth;            /* the least is made brief first, then goes */
};

struct parts {
    struct part items[12];
    size_t count;
};

static struct part *part_add(struct parts *parts, unsigned worth, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static struct part *part_add(struct parts *parts, unsigned worth, const char *format, ...) {
    struct part *part = &parts->items[parts->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(part->text, sizeof part->text, format, arguments);
    va_end(arguments);
    part->worth = worth;
    return part;
}

static void part_brief(struct part *part, const char *text) {
    snprintf(part->brief, sizeof part->brief, "%s", text);
}

static size_t parts_width(const struct parts *parts) {
    size_t width = 2;
    for (size_t i = 0; i < parts->count; i++)
        width += width_of(parts->items[i].text) + 2 * (i > 0);
    return width;
}

/* Makes the least of those that can be made brief so; false if none can. */
static bool make_brief(struct parts *parts) {
    struct part *least = NULL;
    for (size_t i = 0; i < parts->count; i++) {
        struct part *part = &parts->items[i];
        if (*part->brief && (!least || part->worth < least->worth))
            least = part;
    }
    if (!least)
        return false;
    memcpy(least->text, least->brief, sizeof least->brief);
    *least->brief = '\0';
    return true;
}

static void drop_least(struct parts *parts) {
    struct part *least = parts->items;
    for (size_t i = 1; i < parts->count; i++) {
        if (parts->items[i].worth < least->worth)
            least = &parts->items[i];
    }
    size_t after = parts->count-- - (size_t)(least - parts->items) - 1;
    memmove(least, least + 1, after * sizeof *least);
}

/* As many parts as there is room for, and those as long as there is. */
static void fit_parts(struct parts *parts, unsigned columns) {
    for (;;) {
        struct parts tried = *parts;
        while (parts_width(&tried) > columns && make_brief(&tried)) {
        }
        if (parts_width(&tried) <= columns || parts->count == 1) {
            *parts = tried;
            return;
        }
        drop_least(parts);
    }
}

static void age_text(char *out, size_t size, const struct source_info *info) {
    struct timespec now;
    struct tm utc;
    char day[32] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    long seconds = now.tv_sec - info->capture.taken_at.tv_sec;
    if (info->path && gmtime_r(&info->capture.taken_at.tv_sec, &utc) &&
        strftime(day, sizeof day, "%Y-%m-%d %H:%M", &utc))
        snprintf(out, size, "as of %s", day);
    else if (seconds < 120)
        snprintf(out, size, "%ld s old", seconds > 0 ? seconds : 0);
    else if (seconds < 7200)
        snprintf(out, size, "%ld min old", seconds / 60);
    else
        snprintf(out, size, "%ld h old", seconds / 3600);
}

static void pause_text(char *out, size_t size, const struct source_info *info) {
    double pause = info->capture.pause_seconds * 1000;
    if (info->capture.approximate)
        snprintf(out, size, "not paused");
    else
        snprintf(out, size, "pause %.*f ms", pause < 9.95, pause);
}

static void status_parts(struct app *app, struct parts *parts) {
    const struct refresh *refresh = session_current(app->session);
    const struct source_info *info = source_info(refresh->source);
    const struct heap_totals *totals = heap_totals(refresh->heap);
    const struct damage_list *damage = heap_damage(refresh->heap);
    char count[UNITS_SIZE], size[UNITS_SIZE], text[64];
    struct strbuf command = {0};
    uint64_t damaged = 0;
    for (size_t i = 0; i < damage->count; i++)
        damaged += damage->items[i].count;
    command_shorten(&command, info->command);
    part_add(parts, 100, "%s", strbuf_text(&command));
    part_add(parts, 90, "%d", (int)info->pid);
    part_brief(part_add(parts, 40, "Python %s", info->python), info->python);
    part_add(parts, 60, "%s objects %s", units_count(count, totals->objects),
             units_short(size, totals->footprint));
    pause_text(text, sizeof text, info);
    part_add(parts, info->path ? 5 : 20, "%s", text); /* of a file it is history */
    if (session_target_gone(app->session)) {
        part_add(parts, 95, "ENDED");
    } else {
        age_text(text, sizeof text, info);
        part_add(parts, 50, "%s", text);
    }
    if (session_every(app->session) > 0)
        part_add(parts, 45, "every %g s", session_every(app->session));
    if (session_file_damaged(app->session))
        part_add(parts, 98, "DAMAGED FILE");
    else if (damaged)
        part_add(parts, 95, "damage: %s", units_count(count, damaged));
    else
        part_brief(part_add(parts, 10, "no damage"), "ok");
    if (info->capture.approximate || info->collecting)
        part_add(parts, 92, info->capture.approximate ? "APPROXIMATE" : "in a gc");
    strbuf_free(&command);
}

static void draw_status(struct app *app) {
    enum { LEAST_COMMAND = 12 };
    unsigned columns = terminal_columns();
    struct strbuf line = {0};
    if (session_current(app->session)) {
        struct parts parts = {0};
        status_parts(app, &parts);
        struct part *command = &parts.items[0];
        char whole[sizeof command->text];
        memcpy(whole, command->text, sizeof whole);
        if (width_of(command->text) > LEAST_COMMAND) { /* first what everything else leaves */
            struct strbuf cut = {0};
            width_add_fitting(&cut, whole, LEAST_COMMAND, false);
            snprintf(command->text, sizeof command->text, "%s", strbuf_text(&cut));
            strbuf_free(&cut);
        }
        fit_parts(&parts, columns);
        size_t room = columns - (parts_width(&parts) < columns ? parts_width(&parts) : columns) +
                      width_of(command->text);
        strbuf_puts(&line, " ");
        width_add_fitting(&line, whole, room, false);
        for (size_t i = 1; i < parts.count; i++)
            strbuf_printf(&line, "  %s", parts.items[i].text);
    } else {
        strbuf_printf(&line, " heapglass  %s", app->options->session.argument);
    }
    terminal_text(ROW_STATUS, 0, columns, PAINT_STATUS, strbuf_text(&line));
    terminal_repaint(ROW_STATUS, 0, columns, PAINT_STATUS);
    strbuf_free(&line);
}

/* ---- tabs --------------------------------------------------------------------------------------- */

static bool has_tab(const struct view *view) {
    return view->key >= '1' && view->key <= '9';
}

/* Whether all titles fit, or only that of the view that is shown. */
static bool tabs_fit(void) {
    size_t width = 0;
    for (const struct view *const *view = view_registry; *view; view++)
        width += has_tab(*view) ? strlen((*view)->title) + 2 : 0;
    return width <= terminal_columns() + 1;
}

/* Draws the tabs, or finds the one at a column: NULL if none is there. */
static const struct view *tabs(struct app *app, bool draw, unsigned at) {
    bool titles = tabs_fit();
    unsigned column = 0;
    for (const struct view *const *each = view_registry; *each; each++) {
        const struct view *view = *each;
        bool here = app_here(app)->view == view;
        if (!has_tab(view))
            continue;
        char key[2] = {(char)view->key, '\0'};
        unsigned start = column, width = titles || here ? (unsigned)strlen(view->title) : 0;
        if (draw) {
            terminal_text(ROW_TABS, column, 1, PAINT_KEY, key);
            terminal_text(ROW_TABS, column + 1, width, here ? PAINT_TAB_HERE : PAINT_TAB,
                          width ? view->title : "");
        }
        column += 1 + width;
        if (!draw && at >= start && at < column)
            return view;
        column++;
    }
    return NULL;
}

/* ---- where one is -------------------------------------------------------------------------------- */

static void place_piece(const struct place *place, struct strbuf *out) {
    bool about = place->subject.kind != SUBJECT_NONE;
    bool plain = !strcmp(place->view->name, "object") || !strcmp(place->view->name, "instances");
    if (about && !plain)
        strbuf_printf(out, "%s of ", place->view->title);
    if (about && place->subject.kind == SUBJECT_OBJECT)
        strbuf_printf(out, "%s at %#llx", place->subject.type,
                      (unsigned long long)place->subject.address);
    else
        strbuf_puts(out, about ? place->subject.type : place->view->title);
    if (place->view->page_count > 1)
        strbuf_printf(out, ": %s", place->view->pages[place->page].name);
}

/* The way here, the newest part of it where there is no room for all. */
static void draw_place(struct app *app, unsigned columns) {
    static const char arrow[] = " › ";
    struct strbuf line = {0};
    for (size_t i = app->places.count; i-- > 0;) {
        struct strbuf longer = {0};
        place_piece(&app->places.items[i], &longer);
        if (line.length)
            strbuf_printf(&longer, "%s%s", arrow, strbuf_text(&line));
        bool fits = width_of(strbuf_text(&longer)) <= columns;
        if (!fits && line.length) {
            strbuf_free(&longer);
            break;
        }
        strbuf_free(&line);
        line = longer;
    }
    terminal_text(ROW_PLACE, 0, columns, PAINT_STRONG, strbuf_text(&line));
    strbuf_free(&line);
}

static void draw_place_row(struct app *app) {
    enum { LEAST_PLACE = 12 }; /* columns */
    struct outline *outline = app_here(app)->outline;
    unsigned columns = terminal_columns();
    struct strbuf right = {0};
    char count[UNITS_SIZE], all[UNITS_SIZE];
    if (outline_is_open(outline) && (!outline_page(outline)->lines || *outline_filter(outline))) {
        uint64_t roots = outline_roots(outline);
        uint32_t whole = outline_opened(outline)->data.root_count;
        if (*outline_filter(outline))
            strbuf_printf(&right, "filter: %s  ", outline_filter(outline));
        if (roots < whole)
            strbuf_printf(&right, "%s of %s", units_count(count, roots), units_count(all, whole));
        else if (!outline_page(outline)->fixed_order)
            strbuf_printf(&right, "%s of %s",
                          units_count(count, roots ? outline_selected(outline) + 1 : 0),
                          units_count(all, outline_count(outline)));
    }
    unsigned width = (unsigned)width_of(strbuf_text(&right));
    if (width + LEAST_PLACE > columns)
        width = 0;
    draw_place(app, columns - width - (width > 0));
    if (width)
        terminal_text(ROW_PLACE, columns - width, width, PAINT_FAINT, strbuf_text(&right));
    strbuf_free(&right);
}

/* ---- the bottom --------------------------------------------------------------------------------- */

static void draw_progress(const struct worker_status *status, unsigned row) {
    enum { BAR = 20 };
    struct strbuf line = {0};
    if (status->share > 0) {
        strbuf_puts(&line, "[");
        cell_bar(&line, status->share, BAR, terminal_shows_unicode());
        strbuf_printf(&line, "] %2.0f%%  ", status->share * 100);
    }
    strbuf_printf(&line, "%s%s%s  %.1f s", status->title, *status->phase ? ": " : "", status->phase,
                  status->seconds);
    unsigned columns = terminal_columns();
    terminal_text(row, 0, columns > 14 ? columns - 12 : columns, PAINT_STRONG, strbuf_text(&line));
    if (columns > 24)
        terminal_text(row, columns - 10, 10, PAINT_FAINT, "Esc cancel");
    strbuf_free(&line);
}

/* The bytes at the start of a text that fit into so many columns; at least a character. */
static size_t fitting_bytes(const char *text, unsigned columns) {
    struct strbuf part = {0};
    size_t fitting = 0;
    while (text[fitting]) {
        size_t next = fitting + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80)
            next++;
        strbuf_clear(&part);
        strbuf_add(&part, text, next);
        if (fitting && width_of(strbuf_text(&part)) > columns)
            break;
        fitting = next;
    }
    strbuf_free(&part);
    return fitting;
}

/* All of it, over the last rows if it is long: commands are there to be copied. */
static void draw_message(const struct app *app) {
    enum { MOST_ROWS = 8 };
    const char *starts[MOST_ROWS], *at = app->message;
    unsigned rows = 0, columns = terminal_columns(), last = terminal_rows() - 2;
    while (*at && rows < MOST_ROWS && rows <= last) {
        starts[rows++] = at;
        at += fitting_bytes(at, columns);
    }
    for (unsigned i = 0; i < rows; i++) {
        struct strbuf line = {0};
        strbuf_add(&line, starts[i], (size_t)((i + 1 < rows ? starts[i + 1] : at) - starts[i]));
        for (size_t width = width_of(strbuf_text(&line)); rows > 1 && width < columns; width++)
            strbuf_putc(&line, ' '); /* over what was there */
        terminal_text(last - (rows - 1 - i), 0, columns, app->message_paint, strbuf_text(&line));
        strbuf_free(&line);
    }
}

static void draw_message_row(struct app *app) {
    unsigned row = terminal_rows() - 2;
    struct worker_status opener = worker_status(app->opener);
    struct worker_status session = worker_status(session_worker(app->session));
    const double soon = 0.15;
    if (app->prompt.label)
        prompt_draw(&app->prompt, row, terminal_columns());
    else if (app->message[0])
        draw_message(app);
    else if (opener.running && opener.seconds > soon)
        draw_progress(&opener, row);
    else if (session.running && session.seconds > soon)
        draw_progress(&session, row);
}

static void draw_hints(void) {
    unsigned column = 0, row = terminal_rows() - 1, columns = terminal_columns();
    for (const struct key_binding *binding = key_bindings; binding->action; binding++) {
        if (!binding->hint)
            continue;
        size_t length = strcspn(binding->keys, " ");
        struct strbuf key = {0};
        strbuf_add(&key, binding->keys, length);
        unsigned width = (unsigned)(width_of(strbuf_text(&key)) + width_of(binding->hint) + 1);
        if (column + width <= columns) {
            column += terminal_text(row, column, columns, PAINT_KEY, strbuf_text(&key)) + 1;
            column += terminal_text(row, column, columns, PAINT_HINT, binding->hint) + 2;
        }
        strbuf_free(&key);
    }
}

static void draw_nothing_yet(struct app *app) {
    struct place *place = app_here(app);
    const struct page *page = &place->view->pages[place->page];
    struct refresh *refresh = session_current(app->session);
    unsigned row = ROWS_ABOVE + 1;
    const char *text = "working it out …";
    if (!refresh)
        text = "capturing …";
    else if (session_failed_products(refresh, page->needs) ||
             session_failed_products(session_baseline(app->session), page->baseline_needs))
        text = "not worked out: cancelled, or it failed; the key of the view tries again";
    terminal_text(row, 1, terminal_columns() - 1, PAINT_FAINT, text);
}

void app_draw(struct app *app) {
    struct place *place = app_here(app);
    terminal_clear();
    draw_status(app);
    tabs(app, true, 0);
    draw_place_row(app);
    if (outline_is_open(place->outline))
        draw_rows(app);
    else
        draw_nothing_yet(app);
    draw_hints();
    draw_message_row(app); /* last: its cursor stays */
    terminal_show();
}

/* ---- clicks ------------------------------------------------------------------------------------- */

struct app_click app_click_at(struct app *app, unsigned row, unsigned column) {
    struct place *place = app_here(app);
    struct outline *outline = place->outline;
    struct app_click click = {.spot = SPOT_NOTHING};
    if (row == ROW_TABS && (click.view = tabs(app, false, column)))
        click.spot = SPOT_TAB;
    if (!outline_is_open(outline) || row < ROWS_ABOVE)
        return click;
    unsigned body = draw_body_row(outline);
    uint64_t index = outline_top(outline) + row - body;
    if (row >= body && row < body + app_body_rows(app) && index < outline_count(outline)) {
        click.spot = SPOT_ROW;
        click.row = index;
    } else if (row + 1 == body && !outline_page(outline)->lines) {
        struct table_layout layout;
        columns_lay_out(place, &layout);
        for (size_t i = 0; i < layout.shown_count; i++) {
            if (column >= layout.shown[i].start &&
                column < layout.shown[i].start + layout.shown[i].width) {
                click.spot = SPOT_TITLE;
                click.column = layout.shown[i].column;
            }
        }
    }
    return click;
}
