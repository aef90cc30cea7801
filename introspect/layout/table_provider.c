/* Built-in tables: layouts that heapglass emitted from DWARF, for builds met without it.
 *
 * A table describes one exact source version on one architecture. Debian's build and one's own of
 * the same version agree on every structure unless their configuration differs, which shows in the
 * ABI flags and in the size of _PyRuntime, where most of an interpreter's state is embedded. */
#include "base/log.h"
#include "introspect/layout/internal.h"

#include <stdio.h>

enum { MOST_RELATIVES = 32 };

/* The lines that a table of the build begins with: only that one is worth parsing. */
static void expected_header(const struct layout *build, char *text, size_t size) {
    snprintf(text, size, "heapglass-layout 1\nversion %s 0x%08x\narchitecture %s\nabi_flags %s\n",
             build->version, build->version_hex, build->architecture,
             *build->abi_flags ? build->abi_flags : "-");
}

struct err *table_provide(const struct layout *build, uint64_t runtime_size, struct layout **ret) {
    *ret = NULL;
    char header[256];
    expected_header(build, header, sizeof header);
    for (const struct layout_table *table = layout_tables; table->name; table++) {
        if (table->length < strlen(header) || memcmp(table->text, header, strlen(header)))
            continue;
        struct layout *layout = NULL;
        struct err *err = layout_parse(table->text, table->length, &layout);
        if (err)
            return err_context(err, "built-in table %s", table->name);
        if (layout->runtime.size == runtime_size) {
            snprintf(layout->provider, sizeof layout->provider, "table %s", layout->version);
            *ret = layout;
            return NULL;
        }
        layout_destroy(layout);
    }
    log_line(LOG_LAYOUT, "no built-in table for %s %s%s with a _PyRuntime of %llu bytes",
             build->version, build->architecture, build->abi_flags,
             (unsigned long long)runtime_size);
    return NULL;
}

/* ---- other releases -------------------------------------------------------------------------- */

static bool is_relative(const struct layout *a, const struct layout *b) {
    return a->version_hex >> 16 == b->version_hex >> 16 &&
           !strcmp(a->architecture, b->architecture) && !strcmp(a->abi_flags, b->abi_flags);
}

/* How far a table is from the build; the nearest comes first. */
static uint64_t distance(const struct layout *table, const struct layout *build,
                         uint64_t runtime_size) {
    uint32_t a = table->version_hex, b = build->version_hex;
    return (uint64_t)(table->runtime.size != runtime_size) << 32 | (a > b ? a - b : b - a);
}

struct err *table_provide_near(const struct layout *build, uint64_t runtime_size,
                               bool other_releases, size_t index, struct layout **ret) {
    *ret = NULL;
    struct candidate {
        const struct layout_table *table;
        uint64_t distance;
    } candidates[MOST_RELATIVES];
    size_t count = 0;
    for (const struct layout_table *table = layout_tables; table->name; table++) {
        struct layout *layout = NULL;
        TRY(layout_parse(table->text, table->length, &layout));
        if (count < MOST_RELATIVES && is_relative(layout, build) &&
            !(other_releases && layout->version_hex == build->version_hex)) {
            struct candidate fresh = {table, distance(layout, build, runtime_size)};
            size_t at = count++;
            for (; at && candidates[at - 1].distance > fresh.distance; at--)
                candidates[at] = candidates[at - 1];
            candidates[at] = fresh;
        }
        layout_destroy(layout);
    }
    return index < count
               ? layout_parse(candidates[index].table->text, candidates[index].table->length, ret)
               : NULL;
}
