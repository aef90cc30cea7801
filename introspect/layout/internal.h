/* Between the files of this folder: how a layout is put together. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_INTERNAL_H
#define HEAPGLASS_INTROSPECT_LAYOUT_INTERNAL_H

#include "base/strbuf.h"
#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"
#include "symbols/elf_file.h"

/* version.c: fills in version, architecture, abi_flags, build_id of the layout from the file that
 * holds _PyRuntime, and finds _PyRuntime in it: its address in the file and its size (0: unknown).
 * ERR_NO_LAYOUT if the file is no Python. */
struct runtime_symbol {
    uint64_t address, size;
};
struct err *version_identify(struct elf_file *file, const struct layout_query *query,
                             struct layout *layout, struct runtime_symbol *runtime) ERR_CHECK;

/* "3.11.2", "3.13.0rc2" of a PY_VERSION_HEX; false if it is none (Include/patchlevel.h). */
bool version_from_hex(uint32_t hex, char *text, size_t size);

/* traits.c: sets every trait from the fields, or refuses (ERR_NO_LAYOUT). */
struct err *traits_derive(struct layout *layout) ERR_CHECK;

/* dwarf_provider.c: fills in the structures of a file. With `module` only those that this extension
 * module defines, else all. False if there is no DWARF, or none that can be read. */
bool dwarf_provide(struct elf_file *file, const char *root, const char *mapped_path,
                   const char *module, struct layout *layout);

/* table_provider.c: the built-in table of this very build (exact version, architecture, ABI flags,
 * size of _PyRuntime), parsed; NULL in *ret if there is none. */
struct err *table_provide(const struct layout *build, uint64_t runtime_size,
                          struct layout **ret) ERR_CHECK;

/* The built-in tables of other releases of the same minor version, architecture and ABI flags: those with
 * the same size of _PyRuntime first, then the nearest release. Of the same release too, unless
 * `other_releases`. NULL in *ret if there is no `index`-th. */
struct err *table_provide_near(const struct layout *build, uint64_t runtime_size,
                               bool other_releases, size_t index, struct layout **ret) ERR_CHECK;

/* derive.c: makes the table of another release, just parsed, the layout of `build`, as far as it proves
 * itself on the query's process. What it can't do without and can't prove is named in `missing`;
 * layout->proofs says what was. */
struct err *derive_layout(struct elf_file *file, const struct layout_query *query,
                          const struct layout *build, const struct runtime_symbol *runtime,
                          struct layout *layout, struct strbuf *missing) ERR_CHECK;

struct layout_table {
    const char *name; /* of its file */
    const char *text;
    size_t length;
};
extern const struct layout_table
    layout_tables[]; /* generated from tables/; ends with a NULL name */

/* debug_offsets.c: compares the layout with the _Py_DebugOffsets in the file (3.13+), if there.
 * ERR_NO_LAYOUT names what differs. */
struct err *debug_offsets_check(struct elf_file *file, uint64_t runtime_address,
                                const struct layout *layout) ERR_CHECK;

/* Calls with each of its members that has a meaning here: the offset of a field ("dict.ma_keys"), or the
 * size of a structure ("dict"). A member may come twice. */
void debug_offsets_visit(struct elf_file *file, uint64_t runtime_address,
                         void (*visit)(void *context, const char *name, uint64_t value),
                         void *context);

/* The part of _Py_DebugOffsets that says what build it is; false if there is none. */
struct debug_offsets_header {
    uint64_t version, free_threaded;
};
bool debug_offsets_header(struct elf_file *file, uint64_t runtime_address,
                          struct debug_offsets_header *header);

/* cache.c: layouts by build-id in the user's cache folder; misses and failures are silent. */
struct layout *cache_load(const char *build_id);
void cache_store(const struct layout *layout);

#endif
