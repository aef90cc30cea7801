/* What each named container holds: all objects, by the nearest one on their shortest path. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_HOLDERS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_HOLDERS_H

#include "introspect/graph/graph.h"
#include "table/table.h"

struct holder {
    char *name;              /* "app.HUB.queues[*]"; NULL: of what no root reaches */
    const struct type *type; /* of the container, or of one of them */
    uint64_t objects, footprint;
    uint64_t containers; /* how many there are of that name */
    uint64_t address;    /* of the first of them */
};

struct holders {
    struct holder *items; /* largest footprint first */
    size_t count;
};

/* An object belongs to the innermost container that a module, an attribute or a variable names; without
 * one, to the innermost thing that a module or a variable names. Together they are all objects.
 * holders_free. */
struct err *holders_find(const struct graph *graph, const volatile int *cancel,
                         struct holders *ret) ERR_CHECK;
void holders_free(struct holders *holders);

/* Its name, or what is said instead. */
const char *holder_label(const struct holder *holder);

struct holder_rows {
    struct table table;
    const struct holders *holders;
    size_t next, limit;
    uint64_t whole;
};

void holder_rows_open(struct holder_rows *rows, const struct holders *holders, size_t limit);

#endif
