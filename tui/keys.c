#include "tui/keys.h"

#include "tui/terminal.h"

#define CONTROL(letter) ((letter)&31)

const struct key_binding key_bindings[] = {
    {ACTION_VIEW, {0}, "1 … 9, 0", NULL, "a view: as the tabs say; 0 is Messages"},
    {ACTION_NEXT_PAGE, {KEY_CODE_TAB}, "Tab", NULL, "the view's next page, where it has several"},
    {ACTION_PREVIOUS_PAGE, {KEY_CODE_BACK_TAB}, "Shift-Tab", NULL, "the one before"},
    {ACTION_UP, {KEY_CODE_UP, 'k'}, "↑ k", NULL, "a row up"},
    {ACTION_DOWN, {KEY_CODE_DOWN, 'j'}, "↓ j", NULL, "a row down"},
    {ACTION_PAGE_UP, {KEY_CODE_PAGE_UP, CONTROL('B')}, "PgUp Ctrl-B", NULL, "a page up"},
    {ACTION_PAGE_DOWN, {KEY_CODE_PAGE_DOWN, CONTROL('F')}, "PgDn Ctrl-F", NULL, "a page down"},
    {ACTION_FIRST, {KEY_CODE_HOME, 'g'}, "Home g", NULL, "the first row"},
    {ACTION_LAST, {KEY_CODE_END, 'G'}, "End G", NULL, "the last row"},
    {ACTION_EXPAND, {KEY_CODE_RIGHT, 'l', '+'}, "→ l +", NULL, "expand the row in place"},
    {ACTION_COLLAPSE,
     {KEY_CODE_LEFT, 'h', '-'},
     "← h -",
     NULL,
     "collapse it, or go to the row that it hangs under"},
    {ACTION_TOGGLE, {' '}, "Space", NULL, "expand or collapse"},
    {ACTION_OPEN, {KEY_CODE_ENTER}, "Enter", "Open", "open what the row is about"},
    {ACTION_BACK, {KEY_CODE_BACKSPACE}, "Backspace", "Back", "back, along the way you came"},
    {ACTION_INSTANCES, {'i'}, "i", NULL, "the instances of the row's type"},
    {ACTION_PATHS, {'p'}, "p", "Paths", "the paths from roots to what the row is about"},
    {ACTION_DOMINATORS, {'d'}, "d", NULL, "what the row's object alone keeps alive"},
    {ACTION_SEARCH, {'/'}, "/", "Search", "search for a text in the rows"},
    {ACTION_SEARCH_NEXT, {'n'}, "n", NULL, "the next row that has it"},
    {ACTION_SEARCH_PREVIOUS, {'N'}, "N", NULL, "the one before"},
    {ACTION_FILTER,
     {KEY_CODE_F1 + 3, 'f', '\\'},
     "F4 f \\",
     "Filter",
     "show only rows that have a text; nothing: all"},
    {ACTION_SORT_LEFT, {'<'}, "<", NULL, "sort by the next column to the left"},
    {ACTION_SORT_RIGHT, {'>'}, ">", "Sort", "sort by the next column to the right"},
    {ACTION_INVERT, {'I'}, "I", NULL, "sort the other way round"},
    {ACTION_REFRESH, {'r', KEY_CODE_F1 + 4}, "r F5", "Refresh", "capture the process again"},
    {ACTION_INTERVAL, {'R'}, "R", NULL, "capture it again and again, so often"},
    {ACTION_BASELINE, {'b'}, "b", "Baseline", "compare with what is there now"},
    {ACTION_SAVE, {'s'}, "s", "Save", "save a snapshot"},
    {ACTION_EXPORT, {'e'}, "e", "Export", "write the view to a file: text, CSV, JSON, DOT"},
    {ACTION_COMMAND, {'y'}, "y", NULL, "show the shell command that prints the same"},
    {ACTION_GO, {':'}, ":", NULL, "go to an address or a type"},
    {ACTION_CANCEL, {KEY_CODE_ESCAPE}, "Esc", NULL, "cancel what is running; show all rows again"},
    {ACTION_HELP, {'?', KEY_CODE_F1}, "? F1", "Help", "what this view shows, and the keys"},
    {ACTION_REDRAW, {CONTROL('L')}, "Ctrl-L", NULL, "draw the screen anew"},
    {ACTION_QUIT, {'q', KEY_CODE_F1 + 9}, "q F10 Ctrl-C", "Quit", "quit"},
    {ACTION_NONE, {0}, NULL, NULL, NULL},
};

enum action key_action(int code) {
    if (code >= '0' && code <= '9')
        return ACTION_VIEW;
    for (const struct key_binding *binding = key_bindings; binding->action; binding++) {
        for (size_t i = 0; i < KEY_MAX_CODES; i++) {
            if (binding->codes[i] && binding->codes[i] == code)
                return binding->action;
        }
    }
    return ACTION_NONE;
}

void keys_markdown(struct strbuf *out) {
    strbuf_puts(out, "| key | what it does |\n|---|---|\n");
    for (const struct key_binding *binding = key_bindings; binding->action; binding++)
        strbuf_printf(out, "| `%s` | %s |\n", binding->keys, binding->help);
}
