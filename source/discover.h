/* The Python processes of this machine, as far as we may see them. */
#ifndef HEAPGLASS_SOURCE_DISCOVER_H
#define HEAPGLASS_SOURCE_DISCOVER_H

#include "attach/process.h"
#include "base/vec.h"

struct python_process {
    struct process *process;
    struct memory_use memory; /* zero where it can't be read */
    char version[40];         /* "3.11.2", "3.9" where no more is known, ""; "3.11.2, 3.13.0" */
    bool seen;     /* _PyRuntime was found; false: its maps may not be read, its name says Python */
    char *refusal; /* why we may not attach, and what to do; NULL: we may */
};

struct discovery {
    struct vec(struct python_process) processes; /* by PID */
};

/* Looks at every process: a Python is one that has mapped an ELF file with _PyRuntime. Each file is
 * opened once, however many processes map it. Attaches to nothing. ERR_CANCELLED if *cancel (may be
 * NULL) became non-zero. discovery_free. */
struct err *discover(const volatile int *cancel, struct discovery *ret) ERR_CHECK;
void discovery_free(struct discovery *discovery);

#endif
