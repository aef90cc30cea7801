#include "cli/options.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static void check_usage(struct err *err) {
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_USAGE));
    err_free(err);
}

Test(parse, addresses) {
    uint64_t address;
    cr_assert_null(parse_address("0x7fA0", &address));
    cr_assert(eq(u64, address, 0x7fa0));
    cr_assert_null(parse_address("140737488355327", &address));
    cr_assert(eq(u64, address, 0x7fffffffffff));
    static const char *const bad[] = {
        "", "0x", "-1", "+1", "7f00", "0x1g", " 1", "1 ", "99999999999999999999", "0x-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_usage(parse_address(bad[i], &address));
}

Test(parse, durations) {
    double seconds;
    cr_assert_null(parse_duration("200ms", &seconds));
    cr_assert(epsilon_eq(dbl, seconds, 0.2, 1e-9));
    cr_assert_null(parse_duration("1.5s", &seconds));
    cr_assert(epsilon_eq(dbl, seconds, 1.5, 1e-9));
    cr_assert_null(parse_duration("10m", &seconds));
    cr_assert(epsilon_eq(dbl, seconds, 600, 1e-9));
    cr_assert_null(parse_duration("8h", &seconds));
    cr_assert(epsilon_eq(dbl, seconds, 8 * 3600, 1e-9));
    cr_assert_null(parse_duration("1.5d", &seconds));
    cr_assert(epsilon_eq(dbl, seconds, 36 * 3600, 1e-9));
    static const char *const bad[] = {"",    "200",  "0ms", "-1s",  "1M",     "ms", "1h30m",
                                      "1 s", "infs", "nan", "1e3s", "1.2.3s", "1w"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_usage(parse_duration(bad[i], &seconds));
}

Test(parse, amounts_of_memory) {
    uint64_t bytes;
    cr_assert_null(parse_bytes("2G", &bytes));
    cr_assert(eq(u64, bytes, 2ull << 30));
    cr_assert_null(parse_bytes("512m", &bytes));
    cr_assert(eq(u64, bytes, 512ull << 20));
    cr_assert_null(parse_bytes("1.5K", &bytes));
    cr_assert(eq(u64, bytes, 1536));
    cr_assert_null(parse_bytes("4096", &bytes));
    cr_assert(eq(u64, bytes, 4096));
    static const char *const bad[] = {"",   "0", "G", "-1G", "2GB", "2X", "1e9", "99999999999T",
                                      "0.1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_usage(parse_bytes(bad[i], &bytes));
}

static struct err *parse(struct options *options, unsigned accepted, const char *line, int *first) {
    static char words[256];
    static char *arguments[32];
    int count = 0;
    char *rest = strcpy(words, line);
    for (char *word; (word = strsep(&rest, " "));)
        arguments[count++] = word;
    arguments[count] = NULL;
    return options_parse(options, accepted, arguments[0], count, arguments, first);
}

Test(options, defaults) {
    struct options options;
    int first;
    cr_assert_null(parse(&options, 0, "top 4711", &first));
    cr_assert(eq(int, first, 1));
    cr_assert(eq(str, (char *)options.format, "text"));
    cr_assert(eq(u64, options.limit, UINT64_MAX));
    cr_assert(eq(int, options.pause, PAUSE_COPY));
    cr_assert(eq(int, options.color, COLOR_AUTO));
}

Test(options, anywhere_and_all) {
    struct options options;
    int first;
    const unsigned all = OPTION_JSON | OPTION_LIMIT | OPTION_SORT | OPTION_CAPTURE | OPTION_VALUES |
                         OPTION_FILTER | OPTION_REFS;
    cr_assert_null(
        parse(&options, all,
              "x 4711 --json -n 5 --sort=size --pause hold --max-pause 1s --max-memory 2G "
              "--no-values --type a.* --unreachable --refs -q",
              &first));
    cr_assert(eq(int, first, 17));
    cr_assert(eq(str, (char *)options.format, "json"));
    cr_assert(eq(u64, options.limit, 5));
    cr_assert(eq(str, (char *)options.sort, "size"));
    cr_assert(eq(int, options.pause, PAUSE_HOLD));
    cr_assert(eq(u64, options.max_memory, 2ull << 30));
    cr_assert(options.no_values && options.unreachable && options.refs && options.quiet);
    cr_assert(eq(str, (char *)options.type, "a.*"));
}

static void refused(const char *line, const char *message) {
    struct options options;
    int first;
    struct err *err =
        parse(&options, OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_SORT | OPTION_CAPTURE,
              line, &first);
    cr_assert_not_null(err, "%s", line);
    cr_expect(eq(str, (char *)err_message(err), (char *)message));
    cr_expect(eq(int, err_code(err), ERR_USAGE));
    err_free(err);
}

Test(options, refused) {
    refused("top 1 --bogus", "unknown option --bogus; see heapglass top --help");
    refused("top 1 -x", "unknown option -x; see heapglass top --help");
    refused("top 1 --refs", "this command has no option --refs; see heapglass top --help");
    refused("top 1 --sort", "--sort needs a value; see heapglass top --help");
    refused("top 1 -n", "-n needs a value; see heapglass top --help");
    refused("top 1 -n many", "-n: 'many' is not a number");
    refused("top 1 --limit=-1", "--limit: '-1' is not a number");
    refused("top 1 --pause maybe", "--pause: 'maybe' is not a way to pause: copy, hold or none");
    refused("top 1 --json --csv", "--json and --csv exclude each other");
    refused("refs 1 2 --every=1s", "this command has no option --every; see heapglass refs --help");
    refused("top 1 --color=red", "--color: 'red' is not a choice of color: auto, always or never");
    refused("top 1 --log=nothing",
            "--log: 'nothing' is not a list of log domains: attach, capture, "
            "elf, dwarf, layout, heap, all");
}
