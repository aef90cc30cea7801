/* numpy.ndarray, for what is an extension to others is where programs of data keep all that they have:
 * an array of objects that is not understood is a hundred thousand references that nobody explains.
 *
 * Its structures are numpy's public ABI, the same since 1.0, so no debug symbols are asked
 * (numpy/_core/include/numpy/ndarraytypes.h: PyArrayObject_fields, PyArray_Descr, NPY_TYPES,
 * NPY_ARRAY_OWNDATA). Arrays are unknown to gc: they have no tp_traverse. */
#include "introspect/objects/fields.h"

enum {
    /* PyArrayObject_fields */
    DATA = 16,
    ND = 24,
    DIMENSIONS = 32,
    STRIDES = 40,
    BASE = 48,
    DESCR = 56,
    FLAGS = 64,
    WEAKREFLIST = 72, /* instance.c knows it */
    MEM_HANDLER = 88, /* since 1.22 */
    LEAST_SIZE = 80,
    /* PyArray_Descr */
    DESCR_TYPE = 25,
    DESCR_TYPE_NUM = 28,
    DESCR_USED = 32,

    TYPE_OBJECT = 17, /* NPY_OBJECT */
    OWNS_DATA = 4,    /* NPY_ARRAY_OWNDATA */
    MOST_DIMENSIONS = 64,
};

struct array {
    uint64_t data;
    bool owns_data, of_objects;
    char type;
    unsigned dimension_count;
    uint64_t lengths[MOST_DIMENSIONS];
    uint64_t dimensions, items, bytes;
};

static uint32_t array_least_size(const struct layout *layout) {
    (void)layout;
    return LEAST_SIZE;
}

/* False, with the damage counted, if the shape is absurd or not there. */
static bool read_shape(struct decode *decode, const struct object *object, struct array *array) {
    uint64_t strides = load_u64(object->body + STRIDES);
    array->items = 1;
    array->bytes = 0;
    for (unsigned i = 0; i < array->dimension_count; i++) {
        uint64_t stride = 0;
        if (!image_read_u64(decode->image, array->dimensions + i * 8, &array->lengths[i]) ||
            !image_read_u64(decode->image, strides + i * 8, &stride)) {
            decode_damage(decode, "absent", "ndarray shape", object->address);
            return false;
        }
        uint64_t step = (int64_t)stride < 0 ? -stride : stride, bytes = 0;
        if (__builtin_mul_overflow(array->items, array->lengths[i], &array->items) ||
            __builtin_mul_overflow(step, array->lengths[i], &bytes) ||
            (array->items | bytes) >> IMAGE_ADDRESS_BITS) {
            decode_damage(decode, "length", "ndarray", object->address);
            return false;
        }
        /* The stride of a dimension of one item is anything. */
        if (array->lengths[i] > 1 && bytes > array->bytes)
            array->bytes = bytes;
    }
    if (!array->items)
        array->bytes = 0;
    else if (!array->bytes)
        array->bytes = 1; /* of unknown size, but it has a block */
    return true;
}

static bool read_array(struct decode *decode, const struct object *object, struct array *array) {
    uint64_t descr = load_u64(object->body + DESCR), nd = load_u64(object->body + ND) & UINT32_MAX;
    const uint8_t *description = descr ? image_pin(decode->image, descr, DESCR_USED) : NULL;
    if (!description)
        return false; /* it is being made */
    array->data = load_u64(object->body + DATA);
    array->owns_data = load_u64(object->body + FLAGS) & OWNS_DATA;
    array->of_objects = (load_u64(description + DESCR_TYPE_NUM - 4) >> 32) == (uint64_t)TYPE_OBJECT;
    array->type = (char)description[DESCR_TYPE];
    array->dimensions = load_u64(object->body + DIMENSIONS);
    array->dimension_count = (unsigned)nd;
    if (nd > MOST_DIMENSIONS) {
        decode_damage(decode, "length", "ndarray", object->address);
        return false;
    }
    return read_shape(decode, object, array);
}

static void array_references(struct decode *decode, const struct object *object) {
    reference_add(decode, load_u64(object->body + BASE), REFERENCE_UNTRAVERSED, LABEL_FIELD,
                  field_label(".base"));
    reference_add(decode, load_u64(object->body + DESCR), REFERENCE_UNTRAVERSED, LABEL_FIELD,
                  field_label(".dtype"));
    if (object->available >= MEM_HANDLER + 8 &&
        object->type->decoded_as->basicsize >= MEM_HANDLER + 8)
        reference_add(decode, load_u64(object->body + MEM_HANDLER), REFERENCE_UNTRAVERSED,
                      LABEL_FIELD, field_label("->mem_handler"));
    struct array array;
    if (read_array(decode, object, &array) && array.owns_data && array.of_objects)
        reference_array(decode, array.data, array.items, REFERENCE_UNTRAVERSED, "ndarray");
}

/* array_sizeof (numpy/_core/src/multiarray/methods.c) counts shape and strides, which are one block,
 * and the data of those that own it. */
static void array_measure(struct decode *decode, const struct object *object,
                          struct measure *measure) {
    struct array array;
    measure->size_inexact = true; /* where an item's size is kept differs by release */
    if (!read_array(decode, object, &array))
        return;
    if (array.dimension_count) {
        buffer_add(decode, array.dimensions, array.dimension_count * 16);
        measure->size += array.dimension_count * 16;
    }
    if (array.owns_data)
        measure->size += array.of_objects
                             ? buffer_add_array(decode, array.data, array.items, 8, "ndarray")
                             : buffer_add_array(decode, array.data, array.bytes, 1, "ndarray");
}

static void array_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    struct array array;
    if (!read_array(decode, object, &array))
        return;
    strbuf_putc(out, '(');
    for (unsigned i = 0; i < array.dimension_count; i++)
        strbuf_printf(out, "%s%llu", i ? " × " : "", (unsigned long long)array.lengths[i]);
    strbuf_puts(out, array.dimension_count ? "" : "one");
    if (array.type > ' ' && array.type <= '~')
        strbuf_printf(out, " of '%c'", array.type);
    strbuf_putc(out, ')');
}

static const struct decoder array_decoder = {
    .name = "ndarray",
    .types = TYPES("numpy.ndarray"),
    .file = "/_multiarray_umath.",
    .bigger_types = true, /* it has grown with the releases */
    .least_size = array_least_size,
    .references = array_references,
    .measure = array_measure,
    .preview = array_preview,
};

extern const struct decoder *const numpy_decoders[];
const struct decoder *const numpy_decoders[] = {&array_decoder, NULL};
