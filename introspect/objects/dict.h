/* Reading dicts and their tables of keys, also those that classes and instances have without one.
 *
 * A PyDictKeysObject is one block: header, hash index, entries (Include/internal/pycore_dict.h). In
 * a combined table the entries hold the values; in a split one the values are an array elsewhere,
 * and the keys are shared by a class, its instances and their dicts. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_DICT_H
#define HEAPGLASS_INTROSPECT_OBJECTS_DICT_H

#include "introspect/objects/decoder.h"

struct dict_keys {
    uint64_t address, size; /* the whole block */
    int64_t reference_count;
    uint64_t capacity; /* entries that a split table's values have room for */
    uint64_t count;    /* entries in use or deleted, that are there */
    bool cut;          /* there should be more entries, but their bytes are missing */
    bool general;      /* keys of any type, which tp_traverse visits; else all are str */
    const uint8_t *entries;
    uint32_t stride, key_offset, value_offset; /* in an entry, in bytes */
};

/* False, with damage, if there is no such table at the address. */
bool dict_keys_read(struct decode *decode, uint64_t address, struct dict_keys *keys);

/* The key or value of entry `index` < count; 0 if deleted. */
static inline uint64_t dict_keys_key(const struct dict_keys *keys, uint64_t index) {
    return load_u64(keys->entries + index * keys->stride + keys->key_offset);
}

static inline uint64_t dict_keys_value(const struct dict_keys *keys, uint64_t index) {
    return load_u64(keys->entries + index * keys->stride + keys->value_offset);
}

/* References to the keys themselves: by whoever owns the table. */
void dict_keys_references(struct decode *decode, const struct dict_keys *keys);

/* A dict's items, of either kind of table. */
struct dict_items {
    struct dict_keys keys;
    const uint8_t *values; /* NULL: in the entries */
    uint64_t count;        /* of positions, used or not */
};

bool dict_items_read(struct decode *decode, uint64_t dict, struct dict_items *items);

/* Fills in key and value of a position below count; false if nothing is there. */
static inline bool dict_item(const struct dict_items *items, uint64_t position, uint64_t *key,
                             uint64_t *value) {
    *key = dict_keys_key(&items->keys, position);
    *value = items->values ? load_u64(items->values + position * 8)
                           : dict_keys_value(&items->keys, position);
    return *key && *value;
}

/* The value of an ASCII key; 0 if there is none. Linear: for types and modules, not for data. */
uint64_t dict_find(struct decode *decode, uint64_t dict, const char *key);

/* The block of an array of attribute values (PyDictValues) at `values`, for keys with `capacity`
 * entries: up to 3.10 it begins there, in 3.11 and 3.12 it has a prefix, later a suffix. False if
 * its bytes make no sense or if it lies inside the object that it belongs to (3.13+). */
bool dict_values_block(struct decode *decode, uint64_t values, uint64_t capacity, uint64_t *block,
                       uint64_t *size);

/* What subclasses of dict in C (OrderedDict, defaultdict, ...) begin with. */
void dict_references(struct decode *decode, const struct object *object);
void dict_measure(struct decode *decode, const struct object *object, struct measure *measure);

#endif
