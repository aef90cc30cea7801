/* Where layouts come from. Each provider resolves what it can; layout_resolve merges and
 * cross-checks. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_PROVIDER_H
#define HEAPGLASS_INTROSPECT_LAYOUT_PROVIDER_H

#include "base/vec.h"
#include "introspect/layout/layout.h"

struct elf_file;

/* A file to resolve a layout from, found before the target is stopped. */
struct layout_module {
    const char *path;    /* to open */
    const char *name;    /* as mapped, for messages and to find "_asyncio" by */
    const void *mapping; /* for the query's open */
};

/* Reads memory of the process; false if any of it is not there. */
typedef bool layout_read(void *context, uint64_t address, void *to, size_t size);

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
    /* The running process, on which a table of another release has to prove itself, and what to add
     * to the runtime file's addresses. NULL: there is none, so nothing can be derived. */
    layout_read *read;
    void *read_context;
    uint64_t bias;
    /* "dwarf", "cache" and "tables" in HEAPGLASS_HIDE (see symbols_hidden) say the same as the next
     * three to every query; "table" hides those of the very version alone. */
    bool use_cache;
    bool no_debug_files; /* do as if there were no DWARF, cached or not */
    bool no_tables;      /* do as if there were no built-in tables */
};

/* Resolves the whole layout of one build. ERR_NO_LAYOUT names the missing fields and the package
 * that would help. */
struct err *layout_resolve(const struct layout_query *query, struct layout **ret) ERR_CHECK;
void layout_destroy(struct layout *layout);

/* How one field of a derived layout is known. */
enum proof_kind {
    PROOF_HERE,    /* a self-check holds where the table has it */
    PROOF_MOVED,   /* it holds elsewhere, and nowhere else */
    PROOF_BETWEEN, /* what lies before and what lies behind it are as far apart as in the table */
    PROOF_NONE,    /* nothing proves it: the layout has none */
};

struct structure_description;
struct layout_proof {
    const struct structure_description *structure;
    size_t field; /* its index in the structure; SIZE_MAX: the structure itself, its size */
    enum proof_kind kind;
    int32_t moved;   /* by so many bytes */
    const char *how; /* a literal: "its lists close"; NULL for PROOF_BETWEEN and PROOF_NONE */
};

/* What was proven of a derived layout, in the order in which it was: those of self-checks first. */
struct layout_proofs {
    char table[24]; /* the version that the table is of */
    struct vec(struct layout_proof) items;
};

/* The text form shared by the cache, the built-in tables and `layout --emit`: one "name offset
 * size" a line. layout_parse accepts what layout_emit wrote (names that fields.def lacks are left
 * out), checks every line, and refuses the rest. */
struct strbuf;
void layout_emit(const struct layout *layout, struct strbuf *out);
struct err *layout_parse(const char *text, size_t length, struct layout **ret) ERR_CHECK;

#endif
