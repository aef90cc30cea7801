/* The types of a heap: each type object met, with what decoding its instances needs. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_TYPE_H
#define HEAPGLASS_INTROSPECT_HEAP_TYPE_H

#include "introspect/objects/decoder.h"

struct type {
    uint64_t address;
    uint32_t id;        /* index into the heap's types */
    uint64_t flags;     /* tp_flags */
    uint64_t basicsize; /* tp_basicsize, capped */
    uint64_t itemsize;  /* tp_itemsize, capped */
    int64_t dictoffset; /* tp_dictoffset, 0 without an explicit __dict__ pointer */
    int64_t weaklistoffset;
    const struct type *base;       /* tp_base; NULL for object */
    const struct decoder *decoder; /* of the nearest base that one knows; NULL: none but object */
    const struct type *decoded_as; /* that base: the type `decoder` names; NULL without decoder */
    bool heap_type;                /* made at run time (Py_TPFLAGS_HEAPTYPE) */
    bool python_class;             /* made by a class statement */
    bool has_gc;                   /* instances have a GC head (type objects: only heap types do) */
    bool is_type;                  /* instances are types */
    bool has_finalizer;            /* tp_finalize */
    bool own_sizeof;               /* defines __sizeof__ itself */
    bool size_overridden;          /* has a __sizeof__ that no decoder knows */
    bool unknown_body;             /* C structure beyond `decoded_as` that nobody describes */
    bool undecoded;                /* its decoder's structure is not in the layout */
    uint32_t preheader;            /* bytes before the GC head */
    uint32_t slot_count;           /* __slots__ of this class and its bases */
    const struct type_slot *slots;
    uint64_t cached_keys; /* ht_cached_keys, 0 if none */
    const char *name;     /* module.qualname, builtins bare; escaped; UTF-8 */
    bool owns_nothing;    /* instances refer to no object, not even to their type */
    bool may_own_buffers;
    bool plain_size; /* __sizeof__ is basicsize and items, there are no buffers */
    uint32_t prefetch_count;
    int32_t prefetch[2]; /* offsets from the object of pointers to what decoding will read */
};

struct type_slot {
    uint32_t offset;
    bool after_items; /* the offset counts from where the items end, as if there were none */
    uint64_t name;    /* remote address of a C string */
};

/* The type at an address: known, or read and checked now. NULL if it is no type object.
 * Thread-safe; the result lives as long as the table. */
const struct type *type_table_get(struct type_table *table, uint64_t address);

#endif
