#include "introspect/layout/live.h"

#include "base/cleanup.h"

enum {
    MOST_LOG2_SIZE = 40,
    MOST_ENTRIES = 1 << 14, /* that are looked through for a key */
    MOST_HEADER = 256,
    MOST_TEXT = 64,
};

bool live_read(const struct live *live, uint64_t address, void *to, size_t size) {
    return address && live->read(live->context, address, to, size);
}

uint64_t live_word(const struct live *live, uint64_t address) {
    uint64_t word = 0;
    return !(address & 3) && live_read(live, address, &word, sizeof word) ? word : 0;
}

uint64_t live_field(const struct live *live, uint64_t structure, struct field field) {
    uint8_t bytes[8] = {0};
    if (!structure || !field.size || field.size > sizeof bytes ||
        !live_read(live, structure + field.offset, bytes, field.size))
        return 0;
    field.offset = 0;
    return field_unsigned(bytes, field);
}

bool live_is(const struct live *live, uint64_t object, enum live_type type) {
    return object && !(object & 7) && live->types[type] &&
           live_field(live, object, live->layout->object.ob_type) == live->types[type];
}

bool live_is_object(const struct live *live, uint64_t object) {
    uint64_t type = object & 7 ? 0 : live_field(live, object, live->layout->object.ob_type);
    for (int depth = 0; type && !(type & 7) && depth < 4; depth++) { /* metaclasses */
        if (type == live->types[LIVE_TYPE])
            return true;
        type = live_field(live, type, live->layout->object.ob_type);
    }
    return false;
}

bool live_is_c_string(const struct live *live, uint64_t address, const char *text) {
    char bytes[MOST_TEXT];
    size_t size = strlen(text) + 1;
    return size <= sizeof bytes && live_read(live, address, bytes, size) &&
           !memcmp(bytes, text, size);
}

bool live_is_text(const struct live *live, uint64_t object, const char *text) {
    const struct layout *layout = live->layout;
    uint8_t header[MOST_HEADER];
    if (layout->ascii.size > sizeof header || !live_is(live, object, LIVE_STR) ||
        !live_read(live, object, header, layout->ascii.size))
        return false;
    return field_unsigned(header, layout->ascii.length) == strlen(text) &&
           field_unsigned(header, layout->ascii.compact) &&
           field_unsigned(header, layout->ascii.ascii) &&
           live_is_c_string(live, object + layout->ascii.size, text);
}

/* ---- dicts ----------------------------------------------------------------------------------- */

struct entries {
    uint64_t address, count;
    uint32_t stride, key; /* where an entry has its key; the value is behind it */
};

/* Objects/dict-common.h up to 3.10, Include/internal/pycore_dict.h from 3.11 on. */
static bool find_entries(const struct live *live, uint64_t dict, struct entries *entries) {
    const struct layout *layout = live->layout;
    uint8_t header[MOST_HEADER];
    uint64_t keys = live_field(live, dict, layout->dict.ma_keys), index;
    uint32_t size = layout->dict_keys.size;
    if (!size || size > sizeof header || live_field(live, dict, layout->dict.ma_values) ||
        !live_read(live, keys, header, size))
        return false;
    if (layout_has(layout->dict_keys.dk_log2_size)) {
        uint64_t log2_index = field_unsigned(header, layout->dict_keys.dk_log2_index_bytes);
        if (field_unsigned(header, layout->dict_keys.dk_log2_size) > MOST_LOG2_SIZE ||
            log2_index > MOST_LOG2_SIZE + 3)
            return false;
        index = (uint64_t)1 << log2_index;
        entries->key = field_unsigned(header, layout->dict_keys.dk_kind) ? 0 : 8;
    } else {
        uint64_t slots = field_unsigned(header, layout->dict_keys.dk_size);
        if (slots >> MOST_LOG2_SIZE)
            return false;
        index = slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8);
        entries->key = 8;
    }
    entries->stride = entries->key + 16;
    entries->address = keys + size + index;
    entries->count = field_unsigned(header, layout->dict_keys.dk_nentries);
    return true;
}

size_t live_dict_items(const struct live *live, uint64_t dict, struct live_item *items,
                       size_t most) {
    struct entries entries;
    if (!live_is(live, dict, LIVE_DICT) || !find_entries(live, dict, &entries))
        return 0;
    uint64_t count = entries.count < most ? entries.count : most;
    _cleanup_(cleanup_free) uint8_t *bytes = malloc(count * entries.stride + 1);
    if (!bytes || !live_read(live, entries.address, bytes, count * entries.stride))
        return 0;
    size_t found = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *entry = bytes + i * entries.stride + entries.key;
        if (load_u64(entry) && load_u64(entry + 8)) /* not deleted */
            items[found++] = (struct live_item){load_u64(entry), load_u64(entry + 8)};
    }
    return found;
}

uint64_t live_dict_get(const struct live *live, uint64_t dict, const char *key) {
    if (!live_is(live, dict, LIVE_DICT))
        return 0;
    _cleanup_(cleanup_free) struct live_item *items = malloc(MOST_ENTRIES * sizeof *items);
    size_t count = items ? live_dict_items(live, dict, items, MOST_ENTRIES) : 0;
    for (size_t i = 0; i < count; i++) {
        if (live_is_text(live, items[i].key, key))
            return items[i].value;
    }
    return 0;
}
