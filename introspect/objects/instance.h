/* What every instance has beside its C structure, by its type: the type itself, attributes in all
 * the places where versions of CPython keep them, __slots__, weak references; and, where nobody
 * knows the C structure, what its words look like. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_INSTANCE_H
#define HEAPGLASS_INTROSPECT_OBJECTS_INSTANCE_H

#include "introspect/objects/decoder.h"

/* Appends the references; for objects of all types, beside those of the type's decoder. References
 * with REFERENCE_GUESSED are any aligned words: the caller drops those that are no known object. */
void instance_references(struct decode *decode, const struct object *object);

/* Reports attribute arrays and corrects body_size and size_inexact. */
void instance_measure(struct decode *decode, const struct object *object, struct measure *measure);

#endif
