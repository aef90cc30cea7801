/* The terminal: set up, drawn on, and given back as it was on every way out, a crash included.
 *
 * There is one. Its functions are for the screen's thread; signals reach that alone. */
#ifndef HEAPGLASS_TUI_TERMINAL_H
#define HEAPGLASS_TUI_TERMINAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* What text looks like. With colours or without, all of them can be told from what is around them. */
enum paint {
    PAINT_PLAIN,
    PAINT_STRONG,
    PAINT_FAINT,
    PAINT_WARNING,
    PAINT_ERROR,
    PAINT_STATUS,   /* the line at the top */
    PAINT_TAB,      /* a view that is not shown */
    PAINT_TAB_HERE, /* the one that is */
    PAINT_TITLE,    /* column titles */
    PAINT_SORTED,   /* the title of the column that rows are sorted by */
    PAINT_SELECTED,
    PAINT_BAR,
    PAINT_GROWTH,
    PAINT_SHRINKING,
    PAINT_KEY,  /* in hints */
    PAINT_HINT, /* what it does */
    PAINTS,
};

enum terminal_colors { TERMINAL_COLORS_AUTO, TERMINAL_COLORS_ALWAYS, TERMINAL_COLORS_NEVER };

struct terminal_options {
    enum terminal_colors colors;
    bool mouse;
};

/* ERR_USAGE, with what to do instead, if standard input and output are no terminal, or one that cannot place
 * its cursor. Signals are blocked from here on; the descriptor of terminal_signals tells of them. */
struct err *terminal_open(const struct terminal_options *options) ERR_CHECK;
/* Gives it back. Safe to call if it is not open. */
void terminal_close(void);

/* Gives the terminal back, stops this process as Ctrl-Z does, and takes the terminal again. */
void terminal_suspend(void);
/* After the window has changed its size. */
void terminal_resize(void);
void terminal_redraw(void); /* all of it, even what should be there */

unsigned terminal_rows(void);
unsigned terminal_columns(void);
bool terminal_shows_unicode(void);

/* ---- drawing: nothing is seen before terminal_show ------------------------------------------------- */

void terminal_clear(void);
/* Writes text, UTF-8 without control characters, cut at `columns`; returns the columns that it took. */
unsigned terminal_text(unsigned row, unsigned column, unsigned columns, enum paint paint,
                       const char *text);
/* Gives what is there in a row another look, from a column on. */
void terminal_repaint(unsigned row, unsigned column, unsigned columns, enum paint paint);
void terminal_cursor(unsigned row, unsigned column); /* shown there; hidden by terminal_clear */
void terminal_show(void);

/* ---- input --------------------------------------------------------------------------------------- */

/* Keys that are no characters. */
enum {
    KEY_NOTHING = -1, /* no key waits */
    KEY_BASE = 0x110000,
    KEY_CODE_UP,
    KEY_CODE_DOWN,
    KEY_CODE_LEFT,
    KEY_CODE_RIGHT,
    KEY_CODE_PAGE_UP,
    KEY_CODE_PAGE_DOWN,
    KEY_CODE_HOME,
    KEY_CODE_END,
    KEY_CODE_ENTER,
    KEY_CODE_BACKSPACE,
    KEY_CODE_DELETE,
    KEY_CODE_ESCAPE,
    KEY_CODE_TAB,
    KEY_CODE_BACK_TAB,
    KEY_CODE_RESIZE,
    KEY_CODE_MOUSE,
    KEY_CODE_F1, /* F2 is the next one, and so on */
    KEY_CODE_F12 = KEY_CODE_F1 + 11,
};

enum mouse_event { MOUSE_CLICK, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct key {
    int code; /* a Unicode character, or one of the above */
    enum mouse_event mouse;
    unsigned row, column; /* of KEY_CODE_MOUSE */
};

/* The next key, without waiting. */
struct key terminal_key(void);

/* Readable when a signal has come. */
int terminal_signals(void);
/* Its number: 0 if none has. */
int terminal_signal(void);

#endif
