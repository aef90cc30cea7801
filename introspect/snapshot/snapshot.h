/* A heap kept in a file (docs/snapshot-format.md), and read again as a heap that needs no image.
 *
 * What was decoded is kept, not the memory that it was decoded from: columns of objects, references with
 * what names them, types, roots, threads, previews of values. Files and pipes are the caller's: see
 * introspect/snapshot/chunk.h for sink and source. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_SNAPSHOT_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_SNAPSHOT_H

#include "introspect/heap/heap.h"
#include "introspect/layout/layout.h"
#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/facts.h"

struct snapshot_options {
    unsigned threads;            /* 0: as many as there are processors */
    const volatile int *cancel;  /* non-zero: ERR_CANCELLED, soon; may be NULL */
    const struct layout *layout; /* to be written beside the heap; NULL: none is known */
};

/* Writes a heap that was built with ids of objects, as a stream. `mappings` is an image whose list of
 * mappings is kept; `facts` are kept as they are. What heap_hide_values hides is not written. */
struct err *snapshot_write(const struct heap *heap, const struct image *mappings,
                           const struct facts *facts, const struct snapshot_options *options,
                           struct chunk_sink sink) ERR_CHECK;

struct snapshot;

/* Reads all but references and previews, which follow when they are asked for; with `totals_only` nothing that tells of
 * single objects. ERR_DAMAGED_FILE names what is wrong; of a file that was cut off the totals can still be read, with a
 * damage that says so. The source must live as long as the snapshot. */
struct err *snapshot_open(struct chunk_source source, const struct snapshot_options *options,
                          bool totals_only, struct snapshot **ret) ERR_CHECK;
void snapshot_close(struct snapshot *snapshot); /* NULL is fine */

struct heap *snapshot_heap(const struct snapshot *snapshot);
/* Has nothing but the mappings. */
const struct image *snapshot_image(const struct snapshot *snapshot);
const struct facts *snapshot_facts(const struct snapshot *snapshot);

/* Reads the layout that the file keeps of the process's build, at the first call; NULL in *ret if it keeps none.
 * Owned by the snapshot. */
struct err *snapshot_layout(struct snapshot *snapshot, const struct layout **ret) ERR_CHECK;

/* The error that made references or previews unreadable later on; NULL if there was none, or it was taken. Not while
 * other threads use the snapshot. */
struct err *snapshot_take_error(struct snapshot *snapshot) ERR_CHECK;

#endif
