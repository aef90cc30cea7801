#include "tui/terminfo.h"

#include <curses.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

static const char *capability(const char *name) {
    const char *text = tigetstr((char *)(uintptr_t)name);
    return text && text != (char *)-1 ? text : NULL;
}

/* NULL: it is like none that we have. */
static const struct terminfo_entry *alike(const char *term) {
    static const struct {
        const char *start, *name;
    } families[] = {
        {"xterm", "xterm-256color"},
        {"screen", "screen-256color"},
        {"tmux", "screen-256color"},
        {"rxvt", "xterm-256color"},
        {"alacritty", "xterm-256color"},
        {"foot", "xterm-256color"},
        {"linux", "linux"},
        {"vt", "vt100"},
    };
    const char *name = NULL;
    for (size_t i = 0; !name && i < sizeof families / sizeof *families; i++) {
        if (!strncmp(term, families[i].start, strlen(families[i].start)))
            name = families[i].name;
    }
    for (const struct terminfo_entry *entry = terminfo_entries; name && entry->name; entry++) {
        if (!strcmp(entry->name, name))
            return entry;
    }
    return NULL;
}

static bool set_up(int fd) {
    int found = 0;
    const char *term = getenv("TERM");
    if (setupterm(NULL, fd, &found) == OK)
        return true;
    const struct terminfo_entry *entry = term ? alike(term) : NULL;
    return entry && !setenv("TERM", entry->name, true) &&
           !setenv("TERMINFO", entry->description, true) && setupterm(NULL, fd, &found) == OK;
}

enum terminfo_look terminfo_look(int fd) {
    if (!set_up(fd))
        return TERMINFO_UNKNOWN;
    enum terminfo_look look = capability("cup") ? TERMINFO_FINE : TERMINFO_DUMB;
    del_curterm(cur_term);
    return look;
}

/* tputs knows no context. */
static struct strbuf *bytes_go_to;

static int add_byte(int byte) {
    strbuf_putc(bytes_go_to, (char)byte);
    return byte;
}

void terminfo_restore(struct strbuf *out) {
    static const char *const names[] = {"sgr0", "cnorm", "rmkx", "rmcup"};
    bytes_go_to = out;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (capability(names[i]))
            tputs(capability(names[i]), 1, add_byte);
    }
}
