/* Which containers hold more than before.
 *
 * One is the same as before if address and type are, and the path with "*" for keys and indices, or the first
 * entry; else if it is at the same place. New ones in a container that has more entries are part of what that
 * one holds more. Those of one type and one path with "*" are told together, unless one of them makes up half
 * of what they have grown by. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_CONTAINER_GROWTH_H
#define HEAPGLASS_INTROSPECT_ANALYSES_CONTAINER_GROWTH_H

#include "introspect/analyses/containers.h"
#include "table/table.h"

struct container_change {
    char *path;       /* with keys and indices if it is one container, else with "*" */
    const char *type; /* borrowed */
    uint64_t address; /* 0: several */
    uint64_t example; /* address of that of them which has grown most; 0: not known */
    uint64_t containers;
    bool has_entries;
    uint64_t entries_before, entries_after;
    uint64_t held_before,
        held_after; /* bytes of what it holds, without containers in it that are the same
                                         as before */
};

struct container_changes {
    struct container_change *items; /* those that hold more; most bytes first */
    size_t count;
    bool by_path; /* addresses tell nothing: these are unrelated processes */
};

/* Of `after` without its graph paths have "*". container_changes_free. */
struct err *container_changes_find(const struct containers *before, const struct containers *after,
                                   struct container_changes *ret) ERR_CHECK;
void container_changes_free(struct container_changes *changes);

struct container_change_rows {
    struct table table;
    const struct container_changes *changes;
    size_t next, limit;
    struct strbuf label;
};

/* container_change_rows_close. */
void container_change_rows_open(struct container_change_rows *rows,
                                const struct container_changes *changes, size_t limit);
void container_change_rows_close(struct container_change_rows *rows);

#endif
