/* Where a snapshot is written. A file gets its name only when all of it is on the disk: until then,
 * and if anything fails, what had that name before is untouched. */
#ifndef HEAPGLASS_SOURCE_SNAPSHOT_OUTPUT_H
#define HEAPGLASS_SOURCE_SNAPSHOT_OUTPUT_H

#include "introspect/snapshot/chunk.h"

struct snapshot_output;

/* Opens what a path names: a file, of mode 0600, which replaces one that is there (a symbolic link is
 * replaced itself); a pipe or device, which is written to directly; "-" for standard output. A
 * terminal, folder or disk is refused (ERR_USAGE). Waits for a FIFO's reader. `cancel`: non-zero ends waiting
 * and writing with ERR_CANCELLED; may be NULL. SIGPIPE must be ignored. */
struct err *snapshot_output_open(const char *path, const volatile int *cancel,
                                 struct snapshot_output **ret) ERR_CHECK;

/* Valid as long as the output. */
struct chunk_sink snapshot_output_sink(struct snapshot_output *output);

/* Makes what was written last: synchronised with the disk, under its name. */
struct err *snapshot_output_commit(struct snapshot_output *output) ERR_CHECK;

/* What was not committed is removed, as far as it can be (not from a pipe). NULL is fine. */
void snapshot_output_close(struct snapshot_output *output);

#endif
