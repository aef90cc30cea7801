/* A session: the source, its refreshes over time, and their products. It belongs to the screen's thread; captures,
 * products, saving are jobs of its worker. */
#ifndef HEAPGLASS_TUI_SESSION_H
#define HEAPGLASS_TUI_SESSION_H

#include "tui/history.h"
#include "tui/refresh.h"

struct session;

struct session_options {
    const char *argument; /* as given: a PID or a file; borrowed */
    pid_t pid;            /* 0: it is a file */
    const char *baseline; /* a snapshot to compare with; NULL: the first refresh; borrowed */
    struct source_options source; /* how to capture; cancel and progress are the session's own */
    bool hide_values;
    double every; /* seconds between refreshes; 0: only when asked for */
};

/* Who is told. `context` is theirs. */
struct session_events {
    void *context;
    void (*refreshed)(void *context);                 /* there is a new current refresh */
    void (*made)(void *context);                      /* a product is there, or could not be made */
    void (*said)(void *context, const char *message); /* for the message line */
    void (*failed)(void *context, struct err *err);   /* takes the error */
};

/* Starts the first capture. */
struct err *session_create(const struct session_options *options,
                           const struct session_events *events, struct session **ret) ERR_CHECK;
/* Ends what runs first. NULL is fine. */
void session_destroy(struct session *session);

struct worker *session_worker(struct session *session);
struct history *session_history(struct session *session);

/* NULL before the first is there. Borrowed. */
struct refresh *session_current(struct session *session);
/* What is compared with: the current one if there is no other. */
struct refresh *session_baseline(struct session *session);
/* Why there is no current refresh and none comes: borrowed; NULL: there may be one yet. */
const struct err *session_failure(const struct session *session);

/* Whether parts of a snapshot could not be read; a message has said which. */
bool session_file_damaged(const struct session *session);

/* Captures again. A message says why not, if not. */
void session_refresh(struct session *session);
void session_set_every(struct session *session, double seconds); /* 0: no more */
double session_every(const struct session *session);
/* When the next refresh is due, in seconds from now; negative: none is. To be called again then. */
double session_tick(struct session *session);
/* The current refresh becomes the baseline. */
void session_set_baseline(struct session *session);
/* Whether the process is gone; then what was captured last stays. */
bool session_target_gone(const struct session *session);

/* Whether a refresh has all these products; those that it has not are made, unless they could not be before. */
bool session_require(struct session *session, struct refresh *refresh, unsigned products);
/* The same for products that only make the screen better: with short intervals only cheap ones are made. */
void session_want(struct session *session, struct refresh *refresh, unsigned products);
/* Those of a set that could not be made. */
unsigned session_failed_products(const struct refresh *refresh, unsigned products);
/* They may be tried again. */
void session_forgive(struct refresh *refresh);
/* Gives back a reference to a refresh. */
void session_release(struct session *session, struct refresh *refresh);

/* Writes the current refresh to a file. */
void session_save(struct session *session, const char *path);

/* Cancels what the worker does, but for a capture's bookkeeping. False if it was idle. */
bool session_cancel(struct session *session);

#endif
