/* One object: what it refers to, who holds it, and how its refcount adds up. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_OBJECT_H
#define HEAPGLASS_INTROSPECT_ANALYSES_OBJECT_H

#include "base/vec.h"
#include "introspect/graph/graph.h"
#include "introspect/heap/heap.h"
#include "table/table.h"

struct object_holder {
    uint32_t id;       /* who */
    uint32_t position; /* orders the references of one owner */
    struct reference reference;
};

struct object_details {
    const struct heap *heap;
    uint32_t id;
    struct vec(struct reference) references;  /* its own, in the decoder's order */
    struct vec(struct object_holder) holders; /* references to it, by their owner's address */
    struct vec(struct root) roots;            /* that hold it; guessed ones last */
    uint64_t found; /* references to it that its refcount counts, by objects and exact roots */
    int64_t hidden; /* its refcount less those; 0 if it is immortal */
    /* Of object_details_from_graph: */
    uint64_t more_holders; /* counted references that are not among `holders` */
    bool guesses_count;    /* guessed references that the graph believes are in `found` */
};

/* Decodes the references of every object, on several threads (0: one for each processor).
 * ERR_CANCELLED if *cancel became non-zero (may be NULL). object_details_free. */
struct err *object_details_collect(const struct heap *heap, uint32_t id, unsigned threads,
                                   const volatile int *cancel,
                                   struct object_details *ret) ERR_CHECK;
void object_details_free(struct object_details *details);

/* The same for object_refcount_text alone, from what a graph knows: no references, only the first counted holders, no
 * pass over the heap. O(references to it). */
struct reference_labels;
struct err *object_details_from_graph(const struct graph *graph, struct reference_labels *labels,
                                      uint32_t id, struct object_details *ret) ERR_CHECK;

/* Its references or its holders as a table. object_rows_close. */
struct object_rows {
    struct table table;
    const struct object_details *details;
    bool values; /* with previews */
    size_t next, limit;
    struct strbuf name, label, value;
};

/* Adds what its refcount is made of: "local a in f() app.py:3 + ['k'] of dict + 1 hidden"; of many, the
 * first OBJECT_TERMS and a count. */
enum { OBJECT_TERMS = 4 };
void object_refcount_text(const struct object_details *details, struct strbuf *out);

void object_fields_open(struct object_rows *rows, const struct object_details *details,
                        size_t limit, bool values);
void object_holders_open(struct object_rows *rows, const struct object_details *details,
                         size_t limit, bool values);
void object_rows_close(struct object_rows *rows);

#endif
