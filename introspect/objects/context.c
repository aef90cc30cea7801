/* contextvars and the hash tries that hold their values (Python/context.c, Python/hamt.c). */
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

enum { HAMT_ARRAY_CHILDREN = 32, MAX_NAME = 72 };

FIELDS_DECODER(context, TYPES("_contextvars.Context", "Context"),
               OWNS(context, ctx_prev, REFERENCE_STRONG, "->ctx_prev"),
               OWNS(context, ctx_vars, REFERENCE_STRONG, "->ctx_vars"));

FIELDS(context_variable, OWNS(context_variable, var_name, REFERENCE_STRONG, ".name"),
       OWNS(context_variable, var_default, REFERENCE_STRONG, "->var_default"));

static void context_variable_preview(struct decode *decode, const struct object *object,
                                     struct strbuf *out) {
    str_quoted(decode, object_pointer(object, decode->layout->context_variable.var_name), MAX_NAME,
               out);
}

static const struct decoder context_variable_decoder = {
    .name = "context variable",
    .types = TYPES("_contextvars.ContextVar", "ContextVar"),
    .least_size = context_variable_least_size,
    .references = context_variable_references,
    .preview = context_variable_preview,
};

FIELDS_DECODER(context_token, TYPES("_contextvars.Token", "Token"),
               OWNS(context_token, tok_ctx, REFERENCE_STRONG, "->tok_ctx"),
               OWNS(context_token, tok_var, REFERENCE_STRONG, ".var"),
               OWNS(context_token, tok_oldval, REFERENCE_STRONG, ".old_value"));

/* ---- hamt ------------------------------------------------------------------------------------ */

FIELDS_DECODER(hamt, TYPES("hamt"), OWNS(hamt, h_root, REFERENCE_STRONG, "->h_root"));

/* Keys and values by turns; a NULL key marks a child node as its value. */
static void bitmap_references(struct decode *decode, const struct object *object) {
    reference_array(decode, object->address + decode->layout->hamt_bitmap_node.b_array.offset,
                    object_item_count(decode, object), REFERENCE_STRONG, "hamt");
}

static void collision_references(struct decode *decode, const struct object *object) {
    reference_array(decode, object->address + decode->layout->hamt_collision_node.c_array.offset,
                    object_item_count(decode, object), REFERENCE_STRONG, "hamt");
}

static void array_references(struct decode *decode, const struct object *object) {
    reference_array(decode, object->address + decode->layout->hamt_array_node.a_array.offset,
                    HAMT_ARRAY_CHILDREN, REFERENCE_STRONG, "hamt");
}

/* tp_basicsize of the nodes that vary in size ends where their children begin. */
static uint32_t bitmap_least_size(const struct layout *layout) {
    return layout->hamt_bitmap_node.b_array.offset;
}

static uint32_t collision_least_size(const struct layout *layout) {
    return layout->hamt_collision_node.c_array.offset;
}

static const struct decoder bitmap_decoder = {
    .name = "hamt bitmap node",
    .types = TYPES("hamt_bitmap_node"),
    .least_size = bitmap_least_size,
    .references = bitmap_references,
};

static const struct decoder collision_decoder = {
    .name = "hamt collision node",
    .types = TYPES("hamt_collision_node"),
    .least_size = collision_least_size,
    .references = collision_references,
};

STRUCTURE_SIZE(hamt_array_node);

static const struct decoder array_decoder = {
    .name = "hamt array node",
    .types = TYPES("hamt_array_node"),
    .least_size = hamt_array_node_least_size,
    .references = array_references,
};

/* The nodes on its way are borrowed. */
FIELDS_DECODER(hamt_iterator, TYPES("keys", "values", "items"),
               OWNS(hamt_iterator, hi_obj, REFERENCE_STRONG, "->hi_obj"));

extern const struct decoder *const context_decoders[];
const struct decoder *const context_decoders[] = {
    &context_decoder, &context_variable_decoder, &context_token_decoder,
    &hamt_decoder,    &bitmap_decoder,           &collision_decoder,
    &array_decoder,   &hamt_iterator_decoder,    NULL};
