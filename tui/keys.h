/* THE table of keys: what each does, its line in Help and in the documentation, its hint at the bottom. */
#ifndef HEAPGLASS_TUI_KEYS_H
#define HEAPGLASS_TUI_KEYS_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum action {
    ACTION_NONE,
    ACTION_VIEW, /* the view whose key it is */
    ACTION_NEXT_PAGE,
    ACTION_PREVIOUS_PAGE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_FIRST,
    ACTION_LAST,
    ACTION_EXPAND,
    ACTION_COLLAPSE,
    ACTION_TOGGLE,
    ACTION_OPEN,
    ACTION_BACK,
    ACTION_SORT_LEFT,
    ACTION_SORT_RIGHT,
    ACTION_INVERT,
    ACTION_SEARCH,
    ACTION_SEARCH_NEXT,
    ACTION_SEARCH_PREVIOUS,
    ACTION_FILTER,
    ACTION_CANCEL,
    ACTION_REFRESH,
    ACTION_INTERVAL,
    ACTION_BASELINE,
    ACTION_INSTANCES,
    ACTION_PATHS,
    ACTION_DOMINATORS,
    ACTION_SAVE,
    ACTION_EXPORT,
    ACTION_COMMAND,
    ACTION_GO,
    ACTION_HELP,
    ACTION_REDRAW,
    ACTION_QUIT,
};

enum { KEY_MAX_CODES = 4 };

struct key_binding {
    enum action action;
    int codes[KEY_MAX_CODES]; /* as terminal_key tells them; 0: none */
    const char *keys;         /* as people know them: "↑ k" */
    const char *hint;         /* one word for the bottom line; NULL: not there */
    const char *help;
};

/* In the order of Help; `action` of the last one is ACTION_NONE. */
extern const struct key_binding key_bindings[];

/* What a key does. */
enum action key_action(int code);

/* Adds the whole table as Markdown, for the documentation. */
void keys_markdown(struct strbuf *out);

#endif
