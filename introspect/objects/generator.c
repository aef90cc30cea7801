#include "introspect/objects/code.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/str.h"

enum { MAX_NAME = 72 };

static const struct pointer_field generator_fields[] = {
    OWNS(generator, gi_code, REFERENCE_STRONG, ".gi_code"), /* up to 3.11 */
    OWNS(generator, gi_name, REFERENCE_STRONG, ".__name__"),
    OWNS(generator, gi_qualname, REFERENCE_STRONG, ".__qualname__"),
    OWNS(generator, exc_type, REFERENCE_STRONG, "->exc_type"), /* up to 3.10 */
    OWNS(generator, exc_value, REFERENCE_STRONG, "->exc_value"),
    OWNS(generator, exc_traceback, REFERENCE_STRONG, "->exc_traceback"), /* up to 3.10 */
};

static uint64_t inline_frame(const struct decode *decode, const struct object *object) {
    return object->address + decode->layout->generator.gi_iframe.offset;
}

/* Its code, from the frame where it keeps none beside it. A frame that has ended keeps its code. */
static uint64_t generator_code(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    if (layout_has(layout->generator.gi_code))
        return object_pointer(object, layout->generator.gi_code);
    uint64_t code = remote_unsigned(decode, inline_frame(decode, object),
                                    layout->interpreter_frame.f_executable);
    return layout->trait.stackref ? code & ~3ull : code;
}

/* gen_traverse (Objects/genobject.c). Up to 3.10 the frame is an object. */
static void add_references(struct decode *decode, const struct object *object,
                           const char *frame_label) {
    const struct layout *layout = decode->layout;
    reference_field(decode, object, layout->generator.gi_frame, REFERENCE_STRONG, frame_label);
    fields_references(decode, object, generator_fields,
                      sizeof generator_fields / sizeof *generator_fields);
    if (!layout_has(layout->generator.gi_iframe))
        return;
    struct frame frame;
    if (object_signed(object, layout->generator.gi_frame_state) <
        (int64_t)layout->trait.frame_cleared) {
        if (frame_read(decode, inline_frame(decode, object), &frame))
            frame_references(decode, &frame, REFERENCE_STRONG);
    } else if (!layout_has(layout->generator.gi_code)) {
        reference_add(decode, generator_code(decode, object), REFERENCE_UNTRAVERSED, LABEL_FIELD,
                      field_label(".gi_code"));
    }
}

static void generator_references(struct decode *decode, const struct object *object) {
    add_references(decode, object, ".gi_frame");
}

/* Where it was made, if sys.set_coroutine_origin_tracking_depth asked for it. */
static void coroutine_references(struct decode *decode, const struct object *object) {
    add_references(decode, object, ".cr_frame");
    reference_field(decode, object, decode->layout->coroutine.cr_origin, REFERENCE_UNTRAVERSED,
                    ".cr_origin");
}

static void async_generator_references(struct decode *decode, const struct object *object) {
    add_references(decode, object, ".ag_frame");
    reference_field(decode, object, decode->layout->async_gen.ag_finalizer, REFERENCE_STRONG,
                    "->ag_finalizer");
}

/* gen_sizeof: the frame is part of the object. */
static void generator_measure(struct decode *decode, const struct object *object,
                              struct measure *measure) {
    const struct layout *layout = decode->layout;
    if (!layout_has(layout->generator.gi_iframe))
        return;
    struct code_slots slots = {0, 0};
    if (!code_slots(decode, generator_code(decode, object), &slots))
        decode_damage(decode, "kind", "generator", object->address);
    measure->size = measure->body_size = layout->generator.gi_iframe.offset +
                                         layout->interpreter_frame.localsplus.offset +
                                         (slots.locals + (uint64_t)slots.stack) * 8;
}

static void generator_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    str_escaped(decode, object_pointer(object, decode->layout->generator.gi_qualname), MAX_NAME,
                out);
}

/* tp_basicsize ends where the frame's slots begin, or with the structure. */
static uint32_t least_size(const struct layout *layout, uint32_t structure) {
    return layout_has(layout->generator.gi_iframe)
               ? layout->generator.gi_iframe.offset + layout->interpreter_frame.localsplus.offset
               : structure;
}

static uint32_t generator_least_size(const struct layout *layout) {
    return least_size(layout, layout->generator.size);
}

static uint32_t coroutine_least_size(const struct layout *layout) {
    return least_size(layout, layout->coroutine.size);
}

static uint32_t async_generator_least_size(const struct layout *layout) {
    return least_size(layout, layout->async_gen.size);
}

static const struct decoder generator_decoder = {
    .name = "generator",
    .types = TYPES("generator"),
    .least_size = generator_least_size,
    .references = generator_references,
    .measure = generator_measure,
    .preview = generator_preview,
};

static const struct decoder coroutine_decoder = {
    .name = "coroutine",
    .types = TYPES("coroutine"),
    .least_size = coroutine_least_size,
    .references = coroutine_references,
    .measure = generator_measure,
    .preview = generator_preview,
};

static const struct decoder async_generator_decoder = {
    .name = "async_generator",
    .types = TYPES("async_generator"),
    .least_size = async_generator_least_size,
    .references = async_generator_references,
    .measure = generator_measure,
    .preview = generator_preview,
};

/* ---- what awaiting one makes ----------------------------------------------------------------- */

FIELDS_DECODER(async_gen_asend, TYPES("async_generator_asend"),
               OWNS(async_gen_asend, ags_gen, REFERENCE_STRONG, "->ags_gen"),
               OWNS(async_gen_asend, ags_sendval, REFERENCE_STRONG, "->ags_sendval"));

FIELDS_DECODER(async_gen_athrow, TYPES("async_generator_athrow"),
               OWNS(async_gen_athrow, agt_gen, REFERENCE_STRONG, "->agt_gen"),
               OWNS(async_gen_athrow, agt_args, REFERENCE_STRONG, "->agt_args"),
               OWNS(async_gen_athrow, agt_typ, REFERENCE_STRONG, "->agt_typ"),
               OWNS(async_gen_athrow, agt_val, REFERENCE_STRONG, "->agt_val"),
               OWNS(async_gen_athrow, agt_tb, REFERENCE_STRONG, "->agt_tb"));

FIELDS_DECODER(async_gen_wrapped_value, TYPES("async_generator_wrapped_value"),
               OWNS(async_gen_wrapped_value, agw_val, REFERENCE_STRONG, "->agw_val"));

FIELDS_DECODER(coro_wrapper, TYPES("coroutine_wrapper"),
               OWNS(coro_wrapper, cw_coroutine, REFERENCE_STRONG, "->cw_coroutine"));

FIELDS_DECODER(anext_awaitable, TYPES("anext_awaitable"),
               OWNS(anext_awaitable, wrapped, REFERENCE_STRONG, "->wrapped"),
               OWNS(anext_awaitable, default_value, REFERENCE_STRONG, "->default_value"));

extern const struct decoder *const generator_decoders[];
const struct decoder *const generator_decoders[] = {
    &generator_decoder,       &coroutine_decoder,        &async_generator_decoder,
    &async_gen_asend_decoder, &async_gen_athrow_decoder, &async_gen_wrapped_value_decoder,
    &coro_wrapper_decoder,    &anext_awaitable_decoder,  NULL};
