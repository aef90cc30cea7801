#include "introspect/heap/interpreter_blocks.h"

/* PyFloat_MAXFREELIST and PyDict_MAXFREELIST: 100 and 80 in all versions; a list may not be longer. */
enum { MAX_FREE_FLOATS = 100, MAX_FREE_KEYS = 80 };

void parked_claim(struct marking *marking, uint64_t block, struct parked *parked) {
    uint64_t place = image_place(marking->allocators.image, block);
    if (place == UINT64_MAX || !pymalloc_is_arena(marking->allocators.pymalloc, place) ||
        !pymalloc_is_block(marking->allocators.pymalloc, place) ||
        !bitmap_set(&marking->claimed, place))
        return;
    parked->count++;
    parked->bytes += pymalloc_block_size(marking->allocators.pymalloc, place);
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
    if (!layout_has(layout->interpreter.atexit_callbacks) ||
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
        claim_floats(marking, interpreters[i].address, parked);
        claim_dict_keys(marking, interpreters[i].address, parked);
        claim_unicode_ids(marking, interpreters[i].address);
        claim_atexit(marking, interpreters[i].address);
    }
}
