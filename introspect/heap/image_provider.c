/* What is decoded from the image anew each time that somebody asks. */
#include "introspect/heap/heap_private.h"
#include "introspect/heap/hidden_values.h"
#include "introspect/objects/code.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/str.h"

enum { REFERENCES = 1024, NAME_LIMIT = 80, MAX_C_NAME = 256 };

void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored) {
    ignored->count = 0;
    *decode = (struct decode){.image = heap->image,
                              .layout = heap->layout,
                              .types = heap->types,
                              .damage = ignored,
                              .interpreters = heap->interpreter_addresses.items,
                              .interpreter_count = heap->interpreter_addresses.count};
}

static void destroy(struct heap *heap) {
    bitmap_free(&heap->objects);
    bitmap_free(&heap->reachable);
    marking_clear(&heap->marking);
    gc_lists_clear(&heap->gc);
    pymalloc_clear(&heap->pymalloc);
    vec_free(&heap->interpreter_addresses);
}

/* By the collector's lists, then by the owner of the arena. */
static int64_t interpreter(const struct heap *heap, uint32_t id) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    uint64_t place = (uint64_t)heap->columns.granule[id] << GRANULE_SHIFT;
    for (size_t i = 0; i < heap->gc.interpreter_count; i++) {
        if (bitmap_test(&heap->gc.of_interpreter[i], place))
            return interpreters[i].id;
    }
    const struct pymalloc *pymalloc = &heap->pymalloc;
    size_t owner = pymalloc->pool_owner && pymalloc_is_arena(pymalloc, place)
                       ? pymalloc->pool_owner[place >> pymalloc->pool_shift]
                       : count - 1; /* the main one, which comes last */
    return interpreters[owner < count ? owner : count - 1].id;
}

/* ---- references ------------------------------------------------------------------------------ */

struct visitor {
    const struct heap *heap;
    heap_visit *visit;
    void *context;
    bool weak; /* whatever the object refers to, it does not hold */
};

static void pass_on(struct decode *decode) {
    const struct visitor *visitor = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        struct reference *reference = &decode->references[i];
        if (reference->properties & REFERENCE_GUESSED &&
            heap_find(visitor->heap, reference->target) == HEAP_NONE)
            continue; /* any word may be guessed to be one */
        if (visitor->weak)
            reference->properties = REFERENCE_WEAK;
        visitor->visit(visitor->context, reference);
    }
    decode->reference_count = 0;
}

static void references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    struct reference buffer[REFERENCES];
    uint64_t address = heap_address(heap, id);
    struct visitor visitor = {heap, visit, context, interned_is(&heap->marking.interned, address)};
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    decode.references = buffer;
    decode.reference_capacity = REFERENCES;
    decode.flush = pass_on;
    decode.context = &visitor;
    struct object object;
    if (!object_view_typed(&decode, address, heap_type(heap, id), &object))
        return;
    object_references(&decode, &object);
    pass_on(&decode);
}

/* ---- values and names ------------------------------------------------------------------------ */

static void preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    struct object object;
    const struct decoder *decoder = heap_type(heap, id)->decoder;
    if (decoder && decoder->preview &&
        object_view_typed(&decode, heap_address(heap, id), heap_type(heap, id), &object))
        decoder->preview(&decode, &object, out);
}

static void note_buffer(struct decode *decode, uint64_t address, uint64_t size) {
    (void)address, (void)size;
    *(bool *)decode->context = true;
}

/* The bytes behind the object's header, if they are all that it consists of; NULL if they are not. */
static const uint8_t *whole_value(const struct heap *heap, uint32_t id, uint64_t size) {
    const struct type *type = heap_type(heap, id);
    uint64_t address = heap_address(heap, id), header = heap->layout->object.size;
    if (type->may_own_buffers) {
        struct damage_list ignored;
        struct decode decode;
        struct object object;
        bool has_buffers = false;
        heap_decode_init(heap, &decode, &ignored);
        decode.buffer = note_buffer;
        decode.context = &has_buffers;
        if (!object_view_typed(&decode, address, type, &object))
            return NULL;
        object_buffers(&decode, &object);
        if (has_buffers)
            return NULL;
    }
    return image_pin(heap->image, address + header, size - header);
}

bool heap_previews_match(const struct heap *heap, uint32_t id, const struct heap *other,
                         uint32_t other_id) {
    uint64_t size = heap_size(heap, id);
    const struct type *type = heap_type(heap, id);
    if (!heap->image || !other->image || size != heap_size(other, other_id) ||
        size <= heap->layout->object.size || !type->owns_nothing || !type->decoder->preview ||
        heap_value_is_hidden(heap, id) || heap_value_is_hidden(other, other_id))
        return false;
    const uint8_t *value = whole_value(heap, id, size);
    const uint8_t *other_value = value ? whole_value(other, other_id, size) : NULL;
    return other_value && !memcmp(value, other_value, size - heap->layout->object.size);
}

static void name(const struct heap *heap, uint64_t text, struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    str_escaped(&decode, text, NAME_LIMIT, out);
}

static void slot_name(const struct heap *heap, uint64_t argument, struct strbuf *out) {
    char text[MAX_C_NAME];
    if (image_read_string(heap->image, argument, text, sizeof text))
        strbuf_add_escaped(out, text, strlen(text), NAME_LIMIT);
    else
        strbuf_putc(out, '?');
}

/* Of a generator or frame object. */
static void local_name(const struct heap *heap, uint32_t id, uint64_t argument,
                       struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    struct object object;
    struct frame frame;
    heap_decode_init(heap, &decode, &ignored);
    if (object_view_typed(&decode, heap_address(heap, id), heap_type(heap, id), &object) &&
        frame_of_object(&decode, &object, &frame))
        frame_local_name(&decode, &frame, argument, out);
    else
        strbuf_printf(out, "local[%llu]", (unsigned long long)argument);
}

static uint64_t function_field(const struct heap *heap, const struct decode *decode,
                               uint32_t function, struct field field) {
    return remote_unsigned(decode, heap_address(heap, function), field);
}

/* Free variables come last in localsplus, in the order of the closure. */
static bool closure_variable(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    struct code_slots slots = {0, 0};
    heap_decode_init(heap, &decode, &ignored);
    uint64_t code = function_field(heap, &decode, function, heap->layout->function.func_code);
    uint64_t closure = function_field(heap, &decode, function, heap->layout->function.func_closure);
    uint64_t cells = remote_item_count(&decode, closure);
    return code_slots(&decode, code, &slots) && cells <= slots.locals &&
           code_variable(&decode, code, slots.locals - cells + index, out);
}

/* The last arguments have the defaults. */
static bool default_argument(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    uint64_t code = function_field(heap, &decode, function, heap->layout->function.func_code);
    uint64_t defaults =
        function_field(heap, &decode, function, heap->layout->function.func_defaults);
    uint64_t arguments = code_argument_count(&decode, code);
    uint64_t count = remote_item_count(&decode, defaults);
    return count <= arguments && code_variable(&decode, code, arguments - count + index, out);
}

const struct heap_provider image_provider = {
    .destroy = destroy,
    .references = references,
    .preview = preview,
    .slot_name = slot_name,
    .local_name = local_name,
    .name = name,
    .closure_variable = closure_variable,
    .default_argument = default_argument,
    .is_pending = pending_in_image,
    .interpreter = interpreter,
    .stacks = stacks_collect,
};
