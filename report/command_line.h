/* Command lines: of programs, to be read, and for a shell, to be run. */
#ifndef HEAPGLASS_REPORT_COMMAND_LINE_H
#define HEAPGLASS_REPORT_COMMAND_LINE_H

#include "base/strbuf.h"

/* Shortens a command line (escaped for a terminal, words apart by a blank) to what tells programs apart: no
 * interpreter, no directories. */
void command_shorten(struct strbuf *out, const char *command);

/* Adds a word so that a POSIX shell takes it as it is; without quotes where it needs none. */
void shell_quote(struct strbuf *out, const char *word);

#endif
