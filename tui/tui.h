/* The terminal UI: one screen over one source, from the first key to the last. */
#ifndef HEAPGLASS_TUI_TUI_H
#define HEAPGLASS_TUI_TUI_H

#include "base/strbuf.h"
#include "tui/session.h"
#include "tui/terminal.h"

struct tui_options {
    struct session_options session;
    struct terminal_options terminal;
};

/* Runs until the user quits. ERR_USAGE if there is no fit terminal; the error of the first capture if that
 * failed. *signal: the one that ended it, 0 if none did. The terminal is as it was in any case. */
struct err *tui_run(const struct tui_options *options, int *signal) ERR_CHECK;

/* Adds the table of keys as Markdown. */
void tui_keys(struct strbuf *out);

#endif
