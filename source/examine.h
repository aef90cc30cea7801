/* What an attach would meet, found out without one: nothing is stopped, little memory is used. */
#ifndef HEAPGLASS_SOURCE_EXAMINE_H
#define HEAPGLASS_SOURCE_EXAMINE_H

#include "attach/place.h"
#include "attach/process.h"
#include "introspect/layout/layout.h"
#include "introspect/snapshot/survey.h"
#include "source/source.h"

struct examination {
    struct process *process;
    struct place place;
    struct memory_use memory; /* zero where it can't be read */
    /* Why not, and what to do; NULL where nothing stands in the way. */
    struct err *attach; /* may we attach? */
    struct err *python; /* is it a Python, and started? */
    struct err *layout_missing;
    struct err *budget; /* is there enough memory? */
    char *path;         /* of the file with _PyRuntime, escaped; NULL: not found */
    char
        *through; /* the path by which that was read, escaped; NULL: out of memory of the process */
    struct layout *layout; /* NULL: not resolved */
    uint64_t copy_bytes;   /* at most, by a capture that copies */
    uint64_t needed_bytes; /* of memory, for us, to copy and decode that */
    double pause_seconds;  /* of a capture that copies */
};

/* ERR_SOURCE if there is no such process. max_memory and python as in source_options. examination_free. */
struct err *source_examine(pid_t pid, uint64_t max_memory, unsigned python,
                           struct examination *ret) ERR_CHECK;
void examination_free(struct examination *examination);

/* The first thing that would make an attach fail; NULL: none. Borrowed. */
const struct err *examination_obstacle(const struct examination *examination);

/* Reads all of a snapshot, to say whether it is whole. The source has no more than what could be read of the whole:
 * facts, totals. Options as for source_open_snapshot, errors as snapshot_examine. The survey starts zeroed. */
struct err *source_examine_snapshot(const char *path, const struct source_options *options,
                                    struct snapshot_survey *survey, struct source **ret) ERR_CHECK;

#endif
