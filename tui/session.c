#include "tui/session.h"

#include "base/cleanup.h"
#include "source/snapshot_output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* With an interval, what is only wanted may take this part of it. */
#define WANTED_SHARE 0.25

struct session {
    struct session_options options;
    struct session_events events;
    struct worker *worker;
    struct history *history;
    struct refresh *current, *baseline;
    struct err *failure;
    bool capturing, gone, ended, file_damaged;
    int pidfd; /* readable when the process has ended; -1: not known */
    uint64_t start_time;
    double every, due;     /* seconds; `due` on the monotonic clock */
    double wanted_seconds; /* that the products which were wanted last took */
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- references --------------------------------------------------------------------------------- */

static struct err *dispose_run(void *context, struct work *work) {
    (void)work;
    refresh_destroy(context);
    return NULL;
}

static void dispose_done(void *context, struct err *err) {
    if (err) /* there was no memory to have it run */
        refresh_destroy(context);
    err_free(err);
}

void session_release(struct session *session, struct refresh *refresh) {
    if (!refresh || --refresh->references)
        return;
    if (session->ended)
        refresh_destroy(refresh);
    else /* giving gigabytes back takes time */
        worker_submit(session->worker, (struct job){.title = "giving memory back",
                                                    .run = dispose_run,
                                                    .done = dispose_done,
                                                    .context = refresh,
                                                    .must_run = true});
}

static struct refresh *share(struct refresh *refresh) {
    if (refresh)
        refresh->references++;
    return refresh;
}

/* ---- captures ----------------------------------------------------------------------------------- */

struct capturing {
    struct session *session;
    struct session_options options;
    struct history *history;
    struct refresh *before; /* a reference */
    uint64_t start_time;    /* of the process that it has to be; 0: any */
    struct refresh *baseline, *made;
    struct work *work;
};

static void show_phase(void *context, const char *phase) {
    work_phase(context, phase);
}

static struct err *open_source(const struct capturing *capturing, const char *path, pid_t pid,
                               struct source **ret) {
    struct source_options options = capturing->options.source;
    options.cancel = work_cancel(capturing->work);
    options.progress = show_phase;
    options.progress_context = capturing->work;
    options.names = true;
    TRY(pid ? source_open_pid(pid, &options, ret) : source_open_snapshot(path, &options, ret));
    return capturing->options.hide_values ? source_hide_values(*ret) : NULL;
}

static struct err *take_refresh(struct capturing *capturing, const char *path, pid_t pid,
                                const struct refresh *before, struct refresh **ret) {
    struct source *source = NULL;
    struct err *err = open_source(capturing, path, pid, &source);
    if (!err && capturing->start_time && source_info(source)->start_time != capturing->start_time)
        err = err_new(ERR_SOURCE, "the process has ended: %d is another one now", (int)pid);
    if (err) {
        source_close(source);
        return err;
    }
    TRY(refresh_create(source, before, capturing->work, ret));
    return history_add(capturing->history, *ret);
}

static struct err *capture_run(void *context, struct work *work) {
    struct capturing *capturing = context;
    const struct session_options *options = &capturing->options;
    const struct refresh *before = capturing->before;
    capturing->work = work;
    if (!before && options->baseline) {
        TRY(take_refresh(capturing, options->baseline, 0, NULL, &capturing->baseline));
        before = capturing->baseline;
    }
    return take_refresh(capturing, options->argument, options->pid, before, &capturing->made);
}

static void take_made(struct session *session, struct capturing *capturing) {
    session_release(session, session->current);
    session->current = take_pointer(capturing->made);
    session->start_time =
        session->options.pid ? source_info(session->current->source)->start_time : 0;
    if (!session->baseline)
        session->baseline =
            capturing->baseline ? take_pointer(capturing->baseline) : share(session->current);
    session->events.refreshed(session->events.context);
}

static void capture_failed(struct session *session, struct err *err) {
    if (!session->current && !session->failure) {
        session->failure = err;
        session->events.refreshed(session->events.context);
        return;
    }
    if (err_code(err) == ERR_SOURCE && session->options.pid)
        session->gone |= kill(session->options.pid, 0) && errno == ESRCH;
    session->every = session->gone ? 0 : session->every;
    session->events.failed(session->events.context, err);
}

static void capture_done(void *context, struct err *err) {
    struct capturing *capturing = context;
    struct session *session = capturing->session;
    session->capturing = false;
    session->due = now() + session->every;
    if (session->ended)
        err_free(err);
    else if (!err)
        take_made(session, capturing);
    else
        capture_failed(session, err);
    session_release(session, capturing->made);
    session_release(session, capturing->baseline);
    session_release(session, capturing->before);
    free(capturing);
}

static void start_capture(struct session *session) {
    struct capturing *capturing = calloc(1, sizeof *capturing);
    if (!capturing) {
        session->events.failed(session->events.context, err_no_memory());
        return;
    }
    *capturing = (struct capturing){.session = session,
                                    .options = session->options,
                                    .history = session->history,
                                    .before = share(session->current),
                                    .start_time = session->start_time};
    session->capturing = true;
    worker_submit(session->worker, (struct job){.title = "capture",
                                                .run = capture_run,
                                                .done = capture_done,
                                                .context = capturing});
}

/* ---- the session -------------------------------------------------------------------------------- */

/* At the end nobody listens. */
static void ignore(void *context) {
    (void)context;
}

static void ignore_message(void *context, const char *message) {
    (void)context;
    (void)message;
}

static void ignore_error(void *context, struct err *err) {
    (void)context;
    err_free(err);
}

struct err *session_create(const struct session_options *options,
                           const struct session_events *events, struct session **ret) {
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return err_no_memory();
    session->options = *options;
    session->events = *events;
    session->every = options->pid ? options->every : 0;
    session->pidfd = options->pid ? (int)syscall(SYS_pidfd_open, options->pid, 0) : -1;
    struct err *err = worker_create(&session->worker);
    if (!err)
        err = history_create(&session->history);
    if (err) {
        session_destroy(session);
        return err;
    }
    start_capture(session);
    *ret = session;
    return NULL;
}

void session_destroy(struct session *session) {
    if (!session)
        return;
    session->ended = true;
    session->events = (struct session_events){NULL, ignore, ignore, ignore_message, ignore_error};
    worker_destroy(session->worker);
    session_release(session, session->current);
    session_release(session, session->baseline);
    history_destroy(session->history);
    err_free(session->failure);
    if (session->pidfd >= 0)
        close(session->pidfd);
    free(session);
}

struct worker *session_worker(struct session *session) {
    return session->worker;
}

struct history *session_history(struct session *session) {
    return session->history;
}

struct refresh *session_current(struct session *session) {
    return session->current;
}

struct refresh *session_baseline(struct session *session) {
    return session->baseline;
}

const struct err *session_failure(const struct session *session) {
    return session->failure;
}

bool session_target_gone(const struct session *session) {
    return session->gone;
}

void session_refresh(struct session *session) {
    if (!session->options.pid)
        session->events.said(session->events.context,
                             "a snapshot does not change; diff compares two of them");
    else if (session->gone)
        session->events.said(session->events.context, "the process has ended");
    else if (session->capturing)
        session->events.said(session->events.context, "a capture is running already");
    else
        start_capture(session);
}

void session_set_every(struct session *session, double seconds) {
    session->every = session->options.pid && !session->gone ? seconds : 0;
    session->due = now() + session->every;
}

double session_every(const struct session *session) {
    return session->every;
}

/* Parts of a file that turned out to be damaged when they were looked at. */
static void tell_damage(struct session *session) {
    struct refresh *const looked_at[] = {session->current, session->baseline};
    for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++) {
        struct err *err = looked_at[i] ? source_take_error(looked_at[i]->source) : NULL;
        if (!err)
            continue;
        session->file_damaged = true;
        session->events.failed(session->events.context, err);
    }
}

