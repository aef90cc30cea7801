/* What struct layout consists of, as data: generated from fields.def and traits.def, so that
 * providers, the text form and reports treat all structures and fields alike. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_DESCRIPTION_H
#define HEAPGLASS_INTROSPECT_LAYOUT_DESCRIPTION_H

#include "introspect/layout/layout.h"

struct field_description {
    const char *name, *paths; /* as in fields.def */
};

struct structure_description {
    const char *name, *c_names;
    const char *module; /* extension module that defines it, NULL: the interpreter */
    size_t offset;      /* of its size in struct layout */
    const struct field_description *fields;
    size_t field_count;
};

struct trait_description {
    const char *name;
    size_t offset; /* in struct layout */
};

extern const struct structure_description layout_structures[];
extern const size_t layout_structure_count;
extern const struct trait_description layout_traits[];
extern const size_t layout_trait_count;

static inline uint32_t *layout_size_of(struct layout *layout,
                                       const struct structure_description *structure) {
    return (uint32_t *)((char *)layout + structure->offset);
}

/* Its fields follow a structure's size in struct layout. */
static inline struct field *layout_field_of(struct layout *layout,
                                            const struct structure_description *structure,
                                            size_t index) {
    return (struct field *)((char *)layout + structure->offset + sizeof(uint32_t)) + index;
}

static inline uint64_t *layout_trait_of(struct layout *layout,
                                        const struct trait_description *trait) {
    return (uint64_t *)((char *)layout + trait->offset);
}

static inline uint32_t layout_size(const struct layout *layout,
                                   const struct structure_description *structure) {
    return *layout_size_of((struct layout *)layout, structure);
}

static inline struct field layout_field(const struct layout *layout,
                                        const struct structure_description *structure,
                                        size_t index) {
    return *layout_field_of((struct layout *)layout, structure, index);
}

static inline uint64_t layout_trait(const struct layout *layout,
                                    const struct trait_description *trait) {
    return *layout_trait_of((struct layout *)layout, trait);
}

/* By name: "dict", and the index of "ma_used" in it. NULL or SIZE_MAX if there is none. */
const struct structure_description *layout_find_structure(const char *name, size_t length);
size_t layout_find_field(const struct structure_description *structure, const char *name,
                         size_t length);

/* The field "dict.ma_used", or for "dict" its size as if it were a field at offset 0. False if
 * fields.def has no such name. */
bool layout_look_up(const struct layout *layout, const char *dotted, struct field *field);

/* True if any structure of an extension module is known: then its file was seen. */
bool layout_has_module(const struct layout *layout, const char *module);

/* A number that changes with fields.def and traits.def. */
uint64_t layout_fingerprint(void);

#endif
