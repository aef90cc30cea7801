#include "fakes.h"
#include "introspect/layout/internal.h"
#include "tests/unit/fixture_layout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct outcome {
    struct layout *layout;
    int code;
    char message[1024];
};

static struct outcome resolve(const char *path, bool tables, bool dwarf, bool cache) {
    struct layout_query query = {.runtime = {.path = path, .name = path},
                                 .root = "",
                                 .use_cache = cache,
                                 .no_debug_files = !dwarf,
                                 .no_tables = !tables};
    struct outcome outcome = {0};
    struct err *err = layout_resolve(&query, &outcome.layout);
    if (err) {
        cr_expect_null(outcome.layout);
        outcome.code = (int)err_code(err);
        snprintf(outcome.message, sizeof outcome.message, "%s", err_message(err));
        err_free(err);
    }
    return outcome;
}

static struct outcome resolve_fake(const char *name, bool tables) {
    char path[512];
    snprintf(path, sizeof path, "%s/lib%s.so", FAKES, name);
    return resolve(path, tables, false, false);
}

static void expect_refused(const char *name, bool tables, const char *words) {
    struct outcome outcome = resolve_fake(name, tables);
    cr_assert_null(outcome.layout, "%s", name);
    cr_expect_eq(outcome.code, ERR_NO_LAYOUT, "%s: %s", name, outcome.message);
    cr_expect_not_null(strstr(outcome.message, words), "%s: %s", name, outcome.message);
}

Test(resolve, finds_the_table_of_the_exact_build) {
    struct outcome outcome = resolve_fake("python_3_11_2", true);
    cr_assert_not_null(outcome.layout, "%s", outcome.message);
    cr_expect_str_eq(outcome.layout->provider, "table 3.11.2");
    cr_expect_str_eq(outcome.layout->version, "3.11.2");
    cr_expect_eq(strlen(outcome.layout->build_id), 40);
    cr_expect_str_neq(outcome.layout->build_id, fixture_layout("3.11.2")->build_id);
    layout_destroy(outcome.layout);
    outcome = resolve_fake("python_3_11_2d", true);
    cr_assert_not_null(outcome.layout, "%s", outcome.message);
    cr_expect_str_eq(outcome.layout->abi_flags, "d");
    layout_destroy(outcome.layout);
    outcome = resolve_fake("python_3_13_0", true);
    cr_assert_not_null(outcome.layout, "%s", outcome.message);
    cr_expect_str_eq(outcome.layout->provider, "table 3.13.0");
    layout_destroy(outcome.layout);
}

Test(resolve, never_takes_the_nearest) {
    expect_refused("python_other_size", true, "no built-in table");
    expect_refused("python_3_11_99", true, "CPython 3.11.99");
    expect_refused("python_3_11_99", true, "python3.11-dbg");
    expect_refused("python_3_11_7d", true, "CPython 3.11.7d"); /* there is one of 3.11.7 */
    expect_refused("python_3_11_2", false, "object.ob_refcnt");
}

Test(resolve, refuses_what_it_does_not_know) {
    expect_refused("python_3_7", true, "CPython 3.7.0 is not supported");
    expect_refused("python_3_99", true, "CPython 3.99.0 is not supported");
    expect_refused("python_nonsense", true, "can't tell which CPython");
    expect_refused("python_free_threaded", true, "free-threaded");
}

Test(resolve, names_what_contradicts_the_debug_offsets) {
    expect_refused("python_contradicting", true, "interpreter.gc (7408, not 7400)");
    expect_refused("python_contradicting", true, "dict.ma_keys (48, not 32)");
}

Test(resolve, names_what_incomplete_dwarf_lacks) {
    char path[512];
    snprintf(path, sizeof path, "%s/libpython_3_11_99.so", FAKES);
    struct outcome outcome = resolve(path, true, true, false);
    cr_assert_eq(outcome.code, ERR_NO_LAYOUT);
    cr_expect_not_null(strstr(outcome.message, "gc_head.gc_next"), "%s", outcome.message);
}

/* DWARF that describes next to nothing does not stand in the way of a table that describes all. */
Test(resolve, takes_the_table_where_dwarf_is_incomplete) {
    char path[512];
    snprintf(path, sizeof path, "%s/libpython_3_11_2.so", FAKES);
    struct outcome outcome = resolve(path, true, true, false);
    cr_assert_not_null(outcome.layout, "%s", outcome.message);
    cr_expect_str_eq(outcome.layout->provider, "table 3.11.2");
    layout_destroy(outcome.layout);
}

Test(resolve, refuses_other_files) {
    struct outcome outcome = resolve("/proc/self/exe", true, true, false);
    cr_expect_eq(outcome.code, ERR_NO_LAYOUT);
    cr_expect_not_null(strstr(outcome.message, "not a Python"), "%s", outcome.message);
    outcome = resolve("/etc/passwd", true, true, false);
    cr_expect_eq(outcome.code, ERR_NO_LAYOUT);
    outcome = resolve("/no/such/file", true, true, false);
    cr_expect_eq(outcome.code, ERR_FAILED);
}

Test(resolve, hides_what_the_environment_says) {
    setenv("HEAPGLASS_HIDE", "tables", 1);
    expect_refused("python_3_11_2", true, "no built-in table");
}

/* Every field of the machine's own Python: from DWARF, from the cache and from its table they are
 * the same, but for extension modules, which are no part of it. */
Test(resolve, all_providers_agree, .timeout = 60) {
    static const char *const path = "/usr/bin/python3.11";
    char home[] = "/tmp/heapglass-test-XXXXXX", command[128];
    cr_assert_not_null(mkdtemp(home));
    setenv("XDG_CACHE_HOME", home, 1);
    struct outcome dwarf = resolve(path, false, true, true);
    if (dwarf.layout) {
        struct outcome cached = resolve(path, false, true, true);
        struct outcome table = resolve(path, true, false, true);
        cr_assert_not_null(cached.layout, "%s", cached.message);
        cr_expect_str_eq(dwarf.layout->provider, "dwarf");
        cr_expect_str_eq(cached.layout->provider, "dwarf (cached)");
        memcpy(cached.layout->provider, dwarf.layout->provider, sizeof dwarf.layout->provider);
        cr_expect_arr_eq(cached.layout, dwarf.layout, sizeof *dwarf.layout);
        for (size_t i = 0; table.layout && i < layout_structure_count; i++) {
            const struct structure_description *structure = &layout_structures[i];
            if (!layout_size(dwarf.layout, structure))
                continue;
            size_t size = 4 + 12 * structure->field_count;
            cr_expect_arr_eq((char *)dwarf.layout + structure->offset,
                             (char *)table.layout + structure->offset, size, "%s", structure->name);
        }
        layout_destroy(cached.layout);
        layout_destroy(table.layout);
    } else {
        fprintf(stderr, "not compared, no DWARF here: %s\n", dwarf.message);
    }
    layout_destroy(dwarf.layout);
    snprintf(command, sizeof command, "rm -rf %s", home);
    cr_assert_eq(system(command), 0);
}
