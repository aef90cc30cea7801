/* What terminfo knows of the terminal. A file of its own: term.h has macros of names such as `columns`. */
#ifndef HEAPGLASS_TUI_TERMINFO_H
#define HEAPGLASS_TUI_TERMINFO_H

#include "base/strbuf.h"

enum terminfo_look { TERMINFO_FINE, TERMINFO_UNKNOWN, TERMINFO_DUMB };

/* Whether the terminal that TERM names is known, and can place its cursor. */
enum terminfo_look terminfo_look(int fd);

/* Adds what gives the terminal back as it was: attributes, cursor, keypad, screen. It must be set up. */
void terminfo_restore(struct strbuf *out);

#endif
