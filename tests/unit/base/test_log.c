#include "base/log.h"
#include "base/strbuf.h"

#include <criterion/criterion.h>

static void keep(void *context, enum log_domain domain, const char *line) {
    strbuf_printf(context, "%s: %s\n", log_domain_name(domain), line);
}

Test(log, only_enabled_domains_reach_the_sink) {
    struct strbuf seen = {0};
    log_set_sink(keep, &seen);
    cr_assert(log_enable("dwarf,capture"));
    log_line(LOG_DWARF, "unit %d", 1);
    log_line(LOG_ELF, "never");
    log_line(LOG_CAPTURE, "copied");
    cr_assert_str_eq(strbuf_text(&seen), "dwarf: unit 1\ncapture: copied\n");
    cr_assert(log_enabled(LOG_DWARF));
    cr_assert_not(log_enabled(LOG_ELF));
    strbuf_free(&seen);
}

Test(log, all_enables_every_domain) {
    log_set_sink(keep, NULL);
    cr_assert(log_enable("all"));
    for (int domain = 0; domain < LOG_DOMAINS; domain++)
        cr_assert(log_enabled((enum log_domain)domain));
}

Test(log, unknown_domains_are_refused) {
    cr_assert_not(log_enable("nonsense"));
    cr_assert_not(log_enable("elf,nonsense"));
    cr_assert_not(log_enable(","));
    cr_assert_not(log_enable("el"));
    cr_assert_not(log_enable("elff"));
    cr_assert(log_enable(""));
}

Test(log, without_a_sink_nothing_happens) {
    cr_assert(log_enable("all"));
    cr_assert_not(log_enabled(LOG_HEAP));
    log_line(LOG_HEAP, "into the void");
}

Test(log, long_lines_are_cut) {
    struct strbuf seen = {0};
    log_set_sink(keep, &seen);
    cr_assert(log_enable("heap"));
    log_line(LOG_HEAP, "%5000d", 1);
    cr_assert_gt(seen.length, 500);
    cr_assert_lt(seen.length, 5000);
    strbuf_free(&seen);
}
