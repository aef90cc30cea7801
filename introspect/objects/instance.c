#include "introspect/objects/instance.h"

#include "introspect/heap/type.h"
#include "introspect/layout/type_flags.h"
#include "introspect/objects/dict.h"
#include "introspect/objects/number.h"

/* Words before an object that belong to its pre-header and GC head
 * (Include/internal/pycore_object.h: _PyObject_ManagedDictPointer, _PyObject_ValuesPointer,
 * MANAGED_WEAKREF_OFFSET). */
enum { WORDS_BEFORE = 4, VALUES_WORD = 0, WEAKREF_WORD = 0, DICT_WORD = 1 };

/* What tp_traverse makes of a reference that the generic part of it visits. */
static unsigned owned(const struct type *type) {
    return type->has_gc ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED;
}

static const uint8_t *pin_words_before(struct decode *decode, const struct object *object) {
    const uint8_t *words =
        image_pin(decode->image, object->address - WORDS_BEFORE * 8, WORDS_BEFORE * 8);
    if (!words)
        decode_damage(decode, "absent", "pre-header", object->address);
    return words;
}

static uint64_t word(const uint8_t *words, unsigned index) {
    return load_u64(words + index * 8);
}

/* ---- attribute values ------------------------------------------------------------------------ */

/* The array of values that an instance has without a dict: its PyDictValues structure. */
struct values {
    uint64_t address;  /* 0: none */
    uint64_t capacity; /* 0: as many as the class's keys have */
    bool inside;       /* part of the object */
};

static struct values find_values(struct decode *decode, const struct object *object,
                                 const uint8_t *words) {
    const struct layout *layout = decode->layout;
    const struct type *type = object->type;
    struct values none = {0};
    switch ((enum managed_dict_values)layout->trait.managed_dict_values) {
    case VALUES_POINTER:
        return (struct values){.address = word(words, VALUES_WORD)};
    case VALUES_TAGGED: {
        uint64_t tagged = word(words, DICT_WORD); /* one less than the pointer */
        return tagged & 1 ? (struct values){.address = tagged + 1} : none;
    }
    case VALUES_INLINE: {
        if (!(type->flags & layout->trait.flag_inline_values))
            return none;
        uint64_t address = object->address + type->basicsize;
        const uint8_t *head = image_pin(decode->image, address, layout->dict_values.size);
        if (!head) {
            decode_damage(decode, "absent", "inline values", address);
            return none;
        }
        if (!field_unsigned(head, layout->dict_values.valid))
            return none;
        return (struct values){address, field_unsigned(head, layout->dict_values.capacity), true};
    }
    case VALUES_NONE:
        break;
    }
    return none;
}

