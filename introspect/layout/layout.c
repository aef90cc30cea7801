/* Puts a layout together: cached DWARF, else DWARF, else a built-in table; then the structures of
 * extension modules from the files that define them; then traits, and the checks. */
#include "base/cleanup.h"
#include "base/log.h"
#include "introspect/layout/internal.h"

#include <stdio.h>

/* Without these, or one of several with "|", no heap can be decoded, in any version. */
static const char *const required[] = {
    "object.ob_refcnt",
    "object.ob_type",
    "var_object.ob_size",
    "gc_head.gc_next",
    "gc_head.gc_prev",
    "gc_state.generations",
    "gc_generation.head",
    "runtime.interpreters_head",
    "interpreter.next",
    "interpreter.gc|runtime.gc",
    "interpreter.threads_head",
    "interpreter.modules",
    "thread.next",
    "thread.interp",
    "arena_object.address",
    "arena_object.ntotalpools",
    "pool_header.ref_count",
    "pool_header.freeblock",
    "pool_header.arenaindex",
    "pool_header.szidx",
    "type.tp_name",
    "type.tp_basicsize",
    "type.tp_itemsize",
    "type.tp_flags",
    "type.tp_base",
    "type.tp_dictoffset",
    "type.tp_mro",
    "heap_type.ht_cached_keys",
    "member_def.offset",
    "dict.ma_used",
    "dict.ma_keys",
    "dict.ma_values",
    "dict_keys.dk_nentries",
};

/* If a build has the first, it must have the second, unless it has the third. */
static const char *const implied[][3] = {
    {"interpreter.obmalloc", "obmalloc_state.arenas"},
    {"interpreter.static_builtins", "static_type_state.tp_dict"},
    {"thread.cframe", "cframe.current_frame", "thread.frame"},
    {"dict_keys.dk_log2_size", "dict_values"},
};

/* Whether it has one of the fields, which "|" separates. */
static bool has(const struct layout *layout, const char *names) {
    struct field field;
    char name[80];
    for (;; names++) {
        size_t length = strcspn(names, "|");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        if (layout_look_up(layout, name, &field) && layout_has(field))
            return true;
        names += length;
        if (!*names)
            return false;
    }
}

/* Writes the names of what must be there and is not; true if nothing is missing. */
static bool is_complete(const struct layout *layout, struct strbuf *missing) {
    strbuf_clear(missing);
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!has(layout, required[i]))
            strbuf_printf(missing, "%s%s", missing->length ? ", " : "", required[i]);
    }
    for (size_t i = 0; i < sizeof implied / sizeof *implied; i++) {
        if (has(layout, implied[i][0]) && !has(layout, implied[i][1]) &&
            !(implied[i][2] && has(layout, implied[i][2])))
            strbuf_printf(missing, "%s%s", missing->length ? ", " : "", implied[i][1]);
    }
    return missing->length == 0;
}

/* ---- one file -------------------------------------------------------------------------------- */

static bool same_build(const struct layout *a, const struct layout *b) {
    return a->version_hex == b->version_hex && !strcmp(a->architecture, b->architecture) &&
           !strcmp(a->abi_flags, b->abi_flags);
}

/* The structures that a file's DWARF describes, from the cache or read now and cached. `build` says
 * which build it is; its build_id is the file's. NULL in *ret if there is no DWARF. */
static struct err *provide_file(struct elf_file *file, const struct layout_query *query,
                                const char *mapped_path, const char *module,
                                const struct layout *build, struct layout **ret) {
    *ret = NULL;
    if (query->no_debug_files)
        return NULL;
    _cleanup_(strbuf_free) struct strbuf missing = {0};
    struct layout *layout = query->use_cache ? cache_load(build->build_id) : NULL;
    if (layout && same_build(layout, build) && (module || is_complete(layout, &missing))) {
        strcpy(layout->provider, "dwarf (cached)");
        *ret = layout;
        return NULL;
    }
    layout_destroy(layout);
    if (!(layout = malloc(sizeof *layout)))
        return err_no_memory();
    *layout = *build;
    strcpy(layout->provider, "dwarf");
    if (!dwarf_provide(file, query->root, mapped_path, module, layout)) {
        layout_destroy(layout);
        return NULL;
    }
    if (query->use_cache)
        cache_store(layout);
    *ret = layout;
    return NULL;
}

