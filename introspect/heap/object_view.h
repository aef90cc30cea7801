/* From an address to what a decoder sees: the object's header checked, its body pinned. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_OBJECT_VIEW_H
#define HEAPGLASS_INTROSPECT_HEAP_OBJECT_VIEW_H

#include "introspect/heap/type_table.h"
#include "introspect/layout/type_flags.h"
#include "introspect/objects/number.h"

/* Fills *object. False if there is no object: its header or body is not there, its type is no type,
 * or its refcount says that it is being freed. `why` gets a literal that names the reason. */
bool object_view(struct decode *decode, uint64_t address, struct object *object, const char **why);

/* tp_basicsize and the items, as the object says; as much as no object has if they make no sense. */
ALWAYS_INLINE uint64_t object_body_size(const struct decode *decode, const struct object *object) {
    const struct type *type = object->type;
    if (!type->itemsize)
        return type->basicsize;
    uint64_t items = type->flags & TPFLAGS_LONG_SUBCLASS ? int_digit_count(decode, object)
                                                         : object_item_count(decode, object);
    return items >> IMAGE_ADDRESS_BITS ? UINT64_MAX / 2 : type->basicsize + items * type->itemsize;
}

/* As object_view for an object that was checked before, with its type known. */
bool object_view_typed(const struct decode *decode, uint64_t address, const struct type *type,
                       struct object *object);

/* As object_view_typed where the object's place is known too and its page is there. Nearly all objects
 * end on the page that they begin on: then what is left of the page is at hand without asking. */
ALWAYS_INLINE bool object_view_on_page(const struct decode *decode, uint64_t address,
                                       uint64_t place, const struct type *type,
                                       struct object *object) {
    size_t left = IMAGE_PAGE_SIZE - (place & (IMAGE_PAGE_SIZE - 1));
    *object = (struct object){address, decode->image->mirror + place, left, type};
    if (__builtin_expect(left >= type->basicsize, 1) &&
        (!type->itemsize || left >= object_body_size(decode, object)))
        return true;
    return object_view_typed(decode, address, type, object);
}

/* True if the object has a GC head: by its type, and for types by themselves (Objects/typeobject.c:
 * type_is_gc). */
ALWAYS_INLINE bool object_has_gc(const struct layout *layout, const struct object *object) {
    if (!object->type->has_gc)
        return false;
    return !object->type->is_type ||
           (field_unsigned(object->body, layout->type.tp_flags) & TPFLAGS_HEAPTYPE);
}

ALWAYS_INLINE uint64_t object_refcount(const struct layout *layout, const struct object *object,
                                       bool *immortal) {
    uint64_t count =
        field_unsigned(object->body, layout->object.ob_refcnt) & layout->trait.refcount_mask;
    *immortal = count & layout->trait.immortal_bit;
    return count;
}

/* Fetches into the cache what decoding the object at a place will read, and returns its type; NULL if
 * its header is not at hand or its type not known. */
ALWAYS_INLINE const struct type *object_prefetch(const struct decode *decode, uint64_t place) {
    const struct image *image = decode->image;
    const uint8_t *body = image->mirror + place;
    uint64_t in_page = place & (IMAGE_PAGE_SIZE - 1);
    if (in_page < 64 || in_page > IMAGE_PAGE_SIZE - 64 || !image_page_present(image, place))
        return NULL;
    const struct type *type =
        type_table_find(decode->types, field_pointer(body, decode->layout->object.ob_type));
    for (uint32_t i = 0; type && i < type->prefetch_count; i++) {
        uint64_t target = image_place(image, load_u64(body + type->prefetch[i]));
        if (target != UINT64_MAX)
            __builtin_prefetch(image->mirror + target);
    }
    return type;
}

/* As object_view, by the short way where object_prefetch has found the type. */
ALWAYS_INLINE bool object_view_prefetched(struct decode *decode, uint64_t address, uint64_t place,
                                          const struct type *type, struct object *object,
                                          const char **why) {
    bool immortal = false;
    if (__builtin_expect(type && object_view_on_page(decode, address, place, type, object) &&
                             object_refcount(decode->layout, object, &immortal),
                         1))
        return true;
    return object_view(decode, address, object, why);
}

/* Everything the object owns, by itself and as an instance: appended to decode->references. */
void object_references(struct decode *decode, const struct object *object);

/* Size as __sizeof__, body size, and owned buffers through decode->buffer. */
void object_measure(struct decode *decode, const struct object *object, struct measure *measure);

/* Bytes between the start of an object's memory block and the object: GC head and pre-header
 * (Include/internal/pycore_gc.h, pycore_object.h: _PyType_PreHeaderSize). */
ALWAYS_INLINE uint64_t object_offset_in_block(const struct layout *layout,
                                              const struct object *object) {
    return object->type->preheader +
           (object_has_gc(layout, object) ? layout->trait.header_before_gc : 0);
}

/* Only the owned buffers, through decode->buffer. */
void object_buffers(struct decode *decode, const struct object *object);

#endif
