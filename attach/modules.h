/* The ELF files that a process has mapped, with their bias and build-id. */
#ifndef HEAPGLASS_ATTACH_MODULES_H
#define HEAPGLASS_ATTACH_MODULES_H

#include "attach/maps.h"

/* Calls `found` for each, in address order; its error ends the search. Headers and notes are read
 * from the process's memory (process_vm_readv), else from the file. Path is as in the maps,
 * borrowed from them. */
typedef struct err *module_found(void *context, const struct image_module *module);
struct err *modules_find(pid_t pid, const struct maps *maps, module_found *found,
                         void *context) ERR_CHECK;

/* The build-id in a note segment; its size, 0 if there is none. At most 32 bytes. */
size_t module_build_id(const uint8_t *notes, size_t size, uint8_t build_id[32]);

#endif
