/* What the screen's thread knows: where one is and was, and what is shown at the bottom. */
#ifndef HEAPGLASS_TUI_APP_H
#define HEAPGLASS_TUI_APP_H

#include "tui/keys.h"
#include "tui/messages.h"
#include "tui/outline.h"
#include "tui/prompt.h"
#include "tui/tui.h"
#include "tui/view.h"

enum { APP_MESSAGE = 1024, APP_SEARCH = 128 };

/* Somewhere that one has gone to: a view, and what it is about. */
struct place {
    const struct view *view;
    unsigned page;
    struct subject subject;
    const struct view *origin; /* of Help */
    struct outline *outline;
    /* With what it was opened last, to see what has changed since. */
    struct place_state {
        unsigned page, products, baseline_products;
        unsigned refresh, baseline; /* their numbers; 0: it never was */
        unsigned width, height;
        size_t messages;
    } opened;
    /* How the columns lie: they grow while rows come by, so that nothing jumps. */
    const struct opened *laid_out;
    size_t widths[TABLE_MAX_COLUMNS];
    double largest_share;
};

enum asking { ASK_NOTHING, ASK_SEARCH, ASK_FILTER, ASK_GO, ASK_SAVE, ASK_EXPORT, ASK_INTERVAL };

struct app {
    const struct tui_options *options;
    struct session *session;
    struct worker *opener, *reader; /* opens, sorts, searches; reads what rows show */
    struct messages *messages;
    struct outline_host host;
    struct vec(struct place) places; /* the way here; the last one is shown */
    struct subject last_subject;     /* that anything was about */
    struct prompt prompt;
    enum asking asking;
    char searched[APP_SEARCH];
    char message[APP_MESSAGE];
    enum paint message_paint;
    bool dirty, quit;
    int signal;
};

struct place *app_here(struct app *app);

/* Goes to a view; a subject that it does not take is turned into one that it does, or a message says what to
 * select first. */
void app_go(struct app *app, const struct view *view, struct subject subject);
void app_back(struct app *app);
void app_set_page(struct app *app, unsigned page);

/* NULL if there is none of that name. */
const struct view *app_view(const char *name);

/* A message at the bottom, until the next key. */
void app_say(struct app *app, enum paint paint, const char *text);
/* Takes an error and says it. */
void app_fail(struct app *app, struct err *err);

/* ---- other files ------------------------------------------------------------------------------- */

/* Does what a key asks for (actions.c). */
void app_key(struct app *app, struct key key);

/* Draws the screen (draw.c). */
void app_draw(struct app *app);
/* Rows of the screen that the outline has. */
unsigned app_body_rows(const struct app *app);
/* What a click on a row of the screen is on. */
enum app_spot { SPOT_NOTHING, SPOT_TAB, SPOT_TITLE, SPOT_ROW };
struct app_click {
    enum app_spot spot;
    const struct view *view; /* SPOT_TAB */
    size_t column;           /* SPOT_TITLE */
    uint64_t row;            /* SPOT_ROW: an index */
};
struct app_click app_click_at(struct app *app, unsigned row, unsigned column);

/* Writes what is shown to a file, on the worker (export.c). The format is by the name's ending. */
void app_export(struct app *app, const char *path);
/* A name for that file. */
void app_export_name(struct app *app, struct strbuf *out);

/* How the source is given on a command line: its PID or path, quoted. */
void app_source_argument(const struct app *app, struct strbuf *out);

#endif
