/* Built-in tables: layouts that heapglass emitted from DWARF, for builds met without it.
 *
 * A table describes one exact source version on one architecture. Debian's build and one's own of
 * the same version agree on every structure unless their configuration differs, which shows in the
 * ABI flags and in the size of _PyRuntime, where most of an interpreter's state is embedded. */
#include "base/log.h"
#include "introspect/layout/internal.h"

#include <stdio.h>

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
