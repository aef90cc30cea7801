/* Names of the data of C code: symbols of what every mapped file may write. */
#ifndef HEAPGLASS_SOURCE_DATA_SYMBOLS_H
#define HEAPGLASS_SOURCE_DATA_SYMBOLS_H

#include "attach/maps.h"
#include "base/arena.h"
#include "base/vec.h"

struct data_symbol {
    const char *name; /* in the arena below */
    uint64_t address, size;
};

/* All zero is empty. */
struct data_symbols {
    struct vec(struct data_symbol) found; /* by address, none within another */
    struct arena names;
};

/* Looks through the mapped files and their debug files; one that can't be opened has no names. 5 ms for
 * a Python with 31 libraries, 9 with 330. */
struct err *data_symbols_find(pid_t pid, const struct maps *maps,
                              struct data_symbols *symbols) ERR_CHECK;
void data_symbols_clear(struct data_symbols *symbols);

/* Tells an image of them. */
struct err *data_symbols_add(const struct data_symbols *symbols, struct image *image) ERR_CHECK;

#endif
