/* A series in a file: what `growth --json` prints, line by line, so that a series that is interrupted
 * has its rounds so far. */
#ifndef HEAPGLASS_CLI_GROWTH_FILE_H
#define HEAPGLASS_CLI_GROWTH_FILE_H

#include "cli/growth.h"

struct growth_file;

/* A new file, for its owner alone. ERR_USAGE if there is one of that name: a series is never
 * overwritten. `path` must outlive it. */
struct err *growth_file_create(const char *path, struct growth_file **ret) ERR_CHECK;

/* Writes a line, at once. */
struct err *growth_file_add(struct growth_file *file, const struct report *report) ERR_CHECK;

/* Takes the file away again if nothing was written to it. NULL is fine. */
void growth_file_close(struct growth_file *file);

/* Reads a series that was written so; growth->end is GROWTH_CUT if it was interrupted, and the last line
 * may be cut. ERR_DAMAGED_FILE, with the line, if it is anything else. `growth` starts zeroed and is freed by
 * the caller after an error too. */
struct err *growth_file_read(const char *path, struct growth *growth) ERR_CHECK;

#endif
