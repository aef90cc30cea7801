/* Where layouts come from. Each provider resolves what it can; layout_resolve merges and
 * cross-checks. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_PROVIDER_H
#define HEAPGLASS_INTROSPECT_LAYOUT_PROVIDER_H

#include "introspect/layout/layout.h"

struct elf_file;

/* A file to resolve a layout from, found before the target is stopped. */
struct layout_module {
    const char *path;    /* to open */
    const char *name;    /* as mapped, for messages and to find "_asyncio" by */
    const void *mapping; /* for the query's open */
};

struct layout_query {
    struct layout_module runtime; /* the ELF file that holds _PyRuntime */
    /* Other mapped ELF files, for the structures of extension modules. */
    const struct layout_module *extensions;
    size_t extension_count;
    /* How to open a module; NULL: by its path. */
    struct err *(*open)(void *context, const struct layout_module *module, struct elf_file **ret);
    void *open_context;
    /* "/proc/PID/root" or "": where debug files are looked up first. */
    const char *root;
    /* "dwarf", "cache" and "tables" in HEAPGLASS_HIDE (see symbols_hidden) say the same as these
     * three to every query. */
    bool use_cache;
    bool no_debug_files; /* do as if there were no DWARF, cached or not */
    bool no_tables;      /* do as if there were no built-in tables */
};

/* Resolves the whole layout of one build. ERR_NO_LAYOUT names the missing fields and the package
 * that would help. */
struct err *layout_resolve(const struct layout_query *query, struct layout **ret) ERR_CHECK;
void layout_destroy(struct layout *layout);

/* The text form shared by the cache, the built-in tables and `layout --emit`: one "name offset
 * size" a line. layout_parse accepts what layout_emit wrote (names that fields.def lacks are left
 * out), checks every line, and refuses the rest. */
struct strbuf;
void layout_emit(const struct layout *layout, struct strbuf *out);
struct err *layout_parse(const char *text, size_t length, struct layout **ret) ERR_CHECK;

#endif
