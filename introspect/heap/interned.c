#include "introspect/heap/interned.h"

#include "introspect/heap/type.h"
#include "introspect/objects/dict.h"

#include <string.h>

enum { LEAST_STRINGS = 256 }; /* a Python that has started has thousands */

static bool is_dict_of_interned(struct decode *decode, uint64_t dict, uint64_t dict_type) {
    const struct layout *layout = decode->layout;
    uint64_t type = 0, used = 0;
    struct dict_items items;
    if (dict & 7 || !image_read_u64(decode->image, dict + layout->object.ob_type.offset, &type) ||
        type != dict_type ||
        !image_read_u64(decode->image, dict + layout->dict.ma_used.offset, &used) ||
        used < LEAST_STRINGS || !dict_items_read(decode, dict, &items))
        return false;
    for (uint64_t i = 0, seen = 0; i < items.count && seen < LEAST_STRINGS; i++) {
        uint64_t key, value;
        if (!dict_item(&items, i, &key, &value))
            continue;
        seen++;
        if (key != value)
            return false;
    }
    return true;
}

static uint64_t search(struct decode *decode, const struct runtime *runtime, uint64_t dict_type) {
    const struct image_module *module = image_module_at(decode->image, runtime_address(runtime));
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(decode->image, &count);
    for (size_t i = 0; module && i < count; i++) {
        uint64_t start = mappings[i].start > module->start ? mappings[i].start : module->start;
        uint64_t end = mappings[i].end < module->end ? mappings[i].end : module->end;
        for (uint64_t at = start; mappings[i].writable && at + 8 <= end; at += 8) {
            uint64_t word = 0;
            if (image_read_u64(decode->image, at, &word) && word &&
                is_dict_of_interned(decode, word, dict_type))
                return word;
        }
    }
    return 0;
}

static void add(struct interned *interned, uint64_t dict) {
    if (dict && !interned_is(interned, dict) && interned->count < MAX_INTERNED)
        interned->dicts[interned->count++] = dict;
}

struct interned interned_find(struct decode *decode, const struct runtime *runtime) {
    const struct layout *layout = decode->layout;
    struct interned interned = {.count = 0};
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    uint64_t dict = 0, builtins = 0, dict_type = 0;
    if (layout_has(layout->interpreter.interned_strings)) {
        for (size_t i = 0; i < count; i++) {
            if (image_read_u64(
                    decode->image,
                    interpreters[i].address + layout->interpreter.interned_strings.offset, &dict))
                add(&interned, dict);
        }
        return interned;
    }
    const struct image_symbol *symbol = image_find_symbol(decode->image, "interned", UINT32_MAX);
    uint64_t main = runtime_main_interpreter(runtime)->address;
    if (symbol) {
        if (image_read_u64(decode->image, symbol->address, &dict))
            add(&interned, dict);
    } else if (image_read_u64(decode->image, main + layout->interpreter.builtins.offset,
                              &builtins) &&
               image_read_u64(decode->image, builtins + layout->object.ob_type.offset,
                              &dict_type)) {
        add(&interned, search(decode, runtime, dict_type));
    }
    return interned;
}
