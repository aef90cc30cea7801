/* The children of a node of the dominator tree as a table, biggest first. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_DOMINATOR_ROWS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_DOMINATOR_ROWS_H

#include "introspect/graph/dominators.h"
#include "table/table.h"

struct dominator_rows {
    struct table table;
    const struct graph *graph;
    const struct dominators *dominators;
    uint32_t *children;
    size_t count, next, limit;
    uint64_t whole; /* what shares are of */
    bool values;    /* with previews */
    struct strbuf value;
};

/* `node`: an id, DOMINATORS_ROOT or DOMINATORS_HIDDEN. dominator_rows_close. */
struct err *dominator_rows_open(struct dominator_rows *rows, const struct graph *graph,
                                const struct dominators *dominators, uint32_t node, size_t limit,
                                bool values) ERR_CHECK;
void dominator_rows_close(struct dominator_rows *rows);

/* Adds what a root calls an object: "module shop", "local batch in reindex() jobs.py:88"; nothing if none holds it, or
 * none that says anything. */
void dominator_root_name(const struct graph *graph, uint32_t id, struct strbuf *out);

#endif
