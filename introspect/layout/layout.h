/* The layout of one exact CPython build: where each field of each structure lies, and the traits
 * that are not an offset. Decoders ask for a field or a trait and never look at version numbers.
 *
 * fields.def is the one list of structures and fields, traits.def the one of traits; providers
 * (DWARF, _Py_DebugOffsets, built-in tables) fill them in, see provider.h. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_LAYOUT_H
#define HEAPGLASS_INTROSPECT_LAYOUT_LAYOUT_H

#include "base/err.h"
#include "base/inline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A field: byte offset in its structure and size in bytes; size 0 means that this build has none.
 * A bit-field has bit_size and bit_offset (from the lowest bit of the `size` bytes at offset, at
 * most FIELD_MOST_BIT_BYTES: reading the others, on the way of every object, need not look). */
struct field {
    uint32_t offset, size;
    uint8_t bit_offset, bit_size;
};

enum { FIELD_MOST_BIT_BYTES = 4 };

/* Where instances with a managed dict keep their attributes; words count from the object's start. */
enum managed_dict_values {
    VALUES_NONE,    /* there are no managed dicts */
    VALUES_POINTER, /* word -4 leads to a PyDictValues, word -3 to a dict (3.11) */
    VALUES_TAGGED,  /* word -3 leads to either; bit 0 is set for PyDictValues (3.12) */
    VALUES_INLINE,  /* word -3 leads to a dict, PyDictValues are part of the object (3.13+) */
};

/* Where pymalloc's list of arenas is. */
enum obmalloc_state {
    OBMALLOC_STATIC,   /* in static variables (up to 3.11) */
    OBMALLOC_EMBEDDED, /* in PyInterpreterState (3.12) */
    OBMALLOC_POINTER,  /* where a pointer in PyInterpreterState leads (3.13+) */
    OBMALLOC_MIMALLOC, /* there is no pymalloc: each thread has mimalloc heaps (free-threaded) */
};

struct layout {
    char version[24];      /* "3.11.2" */
    uint32_t version_hex;  /* PY_VERSION_HEX; for display and for choosing tables only */
    char architecture[16]; /* "x86_64" */
    char abi_flags[8];     /* "", "d", "t", "td", as sys.abiflags */
    char build_id[65];     /* of the module that holds _PyRuntime, in hex; "" if it has none */
    char provider[48];     /* where it comes from: "dwarf", "table 3.11.2", "dwarf (cached)", ... */
    struct layout_proofs *proofs; /* provider.h; NULL unless it is the table of another release */

/* For each structure of fields.def: .size in bytes (0: unknown here) and its fields. */
#define STRUCT(name, c_names, module)                                                              \
    struct {                                                                                       \
        uint32_t size;
#define FIELD(name, paths) struct field name;
#define END(name)                                                                                  \
    }                                                                                              \
    name;
#include "introspect/layout/fields.def"
#undef STRUCT
#undef FIELD
#undef END

    struct {
#define TRAIT(name) uint64_t name;
#include "introspect/layout/traits.def"
#undef TRAIT
    } trait;
};

static inline bool layout_has(struct field field) {
    return field.size != 0;
}

/* Values of a field out of a structure's bytes. The caller knows that they are there
 * (offset + size lies within what was pinned); see field_fits. */
ALWAYS_INLINE bool field_fits(struct field field, size_t available) {
    return field.size && field.offset + (size_t)field.size <= available;
}

ALWAYS_INLINE uint64_t load_u64(const void *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* An unsigned field of 1, 2, 4 or 8 bytes, or a bit-field; 0 if the build has no such field. */
ALWAYS_INLINE uint64_t field_unsigned(const void *structure, struct field field) {
    const uint8_t *at = (const uint8_t *)structure + field.offset;
    uint64_t value = 0;
    if (__builtin_expect(field.size == 8, 1))
        return load_u64(at);
    if (field.size == 4) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        value = word;
    } else if (field.size == 1) {
        value = at[0];
    } else if (field.size == 2) {
        uint16_t half;
        memcpy(&half, at, sizeof half);
        value = half;
    } else {
        return 0;
    }
    if (field.bit_size)
        value = value >> field.bit_offset & ((1ull << field.bit_size) - 1);
    return value;
}

static inline int64_t field_signed(const void *structure, struct field field) {
    uint64_t value = field_unsigned(structure, field);
    unsigned bits = field.bit_size ? field.bit_size : field.size * 8;
    if (bits == 0 || bits >= 64)
        return (int64_t)value;
    uint64_t sign = 1ull << (bits - 1);
    return (int64_t)((value ^ sign) - sign);
}

/* A pointer field; 0 if the build has no such field. */
ALWAYS_INLINE uint64_t field_pointer(const void *structure, struct field field) {
    return field.size == 8 ? load_u64((const uint8_t *)structure + field.offset) : 0;
}

#endif
