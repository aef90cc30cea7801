#include "introspect/heap/interpreter_blocks.h"

/* PyFloat_MAXFREELIST and PyDict_MAXFREELIST: 100 and 80 in all versions; the longest is that of tuples
 * of one size (PyTuple_MAXFREELIST). A list may not be longer. */
enum {
    MAX_FREE_FLOATS = 100,
    MAX_FREE_KEYS = 80,
    MAX_FREE = 2000,
    MAX_DFAS = 1024,
    MAX_STATES = 1 << 16,
};

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

static bool is_block_of(const struct marking *marking, uint64_t block, uint64_t size) {
    uint64_t place = image_place(marking->allocators.image, block);
    return place != UINT64_MAX && pymalloc_is_arena(marking->allocators.pymalloc, place) &&
           pymalloc_is_block(marking->allocators.pymalloc, place) &&
           pymalloc_block_size(marking->allocators.pymalloc, place) == ((size + 15) & ~15ull);
}

/* The first float of the list. Up to 3.9 it is one of the variables `free_list`, the one that leads to a
 * block of a float's size: the others' are bigger, or arrays. 0: there is none. */
static uint64_t first_free_float(const struct marking *marking, uint64_t interpreter) {
    const struct image *image = marking->allocators.image;
    const struct layout *layout = marking->allocators.layout;
    uint64_t first = 0;
    if (layout_has(layout->interpreter.free_floats))
        return image_read_u64(image, interpreter + layout->interpreter.free_floats.offset, &first)
                   ? first
                   : 0;
    size_t count = 0;
    const struct image_symbol *symbols = image_symbols(image, &count);
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(symbols[i].name, "free_list") && symbols[i].size == 8 &&
            image_read_u64(image, symbols[i].address, &first) && first &&
            is_block_of(marking, first - marking->allocators.fence,
                        layout->float_object.size + marking->allocators.fence * 3 / 2))
            return first;
    }
    return 0;
}

/* Objects/floatobject.c: float_dealloc links through ob_type. */
static void claim_floats(struct marking *marking, uint64_t interpreter, struct parked *parked) {
    const struct layout *layout = marking->allocators.layout;
    uint64_t at = first_free_float(marking, interpreter);
    for (int i = 0; at && i < MAX_FREE_FLOATS; i++) {
        parked_claim(marking, at - marking->allocators.fence, parked);
        if (!image_read_u64(marking->allocators.image, at + layout->object.ob_type.offset, &at))
            break;
    }
}

/* Objects/dictobject.c: free_keys_object. */
static void claim_dict_keys(struct marking *marking, uint64_t interpreter, struct parked *parked) {
    const struct image *image = marking->allocators.image;
    const struct layout *layout = marking->allocators.layout;
    uint64_t list = interpreter + layout->interpreter.free_dict_keys.offset;
    uint64_t list_count = interpreter + layout->interpreter.free_dict_keys_count.offset;
    if (!layout_has(layout->interpreter.free_dict_keys)) {
        const struct image_symbol *keys = image_find_symbol(image, "keys_free_list", UINT32_MAX);
        const struct image_symbol *number = image_find_symbol(image, "numfreekeys", UINT32_MAX);
        if (!keys || !number)
            return;
        list = keys->address;
        list_count = number->address;
    }
    uint32_t count = 0;
    if (!image_read(image, list_count, &count, sizeof count))
        return;
    for (uint32_t i = 0; i < count && i < MAX_FREE_KEYS; i++) {
        uint64_t keys = 0;
        if (image_read_u64(image, list + i * 8, &keys))
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

/* Parser/acceler.c (up to 3.8): the parser's static tables of states get arrays beside them. */
static void claim_parser(struct marking *marking) {
    const struct image *image = marking->allocators.image;
    const struct layout *layout = marking->allocators.layout;
    const struct image_symbol *grammar = image_find_symbol(image, "_PyParser_Grammar", UINT32_MAX);
    uint32_t dfas = 0, states = 0;
    uint64_t dfa = 0, state = 0, array = 0;
    if (!grammar || !layout_has(layout->grammar.g_dfa) ||
        !image_read(image, grammar->address + layout->grammar.g_ndfas.offset, &dfas, sizeof dfas) ||
        !image_read_u64(image, grammar->address + layout->grammar.g_dfa.offset, &dfa))
        return;
    for (; dfas && dfas <= MAX_DFAS; dfas--, dfa += layout->grammar_dfa.size) {
        if (!image_read(image, dfa + layout->grammar_dfa.d_nstates.offset, &states,
                        sizeof states) ||
            !image_read_u64(image, dfa + layout->grammar_dfa.d_state.offset, &state))
            return;
        for (; states && states <= MAX_STATES; states--, state += layout->grammar_state.size) {
            if (image_read_u64(image, state + layout->grammar_state.s_accel.offset, &array))
                claim(marking, array);
        }
    }
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
    claim_parser(marking);
}
