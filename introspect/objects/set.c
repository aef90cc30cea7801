#include "introspect/objects/fields.h"

STRUCTURE_SIZE(set);

/* Entries of the hash table, mask + 1 of them; false if that makes no sense. */
static bool table_size(struct decode *decode, const struct object *object, uint64_t *count) {
    uint64_t mask = field_unsigned(object->body, decode->layout->set.mask);
    *count = mask + 1;
    if ((mask & *count) == 0 && mask >> IMAGE_ADDRESS_BITS == 0)
        return true;
    decode_damage(decode, "length", "set", object->address);
    return false;
}

/* A deleted entry holds a dummy object that nobody counts, with the hash -1 that none else can have
 * (Objects/setobject.c: set_discard_entry). */
static void add_members(struct decode *decode, const uint8_t *entries, uint64_t count,
                        uint64_t first) {
    const struct layout *layout = decode->layout;
    size_t stride = layout->set_entry.size;
    for (uint64_t i = 0; i < count; i++, entries += stride) {
        uint64_t key = field_pointer(entries, layout->set_entry.key);
        if (key && field_signed(entries, layout->set_entry.hash) != -1)
            reference_add(decode, key, REFERENCE_STRONG, LABEL_MEMBER, first + i);
    }
}

static void set_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t table = field_pointer(object->body, layout->set.table);
    uint64_t stride = layout->set_entry.size, count;
    if (!table || !stride || !table_size(decode, object, &count))
        return;
    const uint8_t *entries = image_pin(decode->image, table, count * stride);
    if (__builtin_expect(entries != NULL, 1)) {
        add_members(decode, entries, count, 0);
        return;
    }
    size_t available = 0;
    entries = image_pin_some(decode->image, table, count * stride, &available);
    decode_damage(decode, "absent", "set", table + available);
    if (entries)
        add_members(decode, entries, available / stride, 0);
}

/* set.__sizeof__: small tables lie inside the object. */
static void set_measure(struct decode *decode, const struct object *object,
                        struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t table = field_pointer(object->body, layout->set.table), count;
    if (table == object->address + layout->set.smalltable.offset || !table ||
        !table_size(decode, object, &count))
        return;
    measure->size += buffer_add_array(decode, table, count, layout->set_entry.size, "set");
}

static void set_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '{', field_unsigned(object->body, decode->layout->set.used), "member", '}');
}

static uint32_t set_prefetch(const struct layout *layout, uint32_t offsets[2]) {
    offsets[0] = layout->set.table.offset;
    return 1;
}

static const struct decoder set_decoder = {
    .name = "set",
    .types = TYPES("set", "frozenset"),
    .least_size = set_least_size,
    .references = set_references,
    .measure = set_measure,
    .preview = set_preview,
    .prefetch = set_prefetch,
};

extern const struct decoder *const set_decoders[];
const struct decoder *const set_decoders[] = {&set_decoder, NULL};
