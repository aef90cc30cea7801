#include "introspect/objects/fields.h"

/* tp_basicsize of a tuple ends where its items begin (Objects/tupleobject.c). */
static uint32_t tuple_least_size(const struct layout *layout) {
    return layout->tuple.ob_item.offset;
}

enum { MAX_MEMBERS = 256 };

/* How many items an instance of a struct sequence has, with those that its length hides: its last
 * named member says so (Objects/structseq.c: initialize_members). */
static uint64_t struct_sequence_items(struct decode *decode, const struct type *type,
                                      uint64_t visible) {
    const struct layout *layout = decode->layout;
    const uint8_t *body = image_pin(decode->image, type->address, layout->type.size);
    uint64_t member = body ? field_pointer(body, layout->type.tp_members) : 0;
    uint64_t items = visible;
    for (unsigned i = 0; member && i < MAX_MEMBERS; i++, member += layout->member_def.size) {
        const uint8_t *definition = image_pin(decode->image, member, layout->member_def.size);
        if (!definition || !field_pointer(definition, layout->member_def.name))
            break;
        uint64_t offset = field_unsigned(definition, layout->member_def.offset);
        uint64_t index = (offset - layout->tuple.ob_item.offset) / 8;
        if (index < MAX_MEMBERS && index >= items)
            items = index + 1;
    }
    return items;
}

static inline uint64_t item_count(struct decode *decode, const struct object *object) {
    uint64_t count = object_item_count(decode, object);
    const struct type *type = object->type;
    if (__builtin_expect(type != type->decoded_as && !type->python_class, 0))
        return struct_sequence_items(decode, type, count);
    return count;
}

/* The tuples of deep-frozen code are part of the executable's data, initialised there with a refcount
 * that nothing reaches (CPython 3.11, Tools/scripts/deepfreeze.py). */
enum { DEEP_FROZEN_REFCOUNT = 999999999 / 2 };

static bool is_deep_frozen(const struct decode *decode, const struct object *object) {
    return !decode->layout->trait.immortal_bit &&
           field_unsigned(object->body, decode->layout->object.ob_refcnt) > DEEP_FROZEN_REFCOUNT;
}

/* Initialised with the tuple, and so not counted, are references to other objects in that data. */
static void deep_frozen_references(struct decode *decode, const struct object *object) {
    uint32_t first = decode->layout->tuple.ob_item.offset;
    uint64_t count = object_item_count(decode, object);
    for (uint64_t i = 0; i < count && first + i * 8 + 8 <= object->available; i++) {
        uint64_t target = load_u64(object->body + first + i * 8);
        bool is_data = image_module_at(decode->image, target);
        reference_add(decode, target,
                      is_data ? REFERENCE_RETAINS | REFERENCE_TRAVERSED : REFERENCE_STRONG,
                      LABEL_ITEM, i);
    }
}

static void tuple_references(struct decode *decode, const struct object *object) {
    if (__builtin_expect(is_deep_frozen(decode, object), 0)) {
        deep_frozen_references(decode, object);
        return;
    }
    reference_array(decode, object->address + decode->layout->tuple.ob_item.offset,
                    item_count(decode, object), REFERENCE_STRONG, "tuple");
}

static void tuple_measure(struct decode *decode, const struct object *object,
                          struct measure *measure) {
    const struct type *type = object->type;
    if (type != type->decoded_as && !type->python_class)
        measure->body_size = type->basicsize + item_count(decode, object) * 8;
}

static void tuple_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '(', object_item_count(decode, object), "item", ')');
}

static const struct decoder tuple_decoder = {
    .name = "tuple",
    .types = TYPES("tuple"),
    .least_size = tuple_least_size,
    .references = tuple_references,
    .measure = tuple_measure,
    .no_buffers = true,
    .preview = tuple_preview,
};

extern const struct decoder *const tuple_decoders[];
const struct decoder *const tuple_decoders[] = {&tuple_decoder, NULL};
