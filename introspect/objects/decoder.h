/* Decoders: what an object of a family of types owns, how big it is, what it shows.
 *
 * A decoder is a constant table of functions over one object's frozen bytes. All that it reads is
 * hostile: pointers come from image_pin, lengths are capped by what is there, chains have limits,
 * and what does not fit is reported with decode_damage and left out.
 *
 * To add one: docs/HOWTO-type.md. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_DECODER_H
#define HEAPGLASS_INTROSPECT_OBJECTS_DECODER_H

#include "base/inline.h"
#include "base/strbuf.h"
#include "image/image.h"
#include "introspect/heap/damage.h"
#include "introspect/layout/layout.h"

struct type;
struct type_table;

/* Properties of a reference, a bit set. */
enum {
    REFERENCE_RETAINS = 1,   /* keeps its target alive */
    REFERENCE_COUNTED = 2,   /* is part of the target's refcount */
    REFERENCE_TRAVERSED = 4, /* this version's tp_traverse visits it */
    REFERENCE_GUESSED = 8,   /* an aligned word that looks like one */

    REFERENCE_STRONG = REFERENCE_RETAINS | REFERENCE_COUNTED | REFERENCE_TRAVERSED,
    REFERENCE_UNTRAVERSED = REFERENCE_RETAINS | REFERENCE_COUNTED, /* owned, unknown to gc */
    REFERENCE_WEAK = 0,
};

/* How the object names the reference; `argument` in struct reference depends on it. */
enum label_kind {
    LABEL_FIELD,    /* argument: const char *, a Python attribute (".__closure__") or C field
                         ("->md_name") */
    LABEL_NAME,     /* argument: address of the str object that is the attribute's name */
    LABEL_ITEM,     /* argument: index: [3] */
    LABEL_KEY,      /* argument: address of the key object: ['key'] */
    LABEL_DICT_KEY, /* the target is itself a key; argument: its position */
    LABEL_MEMBER,   /* a set's member; argument: position */
    LABEL_SLOT,     /* argument: remote address of the slot's NUL-terminated C name */
    LABEL_TYPE,     /* the object's type, __class__ */
    LABEL_LOCAL,    /* a frame's fast local, cell or free variable; argument: index in localsplus */
    LABEL_STACK,    /* a frame's evaluation stack; argument: depth from its bottom */
    LABEL_CELL,     /* argument: index of the closure cell */
    LABEL_OFFSET,   /* argument: byte offset in the object: unknown C structures */
};

struct reference {
    uint64_t target; /* an address; never 0 */
    uint64_t argument;
    uint16_t properties;
    uint16_t label; /* enum label_kind */
};

/* One object as a decoder sees it. Borrowed; valid during the call. */
struct object {
    uint64_t address;
    const uint8_t *body;     /* its bytes, from ob_refcnt on */
    size_t available;        /* how many of them are pinned: the body at least (up to 64 MiB) */
    const struct type *type; /* its own type, maybe a subclass of those that the decoder names */
};

/* What measure() finds of one object. Starts zeroed but for `size`. */
struct measure {
    uint64_t size;      /* what __sizeof__ returns (without GC head and pre-header); starts as
                           tp_basicsize + |ob_size| * tp_itemsize: set or add */
    uint64_t body_size; /* bytes that the object itself occupies from ob_refcnt on, if that differs
                           from `size` and from basicsize + items (inline values, ...); else 0 */
    bool size_inexact;  /* the type's own __sizeof__ may say something else */
};

/* The state of decoding, one per thread. Collects references and buffers in batches. */
struct decode {
    const struct image *image;
    const struct layout *layout;
    struct type_table *types;
    struct damage_list *damage;
    /* Addresses of the interpreters, which keep what belongs to static types (3.12+); may be none. */
    const uint64_t *interpreters;
    size_t interpreter_count;

    struct reference *references; /* where reference() appends */
    size_t reference_count, reference_capacity;
    /* Called when `references` is full; must empty it. */
    void (*flush)(struct decode *decode);

