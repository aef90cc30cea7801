#include "introspect/heap/interpreter_blocks.h"

/* PyFloat_MAXFREELIST and PyDict_MAXFREELIST: 100 and 80 in all versions; the longest is that of tuples
 * of one size (PyTuple_MAXFREELIST). A list may not be longer. */
enum { MAX_FREE_FLOATS = 100, MAX_FREE_KEYS = 80, MAX_FREE = 2000 };

void parked_claim(struct marking *marking, uint64_t block, struct parked *parked) {
    uint64_t place = image_place(marking->allocators.image, block);
    if (place == UINT64_MAX)
        return;
    if (!pymalloc_is_arena(marking->allocators.pymalloc, place)) {
        bitmap_set(&marking->claimed, place);
        return;
    }
    if (!pymalloc_is_block(marking->allocators.pymalloc, place) ||
        !bitmap_set(&marking->claimed, place))
        return;
    parked->count++;
    parked->bytes += pymalloc_block_size(marking->allocators.pymalloc, place);
}

/* Include/internal/pycore_freelist.h (3.14+): all lists alike, linked through the first word, which of
 * objects is the refcount. Their types are still there. */
static void claim_free_list(struct marking *marking, uint64_t at, struct parked *parked) {
    const struct layout *layout = marking->allocators.layout;
    const struct image *image = marking->allocators.image;
    uint64_t next = 0, type_address = 0;
    for (int i = 0; at && i < MAX_FREE && image_read_u64(image, at, &next); i++, at = next) {
        const struct type *type =
            image_read_u64(image, at + layout->object.ob_type.offset, &type_address)
                ? type_table_find(marking->types, type_address)
                : NULL;
        uint64_t before = type && type->has_gc ? layout->trait.header_before_gc : 0;
        parked_claim(marking, at - before - marking->allocators.fence, parked);
    }
}

static void claim_free_lists(struct marking *marking, uint64_t interpreter, struct parked *parked) {
    const struct layout *layout = marking->allocators.layout;
    struct field lists = layout->interpreter.free_lists;
    uint32_t stride = layout->free_list.size;
    uint64_t first = 0;
    if (!layout_has(layout->free_list.first))
        return;
    for (uint32_t at = 0; at + stride <= lists.size; at += stride) {
        if (image_read_u64(marking->allocators.image,
                           interpreter + lists.offset + at + layout->free_list.first.offset,
                           &first))
            claim_free_list(marking, first, parked);
    }
}

/* Objects/floatobject.c: float_dealloc links through ob_type. */
static void claim_floats(struct marking *marking, uint64_t interpreter, struct parked *parked) {
    const struct layout *layout = marking->allocators.layout;
    uint64_t at = 0;
    if (!layout_has(layout->interpreter.free_floats) ||
        !image_read_u64(marking->allocators.image,
                        interpreter + layout->interpreter.free_floats.offset, &at))
        return;
    for (int i = 0; at && i < MAX_FREE_FLOATS; i++) {
        parked_claim(marking, at - marking->allocators.fence, parked);
        if (!image_read_u64(marking->allocators.image, at + layout->object.ob_type.offset, &at))
            break;
    }
}

/* Objects/dictobject.c: free_keys_object. */
static void claim_dict_keys(struct marking *marking, uint64_t interpreter, struct parked *parked) {
    const struct layout *layout = marking->allocators.layout;
    uint32_t count = 0;
    if (!layout_has(layout->interpreter.free_dict_keys) ||
        !image_read(marking->allocators.image,
                    interpreter + layout->interpreter.free_dict_keys_count.offset, &count,
                    sizeof count))
        return;
    for (uint32_t i = 0; i < count && i < MAX_FREE_KEYS; i++) {
        uint64_t keys = 0;
        if (image_read_u64(marking->allocators.image,
                           interpreter + layout->interpreter.free_dict_keys.offset + i * 8, &keys))
            parked_claim(marking, keys - marking->allocators.fence, parked);
    }
}

static void claim(struct marking *marking, uint64_t block) {
    uint64_t place = image_place(marking->allocators.image, block - marking->allocators.fence);
    if (block && place != UINT64_MAX)
        bitmap_set(&marking->claimed, place);
}

/* Objects/unicodeobject.c: the cache of _PyUnicode_FromId, an array of its own. */
static void claim_unicode_ids(struct marking *marking, uint64_t interpreter) {
    struct field field = marking->allocators.layout->interpreter.unicode_ids;
    uint64_t array = 0;
    if (!layout_has(field) ||
        !image_read_u64(marking->allocators.image, interpreter + field.offset, &array))
        return;
    claim(marking, array);
}

/* Modules/atexitmodule.c: an array of pointers, each to a block of its own. */
static void claim_atexit(struct marking *marking, uint64_t interpreter) {
    const struct layout *layout = marking->allocators.layout;
    uint64_t array = 0, callback = 0;
    uint32_t count = 0;
    if (!layout_has(layout->interpreter.atexit_count) ||
        !image_read_u64(marking->allocators.image,
                        interpreter + layout->interpreter.atexit_callbacks.offset, &array) ||
        !image_read(marking->allocators.image,
                    interpreter + layout->interpreter.atexit_count.offset, &count, sizeof count))
        return;
    claim(marking, array);
    for (uint32_t i = 0;
         i < count && image_read_u64(marking->allocators.image, array + i * 8ull, &callback); i++)
        claim(marking, callback);
}

void interpreter_blocks_claim(struct marking *marking, const struct runtime *runtime,
                              struct parked *parked) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        claim_free_lists(marking, interpreters[i].address, parked);
        claim_floats(marking, interpreters[i].address, parked);
        claim_dict_keys(marking, interpreters[i].address, parked);
        claim_unicode_ids(marking, interpreters[i].address);
        claim_atexit(marking, interpreters[i].address);
    }
}
