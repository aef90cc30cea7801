/* An ELF file as far as a process has it in memory, for one that nothing on disk leads to any more. */
#ifndef HEAPGLASS_SOURCE_MEMORY_FILE_H
#define HEAPGLASS_SOURCE_MEMORY_FILE_H

#include "attach/maps.h"
#include "symbols/elf_file.h"

/* `map` is the mapping of its start. What is mapped is copied into an anonymous file of ours, code
 * left out, and gets sections for its dynamic symbols: it has build-id, exported symbols and
 * constants, no .symtab, no DWARF and no data as before the start. ERR_NO_LAYOUT if there is no ELF
 * file, ERR_FAILED if it cannot be read. */
struct err *memory_file_open(pid_t pid, const struct map *map, struct elf_file **ret) ERR_CHECK;

/* Whether a file is one of these. */
bool memory_file_is(const struct elf_file *file);

#endif
