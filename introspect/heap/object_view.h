/* From an address to what a decoder sees: the object's header checked, its body pinned. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_OBJECT_VIEW_H
#define HEAPGLASS_INTROSPECT_HEAP_OBJECT_VIEW_H

#include "introspect/heap/type_table.h"

/* Fills *object. False if there is no object: its header or body is not there, its type is no type,
 * or its refcount says that it is being freed. `why` gets a literal that names the reason. */
bool object_view(struct decode *decode, uint64_t address, struct object *object, const char **why);

/* As object_view for an object that was checked before, with its type known. */
bool object_view_typed(const struct decode *decode, uint64_t address, const struct type *type,
                       struct object *object);

/* Bytes between the start of an object's memory block and the object: GC head and pre-header
 * (Include/internal/pycore_gc.h, pycore_object.h: _PyType_PreHeaderSize). */
uint64_t object_offset_in_block(const struct layout *layout, const struct object *object);

/* True if the object has a GC head: by its type, and for types by themselves (Objects/typeobject.c:
 * type_is_gc). */
bool object_has_gc(const struct layout *layout, const struct object *object);

/* tp_basicsize and the items, as the object says; as much as no object has if they make no sense. */
uint64_t object_body_size(const struct decode *decode, const struct object *object);

/* Everything the object owns, by itself and as an instance: appended to decode->references. */
void object_references(struct decode *decode, const struct object *object);

/* Size as __sizeof__, body size, and owned buffers through decode->buffer. */
void object_measure(struct decode *decode, const struct object *object, struct measure *measure);

/* Only the owned buffers, through decode->buffer. */
void object_buffers(struct decode *decode, const struct object *object);

uint64_t object_refcount(const struct layout *layout, const struct object *object, bool *immortal);

#endif
