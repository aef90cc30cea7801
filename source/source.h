/* Opens a PID or a snapshot (later: a core file) to a heap. The command line and the TUI use only this. */
#ifndef HEAPGLASS_SOURCE_SOURCE_H
#define HEAPGLASS_SOURCE_SOURCE_H

#include "attach/capture.h"
#include "introspect/heap/heap.h"

struct source_options {
    enum pause_strategy strategy;
    double max_pause;    /* seconds, 0: default */
    uint64_t max_memory; /* bytes, 0: none */
    unsigned python;     /* which of several in one process, from 1 on; 0: the one that runs */
    bool totals_only;    /* as in heap_options: no ids of objects */
    bool names;          /* symbols of C code's data, for the names of roots */
    unsigned threads;    /* for decoding, 0: as many as processors */
    const volatile int *cancel;
    /* Told of each phase as it begins ("symbols", "capture", "decode"); may be NULL. */
    void (*progress)(void *context, const char *phase);
    void *progress_context;
    /* What made parts of a snapshot unreadable after it was opened goes there when it is closed, if there is nothing
     * yet; may be NULL. */
    struct err **late_error;
};

struct source_info {
    const char *kind;     /* "pid", "snapshot" */
    const char *path;     /* of a snapshot; else NULL */
    uint64_t file_size;   /* its bytes */
    pid_t pid, inner_pid; /* what was captured, now or then */
    uint64_t
        start_time; /* of the process, in the kernel's ticks: with the PID tells it from others */
    const char *command; /* escaped */
    const char *python;  /* "3.11.2" */
    const char *layout;  /* provider: "dwarf", "table 3.11.2", ... */
    enum pause_strategy strategy;
    struct capture_result capture;
    bool collecting; /* a garbage collection was running: GC states are those of its middle */
};

struct source;

struct err *source_open_pid(pid_t pid, const struct source_options *options,
                            struct source **ret) ERR_CHECK;

/* Of the options it takes totals_only, threads, cancel, progress, late_error. ERR_DAMAGED_FILE says what is wrong with a file that
 * is no snapshot, or a damaged one. */
struct err *source_open_snapshot(const char *path, const struct source_options *options,
                                 struct source **ret) ERR_CHECK;
void source_close(struct source *source); /* NULL is fine */

/* What made parts of a snapshot unreadable since it was opened, or since this was asked last; NULL if nothing did. Any
 * thread. */
struct err *source_take_error(struct source *source) ERR_CHECK;

/* From now on what the program works on is shown as "[#n]", and kept out of snapshots: heap_hide_values. */
struct err *source_hide_values(struct source *source) ERR_CHECK;

/* Writes a snapshot of a source that was opened with ids of objects, and makes it last. ERR_DAMAGED_FILE if the source is
 * a snapshot that turns out to be damaged. */
struct snapshot_output;
struct err *source_save(struct source *source, struct snapshot_output *output,
                        const struct source_options *options) ERR_CHECK;

const struct source_info *source_info(const struct source *source);
const struct heap *source_heap(const struct source *source);
const struct image *source_image(const struct source *source);

/* Where the fields of the process's build lie. Of a snapshot it is read at the first call; NULL in *ret if it keeps
 * none, as the first ones did not. Owned by the source. */
struct err *source_layout(struct source *source, const struct layout **ret) ERR_CHECK;

/* Whether a file begins as snapshots do; false if it cannot be read. */
bool source_is_snapshot(const char *path);

#endif
