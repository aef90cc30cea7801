#include "introspect/objects/dict.h"

#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

enum { MAX_LOG2_SIZE = 44 }; /* no address space holds a bigger table */

/* Python's USABLE_FRACTION: 2/3 of the slots of the hash index. */
static uint64_t usable_entries(uint64_t slots) {
    return (slots << 1) / 3;
}

/* Size of the hash index and of an entry, up to 3.10 (Objects/dict-common.h, dictobject.c). */
static bool read_old_shape(const struct layout *layout, const uint8_t *header,
                           struct dict_keys *keys, uint64_t *index_bytes) {
    uint64_t slots = field_unsigned(header, layout->dict_keys.dk_size);
    if (slots >> MAX_LOG2_SIZE)
        return false;
    *index_bytes = slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8);
    keys->capacity = usable_entries(slots);
    /* str keys can't be in cycles: it does not matter that tables of them are visited less. */
    keys->general = true;
    keys->stride = 24;
    keys->key_offset = 8;
    keys->value_offset = 16;
    keys->size = layout->dict_keys.size + *index_bytes + keys->capacity * keys->stride;
    return true;
}

/* The same since 3.11. */
static bool read_shape(const struct layout *layout, const uint8_t *header, struct dict_keys *keys,
                       uint64_t *index_bytes) {
    uint64_t log2_size = field_unsigned(header, layout->dict_keys.dk_log2_size);
    uint64_t log2_index = field_unsigned(header, layout->dict_keys.dk_log2_index_bytes);
    uint64_t usable = field_unsigned(header, layout->dict_keys.dk_usable);
    if (log2_size > MAX_LOG2_SIZE || log2_index > MAX_LOG2_SIZE + 3)
        return false;
    *index_bytes = 1ull << log2_index;
    keys->general = field_unsigned(header, layout->dict_keys.dk_kind) == 0;
    keys->stride = keys->general ? 24 : 16;
    keys->key_offset = keys->general ? 8 : 0;
    keys->value_offset = keys->key_offset + 8;
    uint64_t entries = usable_entries(1ull << log2_size);
    keys->size = layout->dict_keys.size + *index_bytes + entries * keys->stride;
    keys->capacity = keys->count + usable;
    return keys->count <= entries && usable <= entries;
}

bool dict_keys_read(struct decode *decode, uint64_t address, struct dict_keys *keys) {
    const struct layout *layout = decode->layout;
    const uint8_t *header = image_pin(decode->image, address, layout->dict_keys.size);
    if (!header || !layout->dict_keys.size) {
        decode_damage(decode, "absent", "dict keys", address);
        return false;
    }
    keys->address = address;
    keys->reference_count = field_signed(header, layout->dict_keys.dk_refcnt);
    keys->count = field_unsigned(header, layout->dict_keys.dk_nentries);
    keys->cut = false;
    uint64_t index_bytes = 0;
    bool sane =
        layout_has(layout->dict_keys.dk_log2_size)
            ? read_shape(layout, header, keys, &index_bytes)
            : read_old_shape(layout, header, keys, &index_bytes) && keys->count <= keys->capacity;
    if (!sane) {
        decode_damage(decode, "length", "dict keys", address);
        return false;
    }
    uint64_t first = address + layout->dict_keys.size + index_bytes;
    keys->entries = image_pin(decode->image, first, keys->count * keys->stride);
    if (__builtin_expect(!keys->entries && keys->count, 0)) {
        size_t available = 0;
        keys->entries =
            image_pin_some(decode->image, first, keys->count * keys->stride, &available);
        keys->count = keys->entries ? available / keys->stride : 0;
        keys->cut = true;
        decode_damage(decode, "absent", "dict entries", first + available);
    }
    return true;
}

void dict_keys_references(struct decode *decode, const struct dict_keys *keys) {
    unsigned properties = keys->general ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED;
    for (uint64_t i = 0; i < keys->count; i++)
        reference_add(decode, dict_keys_key(keys, i), properties, LABEL_DICT_KEY, i);
}

/* The values of a split table, in the order of its keys; NULL, with damage, if they are not there.
 */
static const uint8_t *pin_values(struct decode *decode, uint64_t values, uint64_t count) {
    uint64_t first = values + decode->layout->dict_values.values.offset;
    const uint8_t *bytes = image_pin(decode->image, first, count * 8);
    if (!bytes && count)
        decode_damage(decode, "absent", "dict values", first);
    return bytes;
}

bool dict_items_read(struct decode *decode, uint64_t dict, struct dict_items *items) {
    const struct layout *layout = decode->layout;
    const uint8_t *body = image_pin(decode->image, dict, layout->dict.size);
    if (!body || !layout->dict.size ||
        !dict_keys_read(decode, field_pointer(body, layout->dict.ma_keys), &items->keys))
        return false;
    uint64_t values = field_pointer(body, layout->dict.ma_values);
    items->count = items->keys.count;
    items->values = values ? pin_values(decode, values, items->count) : NULL;
    return !values || items->values || !items->count;
}

