/* Opens a PID (later: a snapshot or a core file) to a heap. The command line and the TUI use only this. */
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
};

struct source_info {
    const char *kind; /* "pid" */
    pid_t pid, inner_pid;
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
void source_close(struct source *source); /* NULL is fine */

const struct source_info *source_info(const struct source *source);
const struct heap *source_heap(const struct source *source);
const struct image *source_image(const struct source *source);
const struct layout *source_layout(const struct source *source);

#endif
