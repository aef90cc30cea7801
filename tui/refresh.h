/* A refresh: the source as it was at one moment, and what was worked out of it (its products).
 *
 * Products are made on the worker, one after another, when a view needs them; then they never change. The
 * counts of references belong to the thread of the screen. */
#ifndef HEAPGLASS_TUI_REFRESH_H
#define HEAPGLASS_TUI_REFRESH_H

#include "introspect/analyses/audit.h"
#include "introspect/analyses/container_growth.h"
#include "introspect/analyses/containers.h"
#include "introspect/analyses/first_seen.h"
#include "introspect/analyses/garbage.h"
#include "introspect/analyses/growth_types.h"
#include "introspect/analyses/holders.h"
#include "introspect/analyses/type_holders.h"
#include "introspect/analyses/types.h"
#include "introspect/graph/dominators.h"
#include "introspect/heap/stacks.h"
#include "source/source.h"
#include "tui/worker.h"

#include <stdatomic.h>

/* A bit for each; in order of their making. */
enum product {
    PRODUCT_GRAPH = 1 << 0,
    PRODUCT_DOMINATORS = 1 << 1, /* with what the objects of each type retain */
    PRODUCT_HELD_BY = 1 << 2,    /* for each type, what holds most of its objects */
    PRODUCT_CONTAINERS = 1 << 3,
    PRODUCT_GARBAGE = 1 << 4,
    PRODUCT_AUDIT = 1 << 5,
    PRODUCT_STACKS = 1 << 6,
    PRODUCT_HOLDERS = 1 << 7, /* what holds most */
    PRODUCTS_ALL = (1 << 8) - 1,
};

/* Counts by type that outlive their heap. */
struct shared_counts {
    struct type_counts counts;
    atomic_uint references;
};

/* What has grown since a baseline. */
struct grown_containers {
    struct container_changes changes;
    int64_t unreached, unreached_footprint; /* objects and bytes more that no root leads to */
    unsigned baseline;                      /* its number */
    atomic_uint references;
};

void grown_containers_drop(struct grown_containers *grown); /* NULL is fine */

struct refresh {
    unsigned number; /* from 1 on */
    struct source *source;
    const struct heap *heap; /* of the source */
    struct types types;      /* by footprint; without retained sizes */
    struct shared_counts *counts;
    struct shared_counts *previous; /* of the refresh before; NULL: there was none */
    struct first_seen first_seen;   /* of each object: in which refresh */

    /* Sets of enum product, which only the screen's thread looks at: those below that are there, are being
     * made, could not be made. */
    unsigned ready, pending, failed;
    unsigned made; /* those that are there, for the worker */
    struct graph *graph;
    struct dominators *dominators;
    uint64_t *retained; /* by type id: bytes that would be freed with all its objects */
    struct type_holders held_by;
    struct containers containers;
    struct garbage *garbage; /* one for each interpreter, heap_interpreter_count of them */
    struct audit audit;
    struct stacks stacks;
    struct holders holders;
    struct grown_containers *grown; /* for the thread that opens pages: see tui/baseline.h */

    unsigned references;
};

/* Takes the source over, also if it fails. `before`: the refresh of the same process before this one; NULL: this is the
 * first. On the worker. */
struct err *refresh_create(struct source *source, const struct refresh *before, struct work *work,
                           struct refresh **ret) ERR_CHECK;
/* Frees it; may take long for a big heap. */
void refresh_destroy(struct refresh *refresh); /* NULL is fine */

/* All products that those asked for stand on, too. */
unsigned products_with_bases(unsigned products);
/* The first product of a set: what to make next. */
enum product product_next(unsigned products);
/* "reference graph", ...: what is being made. */
const char *product_name(enum product product);

/* Makes one, whose bases are there. On the worker; does not set `ready`. */
struct err *product_make(struct refresh *refresh, enum product product,
                         struct work *work) ERR_CHECK;

#endif
