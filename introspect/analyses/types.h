/* How many objects of each type there are, and what they take. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_TYPES_H
#define HEAPGLASS_INTROSPECT_ANALYSES_TYPES_H

#include "introspect/graph/dominators.h"
#include "introspect/heap/heap.h"
#include "table/table.h"

struct type_sums {
    const struct type *type;
    uint64_t objects, size, footprint, unreachable; /* sizes in bytes */
    uint64_t retained; /* bytes that would be freed with all its objects; see types_add_retained */
};

struct types {
    struct type_sums *rows; /* types that have objects */
    size_t count;
    const struct heap *heap;
    bool has_retained;
};

/* Sorted by footprint; the objects need no ids. types_free. */
struct err *types_collect(const struct heap *heap, struct types *ret) ERR_CHECK;
/* The same of one interpreter's objects alone: static ones and those outside of pymalloc are the main
 * one's. ERR_USAGE if it has no such interpreter. */
struct err *types_collect_of(const struct heap *heap, int64_t interpreter,
                             struct types *ret) ERR_CHECK;
void types_free(struct types *types);

/* ERR_USAGE, with those that are there, unless the heap has an interpreter of that id. */
struct err *interpreter_check(const struct heap *heap, int64_t interpreter) ERR_CHECK;

/* Adds what the objects of each type retain together. */
struct err *types_add_retained(struct types *types, const struct dominators *dominators) ERR_CHECK;

/* Most first, by "objects", "size", "footprint", "retained" or
 * "unreachable", or from A to Z by "type"; what is
 * equal by footprint, then by name. ERR_USAGE for another key. */
struct err *types_sort(struct types *types, const char *key) ERR_CHECK;

/* The rows as a table. Where several types have one name, people see their addresses too. */
enum { TYPES_COLUMNS = 9 };
struct types_cursor {
    struct table table;
    struct column columns[TYPES_COLUMNS];
    const struct types *types;
    size_t next, limit;
    uint64_t whole; /* what shares are of: the footprint of all */
    char *name;     /* of the current row, if it had to be made */
};

/* `limit` rows at most. `sort` decides which columns people see. types_cursor_close. */
void types_cursor_open(struct types_cursor *cursor, const struct types *types, size_t limit,
                       const char *sort);
void types_cursor_close(struct types_cursor *cursor);

#endif
