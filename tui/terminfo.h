/* What terminfo knows of the terminal. A file of its own: term.h has macros of names such as `columns`. */
#ifndef HEAPGLASS_TUI_TERMINFO_H
#define HEAPGLASS_TUI_TERMINFO_H

#include "base/strbuf.h"

enum terminfo_look { TERMINFO_FINE, TERMINFO_UNKNOWN, TERMINFO_DUMB };

/* Whether the terminal that TERM names is known, and can place its cursor. One that the machine has no description of (a
 * container may have none at all) is taken for the common one that its name says it is like; then TERM and TERMINFO
 * are set to that. */
enum terminfo_look terminfo_look(int fd);

/* Adds what gives the terminal back as it was: attributes, cursor, keypad, screen. It must be set up. */
void terminfo_restore(struct strbuf *out);

/* Descriptions that go with the program, in the form of TERMINFO; the last one has no name. */
struct terminfo_entry {
    const char *name, *description;
};
extern const struct terminfo_entry terminfo_entries[];

#endif
