/* Looks at objects of a process that is running: before it is stopped nobody else can. What it shows
 * may change between two reads, so that a "no" means little until it was asked again. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_LIVE_H
#define HEAPGLASS_INTROSPECT_LAYOUT_LIVE_H

#include "introspect/layout/provider.h"

/* Types whose objects are the same in every release of a minor version, by their exported names. */
enum live_type {
    LIVE_TYPE,
    LIVE_OBJECT,
    LIVE_DICT,
    LIVE_STR,
    LIVE_LIST,
    LIVE_TUPLE,
    LIVE_MODULE,
    LIVE_CODE,
    LIVE_C_FUNCTION,
    LIVE_CONTEXT,
    LIVE_TYPES
};

struct live {
    layout_read *read;
    void *context;
    const struct layout *layout;
    uint64_t types[LIVE_TYPES]; /* their addresses in the process; 0: not exported */
};

bool live_read(const struct live *live, uint64_t address, void *to, size_t size);

/* A word, or a field of the structure at an address; 0 if it is not there. */
uint64_t live_word(const struct live *live, uint64_t address);
uint64_t live_field(const struct live *live, uint64_t structure, struct field field);

/* Is it an object of exactly that type? Of a type that is a type itself? */
bool live_is(const struct live *live, uint64_t object, enum live_type type);
bool live_is_object(const struct live *live, uint64_t object);

/* Is it a str of these ASCII characters? */
bool live_is_text(const struct live *live, uint64_t object, const char *text);

/* Is there a C string of these characters? */
bool live_is_c_string(const struct live *live, uint64_t address, const char *text);

struct live_item {
    uint64_t key, value;
};

/* The first items of a dict whose values are its own (not those of an instance), `most` of them at most. */
size_t live_dict_items(const struct live *live, uint64_t dict, struct live_item *items,
                       size_t most);

/* The value of a str key; 0 if there is none, or no dict. */
uint64_t live_dict_get(const struct live *live, uint64_t dict, const char *key);

#endif
