#include "tui/terminfo.h"

#include <curses.h>
#include <stdint.h>
#include <term.h>

static const char *capability(const char *name) {
    const char *text = tigetstr((char *)(uintptr_t)name);
    return text && text != (char *)-1 ? text : NULL;
}

enum terminfo_look terminfo_look(int fd) {
    int found = 0;
    if (setupterm(NULL, fd, &found) != OK)
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
