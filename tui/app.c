/* The loop around keys, jobs that end, signals and time; and going from place to place. */
#include "tui/app.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_PLACES = 64,
    PATIENCE = 25, /* ms that drawing waits for rows after a key */
    BUSY_TICK = 100,
    IDLE_TICK = 1000,
};

struct place *app_here(struct app *app) {
    return &app->places.items[app->places.count - 1];
}

const struct view *app_view(const char *name) {
    for (const struct view *const *view = view_registry; *view; view++) {
        if (!strcmp((*view)->name, name))
            return *view;
    }
    return NULL;
}

/* ---- messages ----------------------------------------------------------------------------------- */

void app_say(struct app *app, enum paint paint, const char *text) {
    snprintf(app->message, sizeof app->message, "%s", text);
    app->message_paint = paint;
    app->dirty = true;
    messages_add(app->messages, paint == PAINT_ERROR, text);
}

void app_fail(struct app *app, struct err *err) {
    if (err && err_code(err) == ERR_CANCELLED)
        app_say(app, PAINT_WARNING, "cancelled");
    else if (err)
        app_say(app, PAINT_ERROR, err_message(err));
    err_free(err);
}

/* ---- what others tell ---------------------------------------------------------------------------- */

static void changed(void *context) {
    ((struct app *)context)->dirty = true;
}

static void said(void *context, const char *message) {
    app_say(context, PAINT_STRONG, message);
}

static void failed(void *context, struct err *err) {
    app_fail(context, err);
}

static void release(void *context, struct refresh *refresh) {
    session_release(((struct app *)context)->session, refresh);
}

/* Places that are not shown keep no old heaps. */
static void refreshed(void *context) {
    struct app *app = context;
    app->dirty = true;
    for (size_t i = 0; i + 1 < app->places.count; i++)
        outline_forget(app->places.items[i].outline);
}

/* ---- places -------------------------------------------------------------------------------------- */

static void leave_last(struct app *app) {
    outline_destroy(app_here(app)->outline);
    app->places.count--;
}

/* What was cancelled, or failed, may be made when it is asked for anew. */
static void try_again(struct app *app) {
    app->dirty = true;
    if (!session_current(app->session))
        return;
    session_forgive(session_current(app->session));
    session_forgive(session_baseline(app->session));
}

static void enter(struct app *app, const struct view *view, struct subject subject) {
    struct place place = {.view = view, .subject = subject};
    struct outline *outline = NULL;
    struct err *err = outline_create(&app->host, &outline);
    if (!err && !vec_reserve(&app->places, 1))
        err = err_no_memory();
    if (err) {
        outline_destroy(outline);
        app_fail(app, err);
        return;
    }
    if (app->places.count == MOST_PLACES) {
        outline_destroy(app->places.items[0].outline);
        memmove(app->places.items, app->places.items + 1,
                --app->places.count * sizeof *app->places.items);
    }
    place.outline = outline;
    place.origin = app->places.count ? app_here(app)->view : view;
    app->places.items[app->places.count++] = place;
    try_again(app);
}

/* Of an object its type, where only types will do. */
static bool fit_subject(struct app *app, const struct view *view, struct subject *subject) {
    if (view->subjects >> subject->kind & 1)
        return true;
    if (subject->kind == SUBJECT_NONE && app->last_subject.kind != SUBJECT_NONE) {
        *subject = app->last_subject;
        return fit_subject(app, view, subject);
    }
    if (subject->kind == SUBJECT_OBJECT && view->subjects >> SUBJECT_TYPE & 1) {
        subject->kind = SUBJECT_TYPE;
        subject->address = 0;
        return true;
    }
    *subject = (struct subject){0};
    return view->subjects >> SUBJECT_NONE & 1;
}