static void values_references(struct decode *decode, const struct type *type,
                              const struct values *values) {
    struct dict_keys keys;
    if (!type->cached_keys || !dict_keys_read(decode, type->cached_keys, &keys))
        return;
    uint64_t count = keys.count;
    if (values->inside && count > values->capacity)
        count = values->capacity;
    uint64_t first = values->address + decode->layout->dict_values.values.offset;
    const uint8_t *value = image_pin(decode->image, first, count * 8);
    if (!value) {
        if (count)
            decode_damage(decode, "absent", "instance values", first);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        reference_add(decode, load_u64(value + i * 8), REFERENCE_STRONG, LABEL_NAME,
                      dict_keys_key(&keys, i));
}

/* Values inside the object may have a dict that shows them. They are counted once: as the dict's
 * where tp_traverse visits the dict, else as the object's (PyObject_VisitManagedDict, 3.13). */
static void managed_dict_references(struct decode *decode, const struct object *object,
                                    const uint8_t *words) {
    const struct values values = find_values(decode, object, words);
    uint64_t dict = word(words, DICT_WORD);
    if (decode->layout->trait.managed_dict_values == VALUES_TAGGED && dict & 1)
        dict = 0;
    bool shown = values.inside && dict;
    bool dict_visited = !shown || decode->layout->trait.managed_dict_visited;
    if (values.address && !(shown && dict_visited))
        values_references(decode, object->type, &values);
    reference_add(decode, dict, dict_visited ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED,
                  LABEL_FIELD, field_label(".__dict__"));
}

/* ---- explicit __dict__ ----------------------------------------------------------------------- */

/* _PyObject_ComputedDictPointer (Objects/object.c): a negative offset counts from the end of the
 * items. */
static uint64_t explicit_dict(struct decode *decode, const struct object *object) {
    const struct type *type = object->type;
    int64_t offset = type->dictoffset;
    if (offset < 0) {
        uint64_t items = type->flags & TPFLAGS_LONG_SUBCLASS ? int_digit_count(decode, object)
                                                             : object_item_count(decode, object);
        if (items >> IMAGE_ADDRESS_BITS)
            return 0;
        offset += (int64_t)((type->basicsize + items * type->itemsize + 7) & ~7ull);
    }
    if (offset <= 0 || offset % 8)
        return 0;
    if ((uint64_t)offset + 8 <= object->available)
        return load_u64(object->body + offset);
    uint64_t dict = 0;
    if (!image_read_u64(decode->image, object->address + (uint64_t)offset, &dict))
        decode_damage(decode, "absent", "__dict__", object->address);
    return dict;
}

/* ---- unknown C structures -------------------------------------------------------------------- */

static bool is_slot(const struct type *type, uint64_t offset) {
    if ((int64_t)offset == type->dictoffset || (int64_t)offset == type->weaklistoffset)
        return true;
    for (uint32_t i = 0; i < type->slot_count; i++) {
        if (type->slots[i].offset == offset)
            return true;
    }
    return false;
}

static void guessed_references(struct decode *decode, const struct object *object) {
    const struct type *type = object->type;
    unsigned properties = owned(type) | REFERENCE_GUESSED;
    uint64_t known = type->decoded_as ? type->decoded_as->basicsize : decode->layout->object.size;
    uint64_t end = type->basicsize;
    if (type->itemsize % 8 == 0 && type->itemsize && !(type->flags & TPFLAGS_LONG_SUBCLASS))
        end += object_item_count(decode, object) * type->itemsize;
    if (end > object->available)
        end = object->available;
    for (uint64_t offset = (known + 7) & ~7ull; offset + 8 <= end; offset += 8) {
        uint64_t value = load_u64(object->body + offset);
        if (value && !(value & 7) && !is_slot(type, offset))
            reference_add(decode, value, properties, LABEL_OFFSET, offset);
    }
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Rounded up to words (Python/structmember.c). */
static uint64_t items_size(struct decode *decode, const struct object *object) {
    uint64_t items = object_item_count(decode, object);
    return items >> IMAGE_ADDRESS_BITS ? 0 : (items * object->type->itemsize + 7) & ~7ull;
}

void instance_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    const struct type *type = object->type;
    /* Instances of static types hold no reference to them; those of heap types do, and since 3.9
     * tp_traverse visits it. */
    if (type->heap_type)
        reference_add(decode, type->address, owned(type), LABEL_TYPE, 0);

    bool managed_dict = type->flags & layout->trait.flag_managed_dict;
    bool managed_weakref = type->flags & layout->trait.flag_managed_weakref;
    const uint8_t *words =
        managed_dict || managed_weakref ? pin_words_before(decode, object) : NULL;
    if (managed_dict) {
        if (words)
            managed_dict_references(decode, object, words);
    } else if (type->dictoffset && !type->is_type) { /* a type's decoder knows more of its dict */
        reference_add(decode, explicit_dict(decode, object), owned(type), LABEL_FIELD,
                      field_label(".__dict__"));
    }
    for (uint32_t i = 0; i < type->slot_count; i++) {
        const struct type_slot *slot = &type->slots[i];
        uint64_t offset = slot->offset + (slot->after_items ? items_size(decode, object) : 0);
        if (offset + 8 <= object->available)
            reference_add(decode, load_u64(object->body + offset), owned(type), LABEL_SLOT,
                          slot->name);
    }
    /* What a struct sequence has more than a tuple are items too. */
    if (type->unknown_body && !(type->flags & TPFLAGS_TUPLE_SUBCLASS))
        guessed_references(decode, object);

    uint64_t weakref = 0;
    if (managed_weakref && words)
        weakref = word(words, WEAKREF_WORD);
    else if (type->weaklistoffset > 0 && (uint64_t)type->weaklistoffset + 8 <= object->available)
        weakref = load_u64(object->body + type->weaklistoffset);
    reference_add(decode, weakref, REFERENCE_WEAK, LABEL_FIELD, field_label(".__weakref__"));
}

/* Bytes of inline values: header, slots, order of insertion (Include/internal/pycore_object.h:
 * _PyInlineValuesSize). */
static uint64_t inline_size(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    const uint8_t *head = image_pin(decode->image, object->address + object->type->basicsize,
                                    layout->dict_values.size);
    uint64_t capacity = head ? field_unsigned(head, layout->dict_values.capacity) : 0;
    return (capacity + 1) * 8 + ((capacity + 7) & ~7ull);
}

void instance_measure(struct decode *decode, const struct object *object, struct measure *measure) {
    const struct layout *layout = decode->layout;
    const struct type *type = object->type;
    if (type->size_overridden)
        measure->size_inexact = true;
    if (!(type->flags & layout->trait.flag_managed_dict))
        return;
    if (layout->trait.managed_dict_values == VALUES_INLINE) {
        if (type->flags & layout->trait.flag_inline_values)
            measure->body_size = type->basicsize + inline_size(decode, object);
        return;
    }
    const uint8_t *words = pin_words_before(decode, object);
    if (!words)
        return;
    struct values values = find_values(decode, object, words);
    struct dict_keys keys;
    uint64_t block, size;
    if (values.address && type->cached_keys && dict_keys_read(decode, type->cached_keys, &keys) &&
        dict_values_block(decode, values.address, keys.capacity, &block, &size))
        buffer_add(decode, block, size);
}