uint64_t dict_find(struct decode *decode, uint64_t dict, const char *key) {
    struct dict_items items;
    if (!dict || !dict_items_read(decode, dict, &items))
        return 0;
    for (uint64_t i = 0; i < items.count; i++) {
        uint64_t name, value;
        if (dict_item(&items, i, &name, &value) &&
            str_equals(decode->image, decode->layout, name, key))
            return value;
    }
    return 0;
}

bool dict_values_block(struct decode *decode, uint64_t values, uint64_t capacity, uint64_t *block,
                       uint64_t *size) {
    const struct layout *layout = decode->layout;
    if (layout_has(layout->dict_values.embedded)) { /* Include/internal/pycore_dict.h, 3.13 */
        const uint8_t *head = image_pin(decode->image, values, layout->dict_values.size);
        if (!head || field_unsigned(head, layout->dict_values.embedded))
            return false;
        uint64_t slots = field_unsigned(head, layout->dict_values.capacity);
        *block = values;
        *size = (slots + 1) * 8 + ((slots + 7) & ~7ull);
        return true;
    }
    uint64_t prefix = 0;
    if (!layout_has(layout->dict_values.values) && !capacity)
        return false;                             /* empty_values, a static array */
    if (layout_has(layout->dict_values.values)) { /* Objects/dictobject.c: new_values, 3.11 */
        const uint8_t *last = image_pin(decode->image, values - 1, 1);
        if (!last || !*last || *last % 8)
            return false;
        prefix = *last;
    }
    /* Keys lose capacity with each instance that is made; the prefix remembers a bit of what they
     * had: it has room for a byte a value and two more, rounded up to 8. */
    if (prefix > 9 && capacity < prefix - 9)
        capacity = prefix - 9;
    *block = values - prefix;
    *size = prefix + capacity * 8;
    return true;
}

/* ---- the decoder ----------------------------------------------------------------------------- */

static uint32_t dict_least_size(const struct layout *layout) {
    return layout->dict.size;
}

static void combined_references(struct decode *decode, const struct dict_keys *keys) {
    unsigned properties = keys->general ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED;
    if (!keys->count)
        return; /* there may be no entries to point to */
    const uint8_t *entry = keys->entries + keys->key_offset;
    for (uint64_t i = 0; i < keys->count; i++, entry += keys->stride) {
        uint64_t key = load_u64(entry), value = load_u64(entry + 8);
        if (!value)
            continue;
        reference_add(decode, key, properties, LABEL_DICT_KEY, i);
        reference_add(decode, value, REFERENCE_STRONG, LABEL_KEY, key);
    }
}

/* Values that lie inside an instance are references of the instance, or of the dict, but counted
 * once: instance.c says the same (3.13+). */
static bool values_embedded(struct decode *decode, uint64_t values) {
    const struct layout *layout = decode->layout;
    if (!layout_has(layout->dict_values.embedded))
        return false;
    const uint8_t *head = image_pin(decode->image, values, layout->dict_values.size);
    return head && field_unsigned(head, layout->dict_values.embedded);
}

static void split_references(struct decode *decode, const struct dict_keys *keys, uint64_t values) {
    if (keys->reference_count == 1) /* no class has them any more */
        dict_keys_references(decode, keys);
    if (!decode->layout->trait.managed_dict_visited && values_embedded(decode, values))
        return;
    const uint8_t *value = pin_values(decode, values, keys->count);
    for (uint64_t i = 0; value && i < keys->count; i++)
        reference_add(decode, load_u64(value + i * 8), REFERENCE_STRONG, LABEL_KEY,
                      dict_keys_key(keys, i));
}

void dict_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t values = field_pointer(object->body, layout->dict.ma_values);
    struct dict_keys keys;
    if (!dict_keys_read(decode, field_pointer(object->body, layout->dict.ma_keys), &keys))
        return;
    if (values)
        split_references(decode, &keys, values);
    else
        combined_references(decode, &keys);
}

/* _PyDict_SizeOf (Objects/dictobject.c). Shared keys are the class's; the table of all empty dicts
 * is static and has a reference of its own. */
void dict_measure(struct decode *decode, const struct object *object, struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t values = field_pointer(object->body, layout->dict.ma_values);
    struct dict_keys keys;
    measure->size = object->type->basicsize;
    if (!dict_keys_read(decode, field_pointer(object->body, layout->dict.ma_keys), &keys))
        return;
    if (keys.reference_count == 1) {
        measure->size += keys.size;
        buffer_add(decode, keys.address, keys.size);
    }
    uint64_t block, size;
    if (values) {
        measure->size += keys.capacity * 8;
        if (dict_values_block(decode, values, keys.capacity, &block, &size))
            buffer_add(decode, block, size);
    }
}

static void dict_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '{', field_unsigned(object->body, decode->layout->dict.ma_used), "item",
                  '}');
}

static uint32_t dict_prefetch(const struct layout *layout, uint32_t offsets[2]) {
    offsets[0] = layout->dict.ma_keys.offset;
    return 1;
}

static const struct decoder dict_decoder = {
    .name = "dict",
    .types = TYPES("dict", "frozendict"),
    .least_size = dict_least_size,
    .references = dict_references,
    .measure = dict_measure,
    .preview = dict_preview,
    .prefetch = dict_prefetch,
};

extern const struct decoder *const dict_decoders[];
const struct decoder *const dict_decoders[] = {&dict_decoder, NULL};