    /* Called for each block of memory that the object owns outside of its own, by measure(). */
    void (*buffer)(struct decode *decode, uint64_t address, uint64_t size);
    void *context; /* of flush and buffer */
};

struct decoder {
    const char *name;
    /* tp_name of the C types that it decodes, as in CPython's source; ends with NULL. */
    const char *const *types;
    /* Part of the path of the shared object whose code its types have; NULL: Python itself, or an
     * extension module of the standard library. */
    const char *file;
    /* The least tp_basicsize that an instance must have for references() and measure() to be
     * allowed to read its fields without asking: the structure's size, from the layout. */
    uint32_t (*least_size)(const struct layout *layout);
    /* Its types are bigger than that in the release that the layout is of. Of the others a different
     * size tells that the structure is that of another release. */
    bool bigger_types;
    /* Appends every reference that the object owns by itself: neither its type nor what a Python
     * subclass adds (__dict__, __slots__, weak references), which is introspect/objects/instance.c.
     * NULL: it owns none. */
    void (*references)(struct decode *decode, const struct object *object);
    /* Corrects the size, reports owned buffers. NULL: basicsize + items, no buffers. */
    void (*measure)(struct decode *decode, const struct object *object, struct measure *measure);
    /* measure() never reports a buffer: where only those are wanted, it need not be called. */
    bool no_buffers;
    /* A short value for people ("'abc'", "[3 items]"), escaped. NULL: none. */
    void (*preview)(struct decode *decode, const struct object *object, struct strbuf *out);
    /* Up to two pointer fields whose targets references() will read, to prefetch. */
    uint32_t (*prefetch)(const struct layout *layout, uint32_t offsets[2]);
};

/* The argument of a LABEL_FIELD; `name` lives as long as the program. */
static inline uint64_t field_label(const char *name) {
    return (uint64_t)(uintptr_t)name;
}

/* Appends a reference unless target is 0. */
ALWAYS_INLINE void reference_add(struct decode *decode, uint64_t target, unsigned properties,
                                 enum label_kind label, uint64_t argument) {
    if (!target)
        return;
    if (__builtin_expect(decode->reference_count == decode->reference_capacity, 0))
        decode->flush(decode);
    decode->references[decode->reference_count++] =
        (struct reference){target, argument, (uint16_t)properties, (uint16_t)label};
}

/* Appends the reference in a pointer field of the object, named by a Python attribute. A field
 * that this build lacks, or that lies beyond the object, adds nothing. */
ALWAYS_INLINE void reference_field(struct decode *decode, const struct object *object,
                                   struct field field, unsigned properties, const char *name) {
    if (field_fits(field, object->available))
        reference_add(decode, field_pointer(object->body, field), properties, LABEL_FIELD,
                      field_label(name));
}

/* Reports an owned block unless its address is 0. */
static inline void buffer_add(struct decode *decode, uint64_t address, uint64_t size) {
    if (address && decode->buffer)
        decode->buffer(decode, address, size);
}

/* Counts something that could not be decoded: `reason` and `where` are literals. */
static inline void decode_damage(struct decode *decode, const char *reason, const char *where,
                                 uint64_t address) {
    damage_add(decode->damage, reason, where, address);
}

/* |ob_size| of a var-sized object; 0 if it is not there. */
ALWAYS_INLINE uint64_t object_item_count(const struct decode *decode, const struct object *object) {
    struct field field = decode->layout->var_object.ob_size;
    if (!field_fits(field, object->available))
        return 0;
    int64_t count = field_signed(object->body, field);
    return count < 0 ? -(uint64_t)count : (uint64_t)count;
}

/* Array of pointers at a remote address: `count` of them, pinned in pieces; those that are not
 * there are damage. For each non-NULL one calls reference_add with LABEL_ITEM and its index. */
void reference_array(struct decode *decode, uint64_t address, uint64_t count, unsigned properties,
                     const char *where);

/* Every decoder: for each word of the list in introspect/objects/meson.build the array that <word>.c
 * defines, `const struct decoder *const <word>_decoders[]`. Arrays and registry end with NULL. */
extern const struct decoder *const *const decoder_registry[];

#endif
