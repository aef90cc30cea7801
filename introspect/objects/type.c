#include "introspect/heap/type.h"

#include "introspect/layout/type_flags.h"
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/type_object.h"

enum { MAX_DOC = 1 << 20, MAX_INTERPRETERS = 64 };

STRUCTURE_SIZE(type);

static bool is_heap_type(const struct decode *decode, const struct object *object) {
    return object_unsigned(object, decode->layout->type.tp_flags) & TPFLAGS_HEAPTYPE &&
           object->available >= decode->layout->heap_type.size;
}

/* ---- references ------------------------------------------------------------------------------ */

/* Static types since 3.12: each interpreter has the dict, subclasses and weak references of each,
 * at an index that tp_subclasses holds, plus one, in an array for its own types and another for
 * those of extension modules (Objects/typeobject.c: _PyStaticType_GetState). */
static void static_state_references(struct decode *decode, const struct object *object,
                                    struct field states) {
    const struct layout *layout = decode->layout;
    uint64_t index = object_unsigned(object, layout->type.tp_subclasses) - 1;
    uint64_t stride = layout->static_type_state.size;
    if (!layout_has(states) || !stride || index >> 16)
        return;
    for (size_t i = 0; i < decode->interpreter_count && i < MAX_INTERPRETERS; i++) {
        uint64_t address = decode->interpreters[i] + states.offset + index * stride;
        const uint8_t *state = image_pin(decode->image, address, stride);
        if (!state || field_pointer(state, layout->static_type_state.type) != object->address)
            continue;
        reference_add(decode, field_pointer(state, layout->static_type_state.tp_dict),
                      REFERENCE_UNTRAVERSED, LABEL_FIELD, field_label(".__dict__"));
        reference_add(decode, field_pointer(state, layout->static_type_state.tp_subclasses),
                      REFERENCE_UNTRAVERSED, LABEL_FIELD, field_label("->tp_subclasses"));
        reference_add(decode, field_pointer(state, layout->static_type_state.tp_weaklist),
                      REFERENCE_WEAK, LABEL_FIELD, field_label(".__weakref__"));
    }
}

/* The table of the names of its instances' attributes. */
static void cached_keys_references(struct decode *decode, const struct object *object) {
    uint64_t address = object_pointer(object, decode->layout->heap_type.ht_cached_keys);
    struct dict_keys keys;
    if (address && dict_keys_read(decode, address, &keys))
        dict_keys_references(decode, &keys);
}

/* type_traverse (Objects/typeobject.c) is for heap types only: others are not of the GC. Static
 * types do not count their base. */
void type_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    bool heap_type = is_heap_type(decode, object);
    unsigned visited = heap_type ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED;
    uint64_t flags = object_unsigned(object, layout->type.tp_flags);

    reference_field(decode, object, layout->type.tp_mro, visited, ".__mro__");
    reference_field(decode, object, layout->type.tp_bases, visited, ".__bases__");
    reference_field(decode, object, layout->type.tp_base, heap_type ? visited : REFERENCE_RETAINS,
                    ".__base__");
    reference_field(decode, object, layout->type.tp_cache, visited, "->tp_cache");
    if (!heap_type && flags & layout->trait.flag_static_builtin) {
        static_state_references(decode, object, layout->interpreter.static_builtins);
        static_state_references(decode, object, layout->interpreter.static_extension_types);
        return;
    }
    reference_field(decode, object, layout->type.tp_dict, visited, ".__dict__");
    reference_field(decode, object, layout->type.tp_subclasses, REFERENCE_UNTRAVERSED,
                    "->tp_subclasses");
    if (!heap_type)
        return;
    reference_field(decode, object, layout->heap_type.ht_name, REFERENCE_UNTRAVERSED, ".__name__");
    reference_field(decode, object, layout->heap_type.ht_qualname, REFERENCE_UNTRAVERSED,
                    ".__qualname__");
    reference_field(decode, object, layout->heap_type.ht_slots, REFERENCE_UNTRAVERSED,
                    ".__slots__");
    reference_field(decode, object, layout->heap_type.ht_module, REFERENCE_STRONG, "->ht_module");
    cached_keys_references(decode, object);
}

