/* Where Python is in a process: the mapped file with _PyRuntime, and the names we need of it. */
#ifndef HEAPGLASS_SOURCE_PYTHON_H
#define HEAPGLASS_SOURCE_PYTHON_H

#include "attach/maps.h"
#include "attach/process.h"
#include "base/strbuf.h"
#include "introspect/layout/layout.h"
#include "symbols/elf_file.h"

struct python_symbol {
    const char *name;
    uint64_t address, size;
};

enum { PYTHON_SYMBOLS_MAX = 32 };

struct python {
    char *path;     /* of the file, as mapped */
    uint64_t start; /* of the mapping of its start */
    uint64_t bias;
    uint64_t runtime, runtime_size;                   /* of _PyRuntime, an address in the process */
    struct python_symbol symbols[PYTHON_SYMBOLS_MAX]; /* those that were found */
    size_t symbol_count;
    struct elf_file *file;
    pid_t pid;
    char root[32]; /* "/proc/PID/root" */
};

/* Looks through the files that the process has mapped. Of several Pythons it is the `wanted`-th,
 * by address, from 1 on; 0: the one that has been started. ERR_NO_LAYOUT if none is a Python, or
 * several have been started (the message numbers them); ERR_USAGE if there are not so many;
 * ERR_SOURCE if the file may not be opened. */
struct err *python_find(const struct process *process, const struct maps *maps, unsigned wanted,
                        struct python *python) ERR_CHECK;
void python_clear(struct python *python);

/* The layout of its build, from before the target is stopped. */
struct err *python_layout(const struct python *python, const struct maps *maps,
                          struct layout **ret) ERR_CHECK;

/* Adds the versions of all that have been started, with commas between; nothing where nobody can
 * tell. */
struct err *python_versions(const struct process *process, const struct maps *maps,
                            struct strbuf *out) ERR_CHECK;

/* ERR_NO_LAYOUT if it certainly has no interpreter: loaded only, or shut down. */
struct err *python_check_started(const struct process *process, const struct python *python,
                                 const struct layout *layout) ERR_CHECK;

/* Fills in the symbols that this build is to be looked up by: none but _PyRuntime from 3.12 on. */
void python_find_symbols(struct python *python, const struct layout *layout);

#endif
