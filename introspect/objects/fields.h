/* Tables of the pointer fields of C structures: all that most decoders are.
 *
 *     FIELDS_DECODER(chain, TYPES("itertools.chain"),
 *                    OWNS(chain, source, REFERENCE_STRONG, "->source"),
 *                    OWNS(chain, active, REFERENCE_STRONG, "->active"));
 *
 * defines chain_decoder out of layout->chain. Labels begin with "." for what Python code can reach
 * by that name, with "->" for C members that it can't. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_FIELDS_H
#define HEAPGLASS_INTROSPECT_OBJECTS_FIELDS_H

#include "introspect/heap/type.h"
#include "introspect/objects/decoder.h"

/* Beside the properties of decoder.h, in tables only: many modules of the standard library learned
 * to visit a field when their static types became heap types, not before. */
enum { REFERENCE_TRAVERSED_IN_HEAP_TYPE = REFERENCE_UNTRAVERSED | 1 << 15 };

/* A pointer that the structure owns. */
struct pointer_field {
    uint32_t field; /* offset of its struct field in struct layout */
    uint16_t properties;
    const char *label;
};

#define OWNS(structure, member, properties, label)                                                 \
    { offsetof(struct layout, structure.member), (properties), (label) }

#define TYPES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The properties that a field declared with `properties` has in this object: what no tp_traverse
 * can visit, because the type that owns the structure is not of the GC, is not traversed. */
unsigned fields_properties(const struct object *object, unsigned properties);

/* Appends a reference for each of `count` fields that this build has and that is not NULL. */
void fields_references(struct decode *decode, const struct object *object,
                       const struct pointer_field *fields, size_t count);

/* As fields_references for a structure elsewhere in memory, pinned by the caller. */
void fields_references_of(struct decode *decode, const struct object *object,
                          const uint8_t *structure, size_t available,
                          const struct pointer_field *fields, size_t count);

/* The same for a structure that no object owns, such as what a module's state leads to: the properties are those
 * of the table. */
void structure_references(struct decode *decode, const uint8_t *structure, size_t available,
                          const struct pointer_field *fields, size_t count);

/* <structure>_least_size */
#define STRUCTURE_SIZE(structure)                                                                  \
    static uint32_t structure##_least_size(const struct layout *layout) {                          \
        return layout->structure.size;                                                             \
    }                                                                                              \
    _Static_assert(1, "")

/* <structure>_fields, <structure>_references, <structure>_least_size */
#define FIELDS(structure, ...)                                                                     \
    static const struct pointer_field structure##_fields[] = {__VA_ARGS__};                        \
    static void structure##_references(struct decode *decode, const struct object *object) {       \
        fields_references(decode, object, structure##_fields,                                      \
                          sizeof structure##_fields / sizeof *structure##_fields);                 \
    }                                                                                              \
    STRUCTURE_SIZE(structure)

/* And <structure>_decoder. */
#define FIELDS_DECODER(structure, type_names, ...)                                                 \
    FIELDS(structure, __VA_ARGS__);                                                                \
    static const struct decoder structure##_decoder = {                                            \
        .name = #structure,                                                                        \
        .types = type_names,                                                                       \
        .least_size = structure##_least_size,                                                      \
        .references = structure##_references,                                                      \
    }

/* <structure>_decoder of a structure that owns no objects; its measure may be NULL. */
#define PLAIN_DECODER(structure, type_names, measure_function)                                     \
    STRUCTURE_SIZE(structure);                                                                     \
    static const struct decoder structure##_decoder = {                                            \
        .name = #structure,                                                                        \
        .types = type_names,                                                                       \
        .least_size = structure##_least_size,                                                      \
        .measure = measure_function,                                                               \
    }

/* ---- reading --------------------------------------------------------------------------------- */

/* Fields of the object itself; 0 if this build has none or it lies beyond the object. */
static inline uint64_t object_unsigned(const struct object *object, struct field field) {
    return field_fits(field, object->available) ? field_unsigned(object->body, field) : 0;
}

static inline int64_t object_signed(const struct object *object, struct field field) {
    return field_fits(field, object->available) ? field_signed(object->body, field) : 0;
}

static inline uint64_t object_pointer(const struct object *object, struct field field) {
    return field_fits(field, object->available) ? field_pointer(object->body, field) : 0;
}

/* A field of a structure elsewhere; 0 if it is not there (not damage: for what may be NULL). */
uint64_t remote_unsigned(const struct decode *decode, uint64_t structure, struct field field);

/* The type of another object; NULL if it is none. */
const struct type *remote_type(struct decode *decode, uint64_t object);

/* |ob_size| of another object; 0 if it is not there. */
uint64_t remote_item_count(const struct decode *decode, uint64_t object);

/* What sys.getsizeof says of another object that is its type's basicsize and items, such as bytes;
 * 0 if it is not there. */
uint64_t remote_size(struct decode *decode, uint64_t object);

/* Bytes of a C string with its NUL; 0 if it is not there or longer than 64 KiB. */
uint64_t remote_string_size(const struct decode *decode, uint64_t address);

/* "[3 items]" */
void preview_count(struct strbuf *out, char open, uint64_t count, const char *noun, char close);

/* count * size as an owned buffer; a product that no memory can hold is damage and not reported.
 * Returns the bytes. */
uint64_t buffer_add_array(struct decode *decode, uint64_t address, uint64_t count, uint64_t size,
                          const char *where);

/* A C string as an owned buffer; returns its bytes. */
uint64_t buffer_add_string(struct decode *decode, uint64_t address);

/* A lock made by PyThread_allocate_lock (Python/thread_pthread.h): a POSIX semaphore, allocated. */
void buffer_add_lock(struct decode *decode, uint64_t lock);

#endif
