/* Messages by domain, for people who look for the cause of something. Libraries log and never print:
 * the program installs a sink (stderr for the command line, a ring buffer for the TUI). */
#ifndef HEAPGLASS_BASE_LOG_H
#define HEAPGLASS_BASE_LOG_H

#include <stdbool.h>

enum log_domain { LOG_ATTACH, LOG_CAPTURE, LOG_ELF, LOG_DWARF, LOG_LAYOUT, LOG_HEAP, LOG_DOMAINS };

/* Called with a whole line, without its newline; may be called from any thread. */
typedef void log_sink(void *context, enum log_domain domain, const char *line);

void log_set_sink(log_sink *sink, void *context);

/* Switches domains on: a comma-separated list of names, or "all". False if a name is unknown. */
bool log_enable(const char *domains);

bool log_enabled(enum log_domain domain);
const char *log_domain_name(enum log_domain domain);
void log_line(enum log_domain domain, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
