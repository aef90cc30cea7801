/* Functions that atexit.register took, up to 3.9 in the state of the module (Modules/atexitmodule.c); since
 * 3.10 the interpreter has them, introspect/runtime/roots.c. */
#include "introspect/objects/fields.h"
#include "introspect/objects/module_state.h"

enum { MAX_CALLBACKS = 1 << 20 };

static const struct pointer_field callback_fields[] = {
    OWNS(atexit_callback, func, REFERENCE_STRONG, "->func"),
    OWNS(atexit_callback, args, REFERENCE_STRONG, "->args"),
    OWNS(atexit_callback, kwargs, REFERENCE_STRONG, "->kwargs"),
};

/* Each callback's address, until there are no more; 0 for one that was unregistered. */
static bool next_callback(struct decode *decode, const uint8_t *state, size_t size, uint64_t *index,
                          uint64_t *callback) {
    const struct layout *layout = decode->layout;
    uint64_t count =
        size >= layout->atexit_state.size ? field_unsigned(state, layout->atexit_state.count) : 0;
    uint64_t array = count ? field_pointer(state, layout->atexit_state.callbacks) : 0;
    return *index < count && *index < MAX_CALLBACKS &&
           image_read_u64(decode->image, array + (*index)++ * 8, callback);
}

static void atexit_references(struct decode *decode, const uint8_t *state, size_t size) {
    uint64_t callback = 0;
    uint32_t callback_size = decode->layout->atexit_callback.size;
    for (uint64_t i = 0; next_callback(decode, state, size, &i, &callback);) {
        const uint8_t *bytes =
            callback && callback_size ? image_pin(decode->image, callback, callback_size) : NULL;
        if (bytes)
            structure_references(decode, bytes, callback_size, callback_fields,
                                 sizeof callback_fields / sizeof *callback_fields);
        else if (callback)
            decode_damage(decode, "absent", "atexit", callback);
    }
}

static void atexit_measure(struct decode *decode, const uint8_t *state, size_t size) {
    const struct layout *layout = decode->layout;
    uint64_t callback = 0;
    if (layout_has(layout->atexit_state.callbacks) && size >= layout->atexit_state.size)
        buffer_add_array(decode, field_pointer(state, layout->atexit_state.callbacks),
                         field_unsigned(state, layout->atexit_state.capacity), 8, "atexit");
    for (uint64_t i = 0; next_callback(decode, state, size, &i, &callback);)
        buffer_add(decode, callback, layout->atexit_callback.size);
}

const struct module_state_decoder atexit_module_state = {
    .module = "atexit",
    .references = atexit_references,
    .measure = atexit_measure,
};

/* There are no types of its own. */
extern const struct decoder *const atexit_decoders[];
const struct decoder *const atexit_decoders[] = {NULL};
