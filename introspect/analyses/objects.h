/* Objects one by one: those of some types, or that nothing reaches, as a stream of rows. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_OBJECTS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_OBJECTS_H

#include "introspect/graph/dominators.h"
#include "introspect/heap/heap.h"
#include "table/table.h"

struct objects_query {
    const char *type;           /* glob over qualified names, or the end of one; NULL: all */
    bool unreachable;           /* only those from no root */
    const int64_t *interpreter; /* only those of the one with this id; NULL: of all */
    const char *sort; /* "address", "type", "size", "footprint", "refcount", "retained"; NULL: by
                         address */
    const struct dominators *dominators; /* for "retained"; then rows have it; borrowed */
    uint64_t limit;                      /* 0: all */
    bool refs;                           /* with their references */
    bool values;                         /* with previews */
};

struct objects;

/* ERR_USAGE if there is no such sort key; NULL is fine. */
struct err *objects_check_sort(const char *sort) ERR_CHECK;

/* Memory is needed for sorted rows only. ERR_USAGE for an unknown sort key, an interpreter that is not there, a type
 * that no object has, or a name without its module that several types have. The heap is borrowed. */
struct err *objects_open(const struct heap *heap, const struct objects_query *query,
                         struct objects **ret) ERR_CHECK;
const struct table *objects_table(struct objects *objects);
uint64_t objects_shown(const struct objects *objects); /* rows so far */
/* After the last row: whether memory ran out, and something is missing. */
struct err *objects_error(const struct objects *objects) ERR_CHECK;
void objects_close(struct objects *objects); /* NULL is fine */

/* "young", "old", "permanent", "untracked", "none". */
const char *gc_state_name(enum gc_state state);
/* "tracked", "reachable", "allocator". */
const char *object_found_name(enum object_found found);

/* Says for each type id whether `pattern` names it: a glob over qualified names; where no type
 * matches a plain name, the types that end in ".name", if only one qualified name does.
 * *ret is owned: heap_type_count bytes. ERR_USAGE as above. */
struct err *types_matching(const struct heap *heap, const char *pattern, bool **ret) ERR_CHECK;

#endif