/* ---- extension modules ----------------------------------------------------------------------- */

static void copy_module(struct layout *to, const struct layout *from, const char *module) {
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        if (!structure->module || strcmp(structure->module, module))
            continue;
        *layout_size_of(to, structure) = layout_size(from, structure);
        for (size_t k = 0; k < structure->field_count; k++)
            *layout_field_of(to, structure, k) = layout_field(from, structure, k);
    }
}

/* "_asyncio" of ".../_asyncio.cpython-311-x86_64-linux-gnu.so" */
static bool file_defines(const struct layout_module *extension, const char *module) {
    const char *slash = strrchr(extension->name, '/');
    const char *name = slash ? slash + 1 : extension->name;
    size_t length = strlen(module);
    return !strncmp(name, module, length) && name[length] == '.';
}

static struct err *open_module(const struct layout_query *query, const struct layout_module *module,
                               struct elf_file **ret) {
    return query->open ? query->open(query->open_context, module, ret)
                       : elf_file_open(NULL, module->path, ret);
}

static struct err *provide_extension(const struct layout_query *query,
                                     const struct layout_module *extension, const char *module,
                                     struct layout *layout) {
    struct elf_file *file = NULL;
    struct err *err = open_module(query, extension, &file);
    if (err) { /* its objects are then decoded as those of an unknown type */
        log_line(LOG_LAYOUT, "%s", err_message(err));
        err_free(err);
        return NULL;
    }
    struct layout build = {.version_hex = layout->version_hex}, *part = NULL;
    memcpy(build.version, layout->version, sizeof build.version);
    memcpy(build.architecture, layout->architecture, sizeof build.architecture);
    memcpy(build.abi_flags, layout->abi_flags, sizeof build.abi_flags);
    elf_file_build_id_text(file, build.build_id);
    err = provide_file(file, query, extension->name, module, &build, &part);
    if (part)
        copy_module(layout, part, module);
    layout_destroy(part);
    elf_file_close(file);
    return err;
}

