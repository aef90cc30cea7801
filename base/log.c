#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[LOG_DOMAINS] = {
    [LOG_ATTACH] = "attach", [LOG_CAPTURE] = "capture", [LOG_ELF] = "elf",
    [LOG_DWARF] = "dwarf",   [LOG_LAYOUT] = "layout",   [LOG_HEAP] = "heap",
};

static unsigned enabled;
static log_sink *the_sink;
static void *the_context;

void log_set_sink(log_sink *sink, void *context) {
    the_sink = sink;
    the_context = context;
}

bool log_enable(const char *domains) {
    while (*domains) {
        size_t length = strcspn(domains, ",");
        unsigned bits = length == 3 && !memcmp(domains, "all", 3) ? ~0u : 0;
        for (int i = 0; i < LOG_DOMAINS; i++) {
            if (strlen(names[i]) == length && !memcmp(names[i], domains, length))
                bits |= 1u << i;
        }
        if (!bits)
            return false;
        enabled |= bits;
        domains += length;
        domains += *domains == ',';
    }
    return true;
}

bool log_enabled(enum log_domain domain) {
    return the_sink && (enabled >> domain & 1);
}

const char *log_domain_name(enum log_domain domain) {
    return names[domain];
}

void log_line(enum log_domain domain, const char *format, ...) {
    if (!log_enabled(domain))
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    the_sink(the_context, domain, line);
}
