/* Opens the files that a process has mapped: those themselves, not what their paths lead to now. */
#ifndef HEAPGLASS_SOURCE_MAPPED_FILE_H
#define HEAPGLASS_SOURCE_MAPPED_FILE_H

#include "attach/maps.h"
#include "symbols/elf_file.h"

/* Through /proc/PID/map_files, which leads to the file even if it was deleted or replaced, but only
 * for who has CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE; else by its path in the process's root, by
 * /proc/PID/exe, if the file there is still the mapped one, or what memory holds of it
 * (memory_file.h). ERR_SOURCE if nothing leads to it, ERR_NO_LAYOUT if it is no ELF file. */
struct err *mapped_file_open(pid_t pid, const struct map *map, struct elf_file **ret) ERR_CHECK;

#endif
