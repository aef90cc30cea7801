/* A snapshot to be read. It is read piece by piece and never mapped: a file that somebody cuts off
 * meanwhile is an error, not the end of the program. */
#ifndef HEAPGLASS_SOURCE_SNAPSHOT_INPUT_H
#define HEAPGLASS_SOURCE_SNAPSHOT_INPUT_H

#include "introspect/snapshot/chunk.h"

struct snapshot_input;

/* Opens a regular file; whether it is a snapshot, chunk_index_open says. What cannot be opened is ERR_SOURCE. */
struct err *snapshot_input_open(const char *path, struct snapshot_input **ret) ERR_CHECK;
void snapshot_input_close(struct snapshot_input *input); /* NULL is fine */

/* Valid as long as the input; thread-safe. */
struct chunk_source snapshot_input_source(struct snapshot_input *input);

#endif
