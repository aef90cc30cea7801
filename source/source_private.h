/* For the files of this folder: what a source is made of. */
#ifndef HEAPGLASS_SOURCE_SOURCE_PRIVATE_H
#define HEAPGLASS_SOURCE_SOURCE_PRIVATE_H

#include "introspect/snapshot/snapshot.h"
#include "source/data_symbols.h"
#include "source/python.h"
#include "source/snapshot_input.h"
#include "source/source.h"

struct source {
    struct heap *heap;
    struct source_info info;

    /* Of a process. */
    const char *doing; /* for messages */
    struct process *process;
    struct maps maps;
    struct python python;
    struct data_symbols data_symbols;
    struct layout *layout;
    struct capture *capture;
    struct runtime *runtime;

    /* Of a snapshot. */
    struct snapshot_input *input;
    struct snapshot *snapshot;
    char *path;
    struct err **late_error;
};

/* Tells of a phase that begins. */
void source_progress(const struct source_options *options, const char *phase);

#endif
