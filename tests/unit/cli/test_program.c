/* Exit statuses and the one line that every failure gets. */
#include "fake_source.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void fails(const char *command_line, int expected_status, const char *line) {
    char *out, *errors;
    int status = run_program(command_line, &out, &errors);
    cr_expect(eq(str, errors, (char *)line));
    cr_expect(eq(str, out, ""));
    cr_expect(eq(int, status, expected_status));
    free(out);
    free(errors);
}

Test(program, wrong_usage) {
    fails("bogus", 2, "heapglass: unknown command 'bogus'; see heapglass --help\n");
    fails("--json", 2, "heapglass: a command comes first, not '--json'; see heapglass --help\n");
    fails("4711", 2,
          "heapglass: standard output is no terminal; heapglass top SOURCE prints to files and "
          "pipes\n");
    fails("triage", 2, "heapglass: triage is planned, but this version has it not\n");
    fails("save 1", 2, "heapglass: save needs SOURCE FILE; see heapglass save --help\n");
    fails("top", 2, "heapglass: top needs SOURCE; see heapglass top --help\n");
    fails("top 1 2", 2, "heapglass: too many arguments, from '2' on; see heapglass top --help\n");
    fails(
        "top x", 2,
        "heapglass: 'x' is neither a PID nor a file; `heapglass ps` lists the Python processes\n");
    fails("top 0", 2, "heapglass: 0 is not a PID\n");
    fails("top 99999999999", 2, "heapglass: 99999999999 is not a PID\n");
    fails("top 1 --sort age", 2,
          "heapglass: can't sort types by 'age': objects, size, footprint, retained, unreachable "
          "or type\n");
    fails("object 1 zzz", 2,
          "heapglass: 'zzz' is not an address: 0x... or the number that id() gives\n");
    fails("object 1 0x2200 --csv", 2,
          "heapglass: this command has no option --csv; see heapglass object --help\n");
    fails("objects 1 --type Order", 2,
          "heapglass: 'Order' is ambiguous: shop.models.Order, shop.models.Order, "
          "shop.views.Order\n");
}

Test(program, errors_of_the_source_become_the_status) {
    for (int code = ERR_FAILED; code <= ERR_BUDGET; code++) {
        fake_refusal = err_new((enum err_code)code, "why, and what to do");
        fails("top 1", code, "heapglass: why, and what to do\n");
    }
}

Test(program, what_is_no_object) {
    fails("object 1 0x2110", 1,
          "heapglass: 0x2110 is no object: it lies inside of the str at 0x2100\n");
    fails("object 1 0x10010", 1,
          "heapglass: 0x10010 is no object: it lies in [heap] (0x10000-0x20000, rw-)\n");
    fails("object 1 0x99990000", 1,
          "heapglass: 0x99990000 is no object: nothing is mapped there\n");
}

Test(program, options_reach_the_source) {
    char *out, *errors;
    int status = run_program("top 1 --pause=none --max-pause 250ms --max-memory 1G", &out, &errors);
    cr_assert(eq(int, status, 0));
    cr_assert(eq(int, fake_options.strategy, PAUSE_NONE));
    cr_assert(epsilon_eq(dbl, fake_options.max_pause, 0.25, 1e-9));
    cr_assert(eq(u64, fake_options.max_memory, 1ull << 30));
    cr_assert_not_null((void *)fake_options.cancel);
    free(out);
    free(errors);
}

Test(program, help_and_version) {
    char *out, *errors;
    cr_assert(eq(int, run_program("--version", &out, &errors), 0));
    cr_assert(eq(str, out, "heapglass 1.2.3\n"));
    free(out), free(errors);
    static const char *const helps[] = {"--help",    "top --help",    "help objects", "object -h",
                                        "ps --help", "doctor --help", "growth --help"};
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
        cr_assert(eq(int, run_program(helps[i], &out, &errors), 0));
        cr_assert_not_null(strstr(out, "heapglass"));
        size_t width = 0;
        for (const char *at = out; *at; at++) {
            width = *at == '\n' ? 0 : width + 1;
            cr_expect(le(sz, width, 80), "%s", helps[i]);
        }
        free(out), free(errors);
    }
}

/* A signal during the work: its number is the status, and nothing half done is printed. */
Test(program, signals) {
    struct sigaction action;
    char *out, *errors;
    run_program("--version", &out, &errors);
    free(out), free(errors);
    sigaction(SIGINT, NULL, &action);
    cr_assert(action.sa_handler != SIG_DFL);
    raise(SIGTERM);
    fails("top 1", 128 + SIGTERM, "heapglass: interrupted by signal 15\n");
}
