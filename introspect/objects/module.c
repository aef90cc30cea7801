#include "introspect/objects/fields.h"
#include "introspect/objects/module_state.h"
#include "introspect/objects/str.h"

enum { MAX_STATE = 1 << 20, MAX_NAME = 72 };

/* ---- module ---------------------------------------------------------------------------------- */

/* md_state is a structure of the module's own, md_def->m_size bytes; some is only reached that way
 * (Include/internal/pycore_moduleobject.h). */
static uint64_t state_size(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    if (layout_has(layout->module.md_state_size))
        return object_unsigned(object, layout->module.md_state_size);
    uint64_t size = remote_unsigned(decode, object_pointer(object, layout->module.md_def),
                                    layout->module_def.m_size);
    return (int64_t)size < 0 ? 0 : size;
}

static const struct module_state_decoder *const state_decoders[] = {
    &atexit_module_state, &decimal_module_state, &zoneinfo_module_state};

/* The decoder of what the state of this module owns beyond its words; NULL: none. */
static const struct module_state_decoder *state_decoder(struct decode *decode,
                                                        const struct object *object) {
    uint64_t name = object_pointer(object, decode->layout->module.md_name);
    for (size_t i = 0; name && i < sizeof state_decoders / sizeof *state_decoders; i++) {
        if (str_equals(decode->image, decode->layout, name, state_decoders[i]->module))
            return state_decoders[i];
    }
    return NULL;
}

/* Nobody knows the structure, so any word may be a reference; the module's m_traverse, which its
 * own tp_traverse calls, is supposed to visit them. */
static void state_references(struct decode *decode, uint64_t state, uint64_t size) {
    if (size > MAX_STATE) {
        decode_damage(decode, "length", "module state", state);
        return;
    }
    const uint8_t *words = image_pin(decode->image, state, size);
    if (!words && size)
        decode_damage(decode, "absent", "module state", state);
    for (uint64_t offset = 0; words && offset + 8 <= size; offset += 8) {
        uint64_t value = load_u64(words + offset);
        if (value && !(value & 7))
            reference_add(decode, value, REFERENCE_STRONG | REFERENCE_GUESSED, LABEL_OFFSET,
                          offset);
    }
}

static const struct pointer_field module_fields[] = {
    OWNS(module, md_dict, REFERENCE_STRONG, ".__dict__"),
    OWNS(module, md_name, REFERENCE_UNTRAVERSED, "->md_name"),
    OWNS(module, md_def, REFERENCE_RETAINS, "->md_def"), /* not counted */
};

/* Modules/hmacmodule.c, Modules/_curses_panel.c: their m_traverse visits the type of modules. */
static const char *const visit_their_type[] = {"_hmac", "_curses_panel"};

static void module_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, module_fields, sizeof module_fields / sizeof *module_fields);
    if (object_unsigned(object, layout->module.md_token_is_def)) /* 3.15+ */
        reference_field(decode, object, layout->module.md_token, REFERENCE_RETAINS, "->md_token");
    for (size_t i = 0; i < sizeof visit_their_type / sizeof *visit_their_type; i++) {
        if (str_equals(decode->image, layout, object_pointer(object, layout->module.md_name),
                       visit_their_type[i]))
            reference_add(decode, object->type->address, REFERENCE_TRAVERSED, LABEL_TYPE, 0);
    }
    uint64_t state = object_pointer(object, decode->layout->module.md_state);
    if (!state)
        return;
    uint64_t size = state_size(decode, object);
    state_references(decode, state, size);
    const struct module_state_decoder *decoder = state_decoder(decode, object);
    const uint8_t *known =
        decoder && size <= MAX_STATE ? image_pin(decode->image, state, size) : NULL;
    if (known)
        decoder->references(decode, known, size);
}

static void module_measure(struct decode *decode, const struct object *object,
                           struct measure *measure) {
    (void)measure;
    uint64_t state = object_pointer(object, decode->layout->module.md_state);
    if (!state)
        return;
    uint64_t size = state_size(decode, object);
    buffer_add_array(decode, state, size, 1, "module state");
    const struct module_state_decoder *decoder = state_decoder(decode, object);
    const uint8_t *known =
        decoder && size <= MAX_STATE ? image_pin(decode->image, state, size) : NULL;
    if (known)
        decoder->measure(decode, known, size);
}

static void module_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    str_escaped(decode, object_pointer(object, decode->layout->module.md_name), MAX_NAME, out);
}

STRUCTURE_SIZE(module);

static const struct decoder module_decoder = {
    .name = "module",
    .types = TYPES("module"),
    .least_size = module_least_size,
    .references = module_references,
    .measure = module_measure,
    .preview = module_preview,
};

/* ---- moduledef ------------------------------------------------------------------------------- */

FIELDS_DECODER(module_def, TYPES("moduledef"),
               OWNS(module_def, m_copy, REFERENCE_UNTRAVERSED, "->m_copy"));

extern const struct decoder *const module_decoders[];
const struct decoder *const module_decoders[] = {&module_decoder, &module_def_decoder, NULL};
