/* Type objects as their metatypes see them: what metatypes in C that add a structure to it
 * (_ctypes) begin with. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_TYPE_OBJECT_H
#define HEAPGLASS_INTROSPECT_OBJECTS_TYPE_OBJECT_H

#include "introspect/objects/decoder.h"

void type_references(struct decode *decode, const struct object *object);
void type_measure(struct decode *decode, const struct object *object, struct measure *measure);

#endif
