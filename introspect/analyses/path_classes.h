/* Objects told apart by how they are reached, as far as people would: an object's class is that of the
 * object before it on its shortest path, and the step from there with keys and indices as "*". */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_PATH_CLASSES_H
#define HEAPGLASS_INTROSPECT_ANALYSES_PATH_CLASSES_H

#include "introspect/analyses/paths.h"

struct path_classes;

enum { PATH_CLASS_NONE }; /* of what is not reached */

/* The graph is borrowed. path_classes_destroy. */
struct err *path_classes_create(const struct graph *graph, const struct path_filter *filter,
                                const volatile int *cancel, struct path_classes **ret) ERR_CHECK;
void path_classes_destroy(struct path_classes *classes); /* NULL is fine */

/* The class of an object, found now or before. Not for several threads. */
uint32_t path_class_of(struct path_classes *classes, uint32_t id);

/* How many there are, PATH_CLASS_NONE included. Grows as objects are asked for. */
uint32_t path_class_count(const struct path_classes *classes);

/* The path, owned by the caller; NULL without memory. */
char *path_class_text(const struct path_classes *classes, uint32_t number);
const struct held_root *path_class_root(const struct path_classes *classes, uint32_t number);
/* True if the last step is a name that somebody gave: an attribute or a variable, no key or index. */
bool path_class_is_named(const struct path_classes *classes, uint32_t number);
/* True for a __dict__: its entries are named as attributes of what it belongs to. */
bool path_class_is_namespace(const struct path_classes *classes, uint32_t number);
/* The class itself, or where its path is longer than PATH_CLASS_TRUNK steps the one that it comes through there: long
 * chains have a class for each link, whose texts together would be endless. */
enum { PATH_CLASS_TRUNK = 64 };
uint32_t path_class_trunk(const struct path_classes *classes, uint32_t number);
/* The text of a trunk: " ..." stands behind it for the rest where that many steps lead there. As path_class_text. */
char *path_class_trunk_text(const struct path_classes *classes, uint32_t trunk);
/* True if nothing but a root comes before it. */
bool path_class_is_root(const struct path_classes *classes, uint32_t number);

/* The object before it on its path; HEAP_NONE if a root holds it, or nothing. */
uint32_t path_class_referrer(const struct path_classes *classes, uint32_t id);

/* Whether memory ran out on the way. */
struct err *path_classes_error(const struct path_classes *classes) ERR_CHECK;

#endif