bool session_file_damaged(const struct session *session) {
    return session->file_damaged;
}

double session_tick(struct session *session) {
    tell_damage(session);
    struct pollfd ended = {.fd = session->pidfd, .events = POLLIN};
    if (!session->gone && session->pidfd >= 0 && poll(&ended, 1, 0) > 0) {
        session->gone = true;
        session->every = 0;
        session->events.said(session->events.context,
                             "the process has ended; what was captured last stays");
    }
    if (session->every <= 0 || session->capturing || !session->current)
        return -1;
    double left = session->due - now();
    if (left <= 0)
        start_capture(session);
    return left > 0 ? left : -1;
}

void session_set_baseline(struct session *session) {
    if (!session->current || session->baseline == session->current)
        return;
    session_release(session, session->baseline);
    session->baseline = share(session->current);
    session->events.refreshed(session->events.context);
}

bool session_cancel(struct session *session) {
    bool idle = worker_is_idle(session->worker);
    worker_cancel(session->worker, NULL);
    return !idle;
}

/* ---- products ----------------------------------------------------------------------------------- */

struct making {
    struct session *session;
    struct refresh *refresh; /* a reference */
    enum product product;
    bool wanted_only;
    double seconds;
};

static struct err *making_run(void *context, struct work *work) {
    struct making *making = context;
    double began = now();
    struct err *err = product_make(making->refresh, making->product, work);
    making->seconds = now() - began;
    return err;
}