void app_go(struct app *app, const struct view *view, struct subject subject) {
    if (!view)
        return;
    if (!fit_subject(app, view, &subject)) {
        app_say(app, PAINT_WARNING,
                view->subjects >> SUBJECT_TYPE & 1
                    ? "select a type or an object first"
                    : "select an object first: Enter on a type shows its instances");
        return;
    }
    if (subject.kind != SUBJECT_NONE)
        app->last_subject = subject;
    const struct place *here = app_here(app);
    bool same = here->view == view && here->subject.kind == subject.kind &&
                here->subject.address == subject.address &&
                !strcmp(here->subject.type, subject.type);
    if (!same)
        enter(app, view, subject);
    else
        try_again(app);
}

void app_back(struct app *app) {
    if (app->places.count > 1)
        leave_last(app);
    app->dirty = true;
}

void app_set_page(struct app *app, unsigned page) {
    app_here(app)->page = page;
    app->dirty = true;
}

static void context_of(struct app *app, const struct place *place, struct view_context *context) {
    *context = (struct view_context){
        .refresh = session_current(app->session),
        .baseline = session_baseline(app->session),
        .products = session_current(app->session)->ready,
        .baseline_products = session_baseline(app->session)->ready,
        .history = session_history(app->session),
        .messages = app->messages,
        .origin = place->origin,
        .subject = place->subject,
        .object = HEAP_NONE,
        .type_id = HEAP_NONE,
        .width = terminal_columns(),
        .height = app_body_rows(app),
        .file_damaged = session_file_damaged(app->session),
        .unicode = terminal_shows_unicode(),
    };
    const struct heap *heap = context->refresh->heap;
    if (place->subject.kind == SUBJECT_OBJECT)
        context->object = object_id_of(heap, &place->subject);
    if (place->subject.kind != SUBJECT_NONE)
        context->type_id = type_id_of(heap, &place->subject);
}

/* Has the place opened, or opened anew, if what it shows is not what there is now. */
static void open_here(struct app *app) {
    struct place *place = app_here(app);
    const struct page *page = &place->view->pages[place->page];
    struct refresh *refresh = session_current(app->session);
    struct refresh *baseline = session_baseline(app->session);
    if (!refresh)
        return;
    bool ready = session_require(app->session, refresh, page->needs);
    if (!session_require(app->session, baseline, page->baseline_needs) || !ready)
        return;
    session_want(app->session, refresh, page->wants);
    session_want(app->session, baseline, page->baseline_wants);
    struct place_state state = {
        .page = place->page,
        .products = refresh->ready & page->wants,
        .baseline_products = baseline->ready & page->baseline_wants,
        .refresh = refresh->number,
        .baseline = baseline->number,
        .width = page->sized ? terminal_columns() : 0,
        .height = page->sized ? app_body_rows(app) : 0,
        .messages = page->follows_messages ? messages_count(app->messages) : 0,
    };
    const struct place_state *was = &place->opened;
    if (was->refresh && was->page == state.page && was->products == state.products &&
        was->baseline_products == state.baseline_products && was->refresh == state.refresh &&
        was->baseline == state.baseline && was->width == state.width &&
        was->height == state.height && was->messages == state.messages &&
        !outline_is_forgotten(place->outline))
        return;
    struct view_context context;
    context_of(app, place, &context);
    place->opened = state;
    struct err *err = outline_open(place->outline, page, &context);
    if (err)
        app_fail(app, err);
}

/* ---- the loop ------------------------------------------------------------------------------------ */

static void take_signal(struct app *app) {
    for (int number; (number = terminal_signal());) {
        if (number == SIGTSTP) {
            terminal_suspend();
        } else if (number == SIGWINCH) {
            terminal_resize();
        } else if (number != SIGCONT) {
            app->signal = number;
            app->quit = true;
        }
        app->dirty = true;
    }
}

static void finish_jobs(struct app *app) {
    worker_finish(session_worker(app->session));
    worker_finish(app->opener);
    worker_finish(app->reader);
}

