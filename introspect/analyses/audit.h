/* Refcounts against references found: hidden references, by type and by object.
 *
 * Found are counted references of the heap's objects and of exact roots; guesses are not: they only tell
 * who may hold what is hidden. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_AUDIT_H
#define HEAPGLASS_INTROSPECT_ANALYSES_AUDIT_H

#include "introspect/graph/graph.h"
#include "table/table.h"

/* Where a word lies that may be a hidden reference. */
enum audit_holder {
    AUDIT_UNEXPLAINED, /* no such word was found */
    AUDIT_FRAME_STACK, /* the evaluation stack of an executing frame, whose depth was not saved */
    AUDIT_BODY,        /* an object whose C structure nobody describes */
    AUDIT_C_GLOBAL,    /* the data of an executable or library */
    AUDIT_C_MEMORY,    /* a block of memory of some C code */
    AUDIT_C_STACK,     /* a thread's C stack, or a register */
    AUDIT_HOLDERS,
};

struct audit_object {
    uint32_t id;
    uint64_t found;       /* references, none of them guessed */
    int64_t hidden;       /* refcount less found; never 0 */
    uint64_t unexplained; /* of hidden: without even a guess */
};

struct audit_type {
    const struct type *type;
    uint64_t objects; /* with hidden references */
    int64_t hidden;
    uint64_t by[AUDIT_HOLDERS];   /* of hidden */
    uint64_t guessed_objects;     /* of objects: those with guesses */
    uint64_t unexplained_objects; /* of objects: those with unexplained ones */
    uint64_t unreachable;         /* of these: from no root, nor guessed root */
};

/* What one sign of hidden references has. */
struct audit_part {
    struct audit_type *types; /* most unexplained first, then most hidden, then by name */
    size_t type_count;
    struct audit_object
        *objects; /* in the same order, then biggest footprint first; at most `limit` */
    size_t object_count;
    uint64_t all_objects, unexplained_objects, guessed_objects;
    uint64_t unexplained; /* of hidden */
    int64_t hidden;
};

struct audit {
    const struct graph *graph;
    struct audit_part hidden; /* refcount too high for what was found */
    struct audit_part
        overcounted; /* more found than the refcount: an error of ours, or of the target */
};

/* One pass over the graph. `wanted` says for each type id whether its objects are asked for; NULL:
 * all. ERR_CANCELLED if *cancel became non-zero (may be NULL). audit_free. */
struct err *audit_collect(const struct graph *graph, const bool *wanted, size_t limit,
                          const volatile int *cancel, struct audit *ret) ERR_CHECK;
void audit_free(struct audit *audit);

/* Add what is known of a type's unexplained references: "1 each; reachable from nothing"; and how many of
 * its hidden references each kind of holder may have: "C global 3, C stack 1". */
void audit_say_unexplained(const struct audit_type *type, struct strbuf *out);
void audit_say_guesses(const struct audit_type *type, struct strbuf *out);
/* Adds where the guessed words are that point at an object: those of roots by name, those in objects by
 * their type; nothing if there are none. */
void audit_say_holders(const struct graph *graph, const struct audit_object *object,
                       struct strbuf *out);

/* Rows of a part, as a table. audit_rows_close. */
enum { AUDIT_OBJECT_COLUMNS = 10 };
struct audit_rows {
    struct table table;
    struct column columns[AUDIT_OBJECT_COLUMNS]; /* of objects */
    const struct audit *audit;
    const struct audit_part *part;
    bool values; /* with previews */
    size_t next, limit;
    struct strbuf holder, value;
};

/* All its types; for people: those with unexplained references, and those with guesses. */
void audit_types_open(struct audit_rows *rows, const struct audit *audit,
                      const struct audit_part *part, size_t limit);
void audit_unexplained_open(struct audit_rows *rows, const struct audit *audit, size_t limit);
void audit_guessed_open(struct audit_rows *rows, const struct audit *audit, size_t limit);
/* Its objects; people see either who may hold them, or how big they are. */
void audit_objects_open(struct audit_rows *rows, const struct audit *audit,
                        const struct audit_part *part, size_t limit, bool values, bool holders);
void audit_rows_close(struct audit_rows *rows);

#endif