static void making_done(void *context, struct err *err) {
    struct making *making = context;
    struct session *session = making->session;
    struct refresh *refresh = making->refresh;
    refresh->pending &= ~(unsigned)making->product;
    if (making->wanted_only)
        session->wanted_seconds += making->seconds;
    if (!err) {
        refresh->ready |= making->product;
    } else {
        refresh->failed |= making->product;
        session->file_damaged |= err_code(err) == ERR_DAMAGED_FILE;
        if (err_code(err) == ERR_CANCELLED)
            err_free(err);
        else
            session->events.failed(session->events.context, err);
    }
    session->events.made(session->events.context);
    session_release(session, refresh);
    free(making);
}

void session_forgive(struct refresh *refresh) {
    refresh->failed = 0;
}

unsigned session_failed_products(const struct refresh *refresh, unsigned wanted) {
    return products_with_bases(wanted) & refresh->failed;
}

static void make(struct session *session, struct refresh *refresh, unsigned wanted,
                 bool wanted_only) {
    unsigned missing = products_with_bases(wanted) & ~(refresh->ready | refresh->pending);
    while (missing) {
        enum product product = product_next(missing);
        struct making *making = calloc(1, sizeof *making);
        if (!making)
            return;
        *making = (struct making){session, share(refresh), product, wanted_only, 0};
        refresh->pending |= product;
        missing &= ~(unsigned)product;
        worker_submit(session->worker, (struct job){.title = product_name(product),
                                                    .run = making_run,
                                                    .done = making_done,
                                                    .context = making});
    }
}

bool session_require(struct session *session, struct refresh *refresh, unsigned wanted) {
    wanted = products_with_bases(wanted);
    if (!(wanted & ~refresh->ready))
        return true;
    if (!(wanted & refresh->failed))
        make(session, refresh, wanted, false);
    return false;
}

void session_want(struct session *session, struct refresh *refresh, unsigned wanted) {
    wanted = products_with_bases(wanted);
    bool too_dear = session->every > 0 && session->wanted_seconds > WANTED_SHARE * session->every;
    if (!(wanted & ~(refresh->ready | refresh->pending)) || (wanted & refresh->failed) || too_dear)
        return;
    session->wanted_seconds = 0;
    make(session, refresh, wanted, true);
}

/* ---- saving ------------------------------------------------------------------------------------- */

struct saving {
    struct session *session;
    struct refresh *refresh; /* a reference */
    char *path;
};

static struct err *save_run(void *context, struct work *work) {
    struct saving *saving = context;
    struct snapshot_output *output = NULL;
    const struct source_options options = {
        .cancel = work_cancel(work), .progress = show_phase, .progress_context = work};
    if (!access(saving->path, F_OK))
        return err_new(ERR_USAGE, "%s is there already; choose another name", saving->path);
    TRY(snapshot_output_open(saving->path, options.cancel, &output));
    struct err *err = source_save(saving->refresh->source, output, &options);
    snapshot_output_close(output);
    return err;
}

static void save_done(void *context, struct err *err) {
    struct saving *saving = context;
    struct session *session = saving->session;
    if (err) {
        session->events.failed(session->events.context, err);
    } else {
        char message[512];
        snprintf(message, sizeof message, "saved: %s (mode 0600; heapglass %s shows it)",
                 saving->path, saving->path);
        session->events.said(session->events.context, message);
    }
    session_release(session, saving->refresh);
    free(saving->path);
    free(saving);
}

void session_save(struct session *session, const char *path) {
    struct saving *saving = session->current ? calloc(1, sizeof *saving) : NULL;
    char *copy = strdup(path);
    if (!saving || !copy) {
        free(saving);
        free(copy);
        return;
    }
    *saving = (struct saving){session, share(session->current), copy};
    worker_submit(
        session->worker,
        (struct job){.title = "saving", .run = save_run, .done = save_done, .context = saving});
}