/* For every extension module of fields.def that was not found built in. `table` may be NULL. */
static struct err *provide_extensions(const struct layout_query *query, const struct layout *table,
                                      struct layout *layout) {
    const char *previous = "";
    for (size_t i = 0; i < layout_structure_count; i++) {
        const char *module = layout_structures[i].module;
        if (!module || !strcmp(module, previous))
            continue;
        previous = module;
        for (size_t k = 0; k < query->extension_count && !layout_has_module(layout, module); k++) {
            if (file_defines(&query->extensions[k], module))
                TRY(provide_extension(query, &query->extensions[k], module, layout));
        }
        if (table && !layout_has_module(layout, module))
            copy_module(layout, table, module);
    }
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* What was tried in vain. */
struct attempt {
    const struct layout *layout; /* NULL: nothing */
    const char *missing;         /* what it lacks */
};

static struct err *refuse(const struct layout_query *query, const struct layout *build,
                          const struct attempt *dwarf, const struct attempt *derived) {
    const char *build_id = *build->build_id ? build->build_id : "none";
    struct strbuf why = {0};
    if (dwarf->layout)
        strbuf_printf(&why, "its debug symbols lack %s", dwarf->missing);
    else if (derived->layout)
        strbuf_printf(&why, "no debug symbols, and the table of %s does not prove itself: %s",
                      derived->layout->proofs->table, derived->missing);
    else
        strbuf_printf(&why, "no debug symbols, no built-in table, so every field from "
                            "object.ob_refcnt on is missing");
    struct err *err = err_new(
        ERR_NO_LAYOUT,
        "no layout for CPython %s%s (%s, build-id %s): %s; install its debug symbols (Debian: "
        "python3.%u-dbg; a build of one's own: compile with -g, or keep its .debug file)",
        build->version, build->abi_flags, query->runtime.name, build_id, strbuf_text(&why),
        build->version_hex >> 16 & 255);
    strbuf_free(&why);
    return err;
}

/* The first table of another release that proves itself on the process. NULL in *ret: none does, and what
 * the nearest one lacks is in `missing`, that one in *nearest. */
static struct err *derive(struct elf_file *file, const struct layout_query *query,
                          const struct layout *build, const struct runtime_symbol *runtime,
                          struct layout **nearest, struct strbuf *missing, struct layout **ret) {
    _cleanup_(strbuf_free) struct strbuf lacking = {0};
    *ret = NULL;
    for (size_t i = 0; !*ret; i++) {
        struct layout *layout = NULL;
        TRY(table_provide_near(build, runtime->size, symbols_hidden("table"), i, &layout));
        if (!layout)
            break;
        struct err *err = derive_layout(file, query, build, runtime, layout, &lacking);
        if (!err && !lacking.length && is_complete(layout, &lacking)) {
            *ret = layout;
            break;
        }
        log_line(LOG_LAYOUT, "the table of %s does not prove itself: %s", layout->proofs->table,
                 err ? err_message(err) : strbuf_text(&lacking));
        if (err || *nearest) {
            layout_destroy(layout);
        } else {
            *nearest = layout;
            strbuf_puts(missing, strbuf_text(&lacking));
        }
        if (err)
            return err;
    }
    return NULL;
}

/* Everything that may become the layout; those that do not are freed. */
struct candidates {
    struct layout *dwarf, *table, *derived, *nearest;
};

/* Chooses one of them, traits set. */
static struct err *choose(struct elf_file *file, const struct layout_query *query,
                          const struct layout *build, const struct runtime_symbol *runtime,
                          struct candidates *found, struct layout **ret) {
    _cleanup_(strbuf_free) struct strbuf missing = {0}, underived = {0}, ignored = {0};
    if (found->dwarf && is_complete(found->dwarf, &missing)) {
        *ret = found->dwarf;
    } else if (found->table && is_complete(found->table, &ignored)) {
        *ret = found->table;
    } else {
        if (query->read && !query->no_tables)
            TRY(derive(file, query, build, runtime, &found->nearest, &underived, &found->derived));
        *ret = found->derived;
    }
    if (!*ret)
        return refuse(query, build, &(struct attempt){found->dwarf, strbuf_text(&missing)},
                      &(struct attempt){found->nearest, strbuf_text(&underived)});
    memcpy((*ret)->build_id, build->build_id, sizeof build->build_id);
    return traits_derive(*ret);
}

static struct err *resolve(struct elf_file *file, const struct layout_query *query,
                           struct candidates *found, struct layout **ret) {
    struct layout build = {0};
    struct runtime_symbol runtime;
    TRY(version_identify(file, query, &build, &runtime));
    TRY(traits_derive(&build)); /* refuses versions that are not known, before anything slow */
    TRY(provide_file(file, query, query->runtime.name, NULL, &build, &found->dwarf));
    if (!query->no_tables && !symbols_hidden("table"))
        TRY(table_provide(&build, runtime.size, &found->table));
    struct layout *chosen = NULL;
    TRY(choose(file, query, &build, &runtime, found, &chosen));
    TRY(provide_extensions(query, found->derived ? found->derived : found->table, chosen));
    TRY(debug_offsets_check(file, runtime.address, chosen));
    if (chosen->runtime.size && runtime.size && chosen->runtime.size != runtime.size)
        return err_new(ERR_NO_LAYOUT,
                       "this CPython %s is an unknown build: its _PyRuntime has %llu bytes, not "
                       "the %u of the layout (%s)",
                       build.version, (unsigned long long)runtime.size, chosen->runtime.size,
                       chosen->provider);
    *ret = chosen;
    return NULL;
}

struct err *layout_resolve(const struct layout_query *query, struct layout **ret) {
    struct layout_query asked = *query;
    asked.no_debug_files = query->no_debug_files || symbols_hidden("dwarf");
    asked.no_tables = query->no_tables || symbols_hidden("tables");
    asked.use_cache = query->use_cache && !symbols_hidden("cache");
    struct elf_file *file = NULL;
    struct layout *chosen = NULL;
    struct candidates found = {0};
    struct err *err = open_module(query, &query->runtime, &file);
    if (!err)
        err = resolve(file, &asked, &found, &chosen);
    struct layout *const all[] = {found.dwarf, found.table, found.derived, found.nearest};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != chosen)
            layout_destroy(all[i]);
    }
    elf_file_close(file);
    *ret = chosen;
    return err;
}

void layout_destroy(struct layout *layout) {
    if (!layout)
        return;
    if (layout->proofs)
        vec_free(&layout->proofs->items);
    free(layout->proofs);
    free(layout);
}
