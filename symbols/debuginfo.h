/* Finds the separate file that holds a stripped file's symbols and DWARF. */
#ifndef HEAPGLASS_SYMBOLS_DEBUGINFO_H
#define HEAPGLASS_SYMBOLS_DEBUGINFO_H

#include "symbols/elf_file.h"

/* The debug file of `file`: by build-id, then by .gnu_debuglink, in the file system at `root`
 * ("/proc/PID/root"; "" or NULL: ours) and then in ours. `mapped_path` is the file's own path in
 * that file system, for .gnu_debuglink; may be NULL. A file of another build is never taken: its
 * build-id must be the same, or, where `file` has none, its CRC that of the link. NULL if there is
 * none. */
struct elf_file *debuginfo_find(struct elf_file *file, const char *root, const char *mapped_path);

/* Looks names up in the file and, for those it lacks, in its debug file. Addresses get `bias`
 * added. matches says which were found. */
void debuginfo_find_symbols(struct elf_file *file, const char *root, const char *mapped_path,
                            uint64_t bias, struct elf_symbol *wanted, size_t count);

/* elf_file_visit_data of the file and, where its .symtab was stripped, of its debug file: addresses are
 * the file's own. */
void debuginfo_visit_data(struct elf_file *file, const char *root, const char *mapped_path,
                          elf_data_visit *visit, void *context);

#endif