/* Waits for something to happen, `milliseconds` at most. */
static void wait_for(struct app *app, int milliseconds, bool keys) {
    struct pollfd events[] = {
        {.fd = worker_fd(session_worker(app->session)), .events = POLLIN},
        {.fd = worker_fd(app->opener), .events = POLLIN},
        {.fd = worker_fd(app->reader), .events = POLLIN},
        {.fd = keys ? terminal_signals() : -1, .events = POLLIN},
        {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
    };
    poll(events, sizeof events / sizeof *events, milliseconds);
    if (events[4].revents & (POLLHUP | POLLERR)) {
        app->quit = true; /* the terminal is gone */
        app->signal = SIGHUP;
    }
}

static long milliseconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* Whether rows are on their way, and may be there in a moment. */
static bool opens_soon(struct app *app) {
    struct worker_status status = worker_status(app->opener);
    return outline_is_opening(app_here(app)->outline) && status.seconds * 1000 < PATIENCE;
}

/* Brings the screen up to date. What takes a moment only is waited for, so that nothing flickers. */
static void show(struct app *app) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        open_here(app);
        struct outline *outline = app_here(app)->outline;
        outline_set_window(outline, app_body_rows(app));
        bool known = outline_want_window(outline) && !opens_soon(app);
        long left = PATIENCE - milliseconds_since(&start);
        if (known || left <= 0 || !session_current(app->session))
            break;
        wait_for(app, (int)left, false);
        finish_jobs(app);
    }
    app->dirty = false;
    app_draw(app);
}

static void take_keys(struct app *app) {
    for (;;) {
        struct key key = terminal_key();
        if (key.code == KEY_NOTHING || app->quit)
            return;
        app->message[0] = '\0';
        app->dirty = true;
        app_key(app, key);
    }
}

static void loop(struct app *app) {
    while (!app->quit) {
        double due = session_tick(app->session);
        bool busy = !worker_is_idle(session_worker(app->session)) || !worker_is_idle(app->opener);
        int wait = busy ? BUSY_TICK : IDLE_TICK;
        if (due >= 0 && due * 1000 < wait)
            wait = (int)(due * 1000) + 1;
        if (app->dirty)
            show(app);
        wait_for(app, wait, true);
        finish_jobs(app);
        take_signal(app);
        take_keys(app);
        app->dirty = true; /* the age of the data, the progress */
        if (session_failure(app->session))
            app->quit = true;
    }
}

/* ---- start and end ------------------------------------------------------------------------------- */

static struct err *start(struct app *app) {
    TRY(messages_create(&app->messages));
    TRY(worker_create(&app->opener));
    TRY(worker_create(&app->reader));
    const struct session_events events = {app, refreshed, changed, said, failed};
    TRY(session_create(&app->options->session, &events, &app->session));
    app->host = (struct outline_host){.worker = app->opener,
                                      .reader = app->reader,
                                      .context = app,
                                      .changed = changed,
                                      .said = said,
                                      .failed = failed,
                                      .release = release};
    enter(app, app_view("types"), (struct subject){0});
    return app->places.count ? NULL : err_no_memory();
}

static struct err *end(struct app *app) {
    struct err *err = NULL;
    if (app->session && session_failure(app->session) && !app->signal) {
        const struct err *failure = session_failure(app->session);
        err = err_new(err_code(failure), "%s", err_message(failure));
    }
    while (app->places.count)
        leave_last(app);
    worker_destroy(app->opener);
    worker_destroy(app->reader);
    session_destroy(app->session);
    messages_destroy(app->messages);
    vec_free(&app->places);
    return err;
}

struct err *tui_run(const struct tui_options *options, int *signal) {
    struct app app = {.options = options, .dirty = true};
    TRY(terminal_open(&options->terminal));
    struct err *err = start(&app);
    if (!err)
        loop(&app);
    terminal_close(); /* first: what follows may take a moment */
    struct err *end_err = end(&app);
    if (err)
        err_free(end_err);
    else
        err = end_err;
    *signal = app.signal;
    return err;
}

void tui_keys(struct strbuf *out) {
    keys_markdown(out);
}