/* ---- size ------------------------------------------------------------------------------------ */

/* A C string in a block of its own. */
static void add_string(struct decode *decode, uint64_t address) {
    size_t available = 0;
    const char *text = address ? image_pin_some(decode->image, address, MAX_DOC, &available) : NULL;
    const char *end = text ? memchr(text, '\0', available) : NULL;
    if (end)
        buffer_add(decode, address, (uint64_t)(end - text) + 1);
    else if (address)
        decode_damage(decode, "absent", "type name", address);
}

/* Struct sequences are static types whose PyMemberDefs are made when they are set up
 * (Objects/structseq.c: initialize_members); other static types' are static as well. */
enum { MAX_MEMBERS = 4096 };

static void add_made_members(struct decode *decode, uint64_t members) {
    uint32_t size = decode->layout->member_def.size;
    if (!members || !size || image_module_at(decode->image, members))
        return;
    for (uint64_t count = 1; count <= MAX_MEMBERS; count++) {
        const void *last = image_pin(decode->image, members + (count - 1) * size, size);
        if (!last)
            return;
        if (!field_pointer(last, decode->layout->member_def.name)) {
            buffer_add(decode, members, count * size);
            return;
        }
    }
}

/* type.__sizeof__: the members behind a heap type (its __slots__) are not counted. Their block has
 * room for one more than there are (Objects/typeobject.c: PyType_GenericAlloc). */
void type_measure(struct decode *decode, const struct object *object, struct measure *measure) {
    const struct layout *layout = decode->layout;
    if (!is_heap_type(decode, object)) {
        measure->size = measure->body_size = layout->type.size;
        add_made_members(decode, object_pointer(object, layout->type.tp_members));
        return;
    }
    const struct type *metatype = object->type;
    uint64_t members = object_item_count(decode, object);
    measure->size = layout->heap_type.size;
    measure->body_size = metatype->basicsize;
    if (members >> 16 == 0)
        measure->body_size += metatype->itemsize * (members + 1);
    uint64_t address = object_pointer(object, layout->heap_type.ht_cached_keys);
    struct dict_keys keys;
    if (address && dict_keys_read(decode, address, &keys)) {
        measure->size += keys.size;
        buffer_add(decode, keys.address, keys.size);
    }
    add_string(decode, object_pointer(object, layout->type.tp_doc));
    add_string(decode, object_pointer(object, layout->heap_type.ht_tpname));
}

static void type_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    const struct type *type = type_table_get(decode->types, object->address);
    if (type)
        strbuf_puts(out, type->name);
}

static const struct decoder type_decoder = {
    .name = "type",
    .types = TYPES("type"),
    .least_size = type_least_size,
    .bigger_types = true,
    .references = type_references,
    .measure = type_measure,
    .preview = type_preview,
};

/* ---- super, and what makes buffers of Python methods ----------------------------------------- */

FIELDS_DECODER(super, TYPES("super"), OWNS(super, type, REFERENCE_STRONG, ".__thisclass__"),
               OWNS(super, obj, REFERENCE_STRONG, ".__self__"),
               OWNS(super, obj_type, REFERENCE_STRONG, ".__self_class__"));

FIELDS_DECODER(buffer_wrapper, TYPES("_buffer_wrapper"),
               OWNS(buffer_wrapper, mv, REFERENCE_STRONG, "->mv"),
               OWNS(buffer_wrapper, obj, REFERENCE_STRONG, "->obj"));

extern const struct decoder *const type_decoders[];
const struct decoder *const type_decoders[] = {&type_decoder, &super_decoder,
                                               &buffer_wrapper_decoder, NULL};
