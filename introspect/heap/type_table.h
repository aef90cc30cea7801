/* The table of types: filled as types are met, read without locks. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_TYPE_TABLE_H
#define HEAPGLASS_INTROSPECT_HEAP_TYPE_TABLE_H

#include "introspect/heap/type.h"

/* `runtime_address`: of _PyRuntime, whose module's types may be decoded by their names alone. */
struct err *type_table_create(const struct image *image, const struct layout *layout,
                              uint64_t runtime_address, struct type_table **ret) ERR_CHECK;
/* An empty one without an image, for types that are known already. */
struct err *type_table_create_known(struct type_table **ret) ERR_CHECK;
/* Adds a type, by the next id; its name is copied. NULL without memory, if there are too many, or if one
 * of that address is there. */
const struct type *type_table_add(struct type_table *table, const struct type *type);
void type_table_destroy(struct type_table *table);

/* The type if it is known already, else NULL. Thread-safe. */
const struct type *type_table_find(const struct type_table *table, uint64_t address);

/* Types by id; both may grow while other threads call type_table_get. */
uint32_t type_table_count(const struct type_table *table);
const struct type *type_table_by_id(const struct type_table *table, uint32_t id);

#endif
