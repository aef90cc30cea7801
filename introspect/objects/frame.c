#include "introspect/objects/frame.h"

#include "introspect/objects/code.h"
#include "introspect/objects/fields.h"

enum {
    FRAME_OWNED_BY_GENERATOR = 1,
    FRAME_OWNED_BY_FRAME_OBJECT = 2,
    FRAME_OWNED_BY_CSTACK = 3, /* this and higher: an entry frame that runs nothing (3.12+) */
    STACKREF_BORROWED = 1,     /* tags of _PyStackRef (Include/internal/pycore_stackref.h, 3.14) */
    STACKREF_NO_OBJECT = 2,    /* 3: an int; 2: any pointer (3.15) */
};

/* ---- reading --------------------------------------------------------------------------------- */

/* What a slot of a frame holds, and with which properties: from 3.14 on slots are tagged. */
static uint64_t untag(const struct decode *decode, uint64_t slot, unsigned *properties) {
    if (!decode->layout->trait.stackref)
        return slot;
    if (slot & STACKREF_NO_OBJECT)
        return 0;
    if (slot & STACKREF_BORROWED)
        *properties &= ~(unsigned)(REFERENCE_COUNTED | REFERENCE_TRAVERSED);
    return slot & ~3ull;
}

static uint64_t pointer(const struct decode *decode, const uint8_t *bytes, struct field field) {
    unsigned ignored = 0;
    return untag(decode, field_pointer(bytes, field), &ignored);
}

/* How many slots from localsplus on are in use; -1 while it runs, for then the interpreter's own
 * variable has it. */
static int64_t depth(const struct decode *decode, const struct frame *frame, const uint8_t *bytes) {
    const struct layout *layout = decode->layout;
    if (!layout_has(layout->interpreter_frame.stackpointer))
        return field_signed(bytes, layout->interpreter_frame.stacktop);
    uint64_t top = field_pointer(bytes, layout->interpreter_frame.stackpointer);
    return top < frame->localsplus ? -1 : (int64_t)((top - frame->localsplus) / 8);
}

/* What its slots hold: `used` of them from localsplus on, -1: not known. */
static void count_slots(struct frame *frame, const struct code_slots *slots, int64_t used) {
    frame->stack_unknown = used < 0;
    frame->local_count = used < 0 || used > (int64_t)slots->locals ? slots->locals : (uint32_t)used;
    frame->stack_count = used < 0 ? 0 : (uint32_t)used - frame->local_count;
}

static bool read_interpreter_frame(struct decode *decode, uint64_t address, struct frame *frame) {
    const struct layout *layout = decode->layout;
    const uint8_t *bytes =
        image_pin(decode->image, address, layout->interpreter_frame.localsplus.offset);
    if (!bytes || !layout_has(layout->interpreter_frame.localsplus)) {
        decode_damage(decode, "absent", "frame", address);
        return false;
    }
    *frame = (struct frame){
        .address = address,
        .code = pointer(decode, bytes, layout->interpreter_frame.f_executable),
        .previous = field_pointer(bytes, layout->interpreter_frame.previous),
        .instruction = field_pointer(bytes, layout->interpreter_frame.instr_ptr),
        .localsplus = address + layout->interpreter_frame.localsplus.offset,
        .owner = (uint8_t)field_unsigned(bytes, layout->interpreter_frame.owner),
    };
    struct code_slots slots = {0, 0};
    bool has_code = code_slots(decode, frame->code, &slots);
    frame->shim = frame->owner >= FRAME_OWNED_BY_CSTACK;
    frame->of_generator = frame->owner == FRAME_OWNED_BY_GENERATOR;
    frame->in_object = frame->of_generator || frame->owner == FRAME_OWNED_BY_FRAME_OBJECT;
    int64_t used = depth(decode, frame, bytes);
    if (used > (int64_t)slots.locals + slots.stack || used < -1) {
        if (has_code)
            decode_damage(decode, "length", "frame", address);
        used = -1;
    }
    count_slots(frame, &slots, used);
    return true;
}

static const struct decoder frame_decoder;

/* How deep the stack of a frame object is; -1 while it runs. Up to 3.9 f_stacktop is NULL then, but also
 * when it has ended. */
static int64_t object_depth(const struct layout *layout, const uint8_t *bytes) {
    if (layout_has(layout->frame.f_stackdepth))
        return field_signed(bytes, layout->frame.f_stackdepth);
    uint64_t stack = field_pointer(bytes, layout->frame.f_valuestack);
    uint64_t top = field_pointer(bytes, layout->frame.f_stacktop);
    if (!top)
        return field_unsigned(bytes, layout->frame.f_executing) ? -1 : 0;
    return top < stack ? -2 : (int64_t)((top - stack) / 8);
}

static bool read_frame_object(struct decode *decode, uint64_t address, struct frame *frame) {
    const struct layout *layout = decode->layout;
    const struct type *type = remote_type(decode, address);
    const uint8_t *bytes =
        type && type->decoder == &frame_decoder
            ? image_pin(decode->image, address, layout->frame.f_localsplus.offset)
            : NULL;
    if (!bytes) {
        decode_damage(decode, "absent", "frame", address);
        return false;
    }
    *frame = (struct frame){
        .address = address,
        .code = field_pointer(bytes, layout->frame.f_code),
        .previous = field_pointer(bytes, layout->frame.f_back),
        .localsplus = address + layout->frame.f_localsplus.offset,
        .in_object = true,
        .of_generator = field_pointer(bytes, layout->frame.f_gen),
    };
    struct code_slots slots = {0, 0};
    int64_t used = object_depth(layout, bytes);
    uint64_t stack = field_pointer(bytes, layout->frame.f_valuestack);
    if (!code_slots(decode, frame->code, &slots) || used > (int64_t)slots.stack || used < -1 ||
        stack != frame->localsplus + slots.locals * 8ull) {
        decode_damage(decode, "length", "frame", address);
        slots = (struct code_slots){0, 0};
        used = -1;
    }
    int64_t last = field_signed(bytes, layout->frame.f_lasti); /* -1: it has not begun */
    if (last >= 0)
        frame->instruction =
            code_first_instruction(decode, frame->code) + (uint64_t)last * layout->trait.lasti_unit;
    count_slots(frame, &slots, used < 0 ? used : (int64_t)slots.locals + used);
    return true;
}

bool frame_read(struct decode *decode, uint64_t address, struct frame *frame) {
    return layout_has(decode->layout->frame.f_localsplus)
               ? read_frame_object(decode, address, frame)
               : read_interpreter_frame(decode, address, frame);
}

/* ---- references ------------------------------------------------------------------------------ */

static void slot_references(struct decode *decode, uint64_t first, uint32_t count,
                            unsigned properties, enum label_kind label) {
    const uint8_t *slots = image_pin(decode->image, first, count * 8ull);
    if (!slots) {
        if (count)
            decode_damage(decode, "absent", "frame slots", first);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned slot_properties = properties;
        uint64_t target = untag(decode, load_u64(slots + i * 8ull), &slot_properties);
        reference_add(decode, target, slot_properties, label, i);
    }
}

/* The stack of a running frame is as deep as only a register knows. Above its top lie values of
 * before. */
static void unknown_stack_references(struct decode *decode, const struct frame *frame) {
    struct code_slots slots;
    if (frame->shim || !code_slots(decode, frame->code, &slots))
        return;
    slot_references(decode, frame->localsplus + frame->local_count * 8ull, slots.stack,
                    REFERENCE_UNTRAVERSED | REFERENCE_GUESSED, LABEL_STACK);
}

/* Fast locals, cells, free variables and stack. _PyFrame_Traverse (Python/frame.c) visits what lies below
 * stacktop, nothing in a frame that runs; a frame object's frame_traverse always visits the locals. */
static void variable_references(struct decode *decode, const struct frame *frame,
                                unsigned properties) {
    bool object = layout_has(decode->layout->frame.f_localsplus);
    unsigned slots =
        frame->stack_unknown && !object ? properties & ~(unsigned)REFERENCE_TRAVERSED : properties;
    slot_references(decode, frame->localsplus, frame->local_count, slots, LABEL_LOCAL);
    if (frame->stack_unknown && properties & REFERENCE_COUNTED)
        unknown_stack_references(decode, frame);
    else if (!frame->stack_unknown)
        slot_references(decode, frame->localsplus + frame->local_count * 8ull, frame->stack_count,
                        slots, LABEL_STACK);
}

/* A field of a frame that it owns, or one that is the function's. */
struct frame_field {
    struct field field;
    const char *label;
    bool owned;
};

static void add_fields(struct decode *decode, const uint8_t *bytes,
                       const struct frame_field *fields, size_t count, unsigned properties) {
    for (size_t i = 0; i < count; i++) {
        unsigned own = fields[i].owned ? properties : REFERENCE_WEAK;
        uint64_t target = untag(decode, field_pointer(bytes, fields[i].field), &own);
        reference_add(decode, target, own, LABEL_FIELD, field_label(fields[i].label));
    }
}

static void interpreter_frame_references(struct decode *decode, const struct frame *frame,
                                         unsigned properties) {
    const struct layout *layout = decode->layout;
    const uint8_t *bytes =
        image_pin(decode->image, frame->address, layout->interpreter_frame.localsplus.offset);
    if (!bytes)
        return;
    const struct frame_field fields[] = {
        {layout->interpreter_frame.f_executable, ".f_code", true},
        {layout->interpreter_frame.f_funcobj, "->f_funcobj", true},
        {layout->interpreter_frame.f_locals, ".f_locals", true},
        {layout->interpreter_frame.frame_obj, "->frame_obj", true},
        {layout->interpreter_frame.f_globals, ".f_globals", false},
        {layout->interpreter_frame.f_builtins, ".f_builtins", false},
    };
    add_fields(decode, bytes, fields, sizeof fields / sizeof *fields, properties);
}

/* Who runs a frame object holds it; that of a generator is the generator's. */
static void running_object_references(struct decode *decode, const struct frame *frame,
                                      unsigned properties) {
    const struct layout *layout = decode->layout;
    const uint8_t *bytes =
        image_pin(decode->image, frame->address, layout->frame.f_localsplus.offset);
    if (!bytes)
        return;
    const struct frame_field fields[] = {
        {layout->frame.f_code, ".f_code", true},
        {layout->frame.f_locals, ".f_locals", true},
        {layout->frame.f_globals, ".f_globals", false},
        {layout->frame.f_builtins, ".f_builtins", false},
    };
    add_fields(decode, bytes, fields, sizeof fields / sizeof *fields, properties);
    reference_add(decode, frame->address,
                  frame->of_generator ? REFERENCE_RETAINS : REFERENCE_UNTRAVERSED, LABEL_FIELD,
                  field_label("->frame_obj"));
}

void frame_references(struct decode *decode, const struct frame *frame, unsigned properties) {
    if (layout_has(decode->layout->frame.f_localsplus))
        running_object_references(decode, frame, properties);
    else
        interpreter_frame_references(decode, frame, properties);
    variable_references(decode, frame, properties);
}

/* ---- frame objects --------------------------------------------------------------------------- */

static const struct pointer_field frame_fields[] = {
    OWNS(frame, f_back, REFERENCE_STRONG, ".f_back"),
    OWNS(frame, f_trace, REFERENCE_STRONG, ".f_trace"),
    OWNS(frame, f_extra_locals, REFERENCE_STRONG, "->f_extra_locals"),
    OWNS(frame, f_locals_cache, REFERENCE_STRONG, "->f_locals_cache"),
    OWNS(frame, f_overwritten_fast_locals, REFERENCE_STRONG, "->f_overwritten_fast_locals"),
    /* up to 3.10 */
    OWNS(frame, f_code, REFERENCE_STRONG, ".f_code"),
    OWNS(frame, f_builtins, REFERENCE_STRONG, ".f_builtins"),
    OWNS(frame, f_globals, REFERENCE_STRONG, ".f_globals"),
    OWNS(frame, f_locals, REFERENCE_STRONG, ".f_locals"),
};

/* A frame object shows an _PyInterpreterFrame that a thread's stack or a generator owns, until that
 * one ends and is copied into the object. */
static void frame_object_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, frame_fields, sizeof frame_fields / sizeof *frame_fields);
    struct frame frame;
    if (layout_has(layout->frame.f_localsplus)) {
        if (frame_read(decode, object->address, &frame))
            variable_references(decode, &frame, REFERENCE_STRONG);
        return;
    }
    uint64_t own = object->address + layout->frame.frame_data.offset;
    if (object_pointer(object, layout->frame.f_frame) == own && frame_read(decode, own, &frame))
        frame_references(decode, &frame, REFERENCE_STRONG);
}

/* The code of the frame that a frame object shows. */
static uint64_t shown_code(const struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    if (layout_has(layout->frame.f_code))
        return object_pointer(object, layout->frame.f_code);
    unsigned ignored = 0;
    uint64_t shown = object_pointer(object, layout->frame.f_frame);
    return untag(decode, remote_unsigned(decode, shown, layout->interpreter_frame.f_executable),
                 &ignored);
}

/* frame.__sizeof__ (Objects/frameobject.c): the object has room for the frame of its code, used or
 * not. Up to 3.10 one that was used for another code before may have more, which is not counted. */
static void frame_object_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    const struct layout *layout = decode->layout;
    struct code_slots slots = {0, 0};
    if (!code_slots(decode, shown_code(decode, object), &slots))
        decode_damage(decode, "kind", "frame", object->address);
    uint64_t slots_size = (slots.locals + (uint64_t)slots.stack) * 8;
    if (layout_has(layout->frame.f_localsplus)) {
        measure->body_size = measure->size;
        measure->size = layout->frame.f_localsplus.offset + slots_size;
    } else {
        measure->size = measure->body_size = layout->frame.frame_data.offset +
                                             layout->interpreter_frame.localsplus.offset +
                                             slots_size;
    }
}

static void frame_object_preview(struct decode *decode, const struct object *object,
                                 struct strbuf *out) {
    code_describe(decode, shown_code(decode, object), out);
}

/* tp_basicsize of a frame ends where its slots begin; up to 3.10 it has the first. */
static uint32_t frame_object_least_size(const struct layout *layout) {
    return layout_has(layout->frame.frame_data)
               ? layout->frame.frame_data.offset + layout->interpreter_frame.localsplus.offset
               : layout->frame.size;
}

static const struct decoder frame_decoder = {
    .name = "frame",
    .types = TYPES("frame"),
    .least_size = frame_object_least_size,
    .references = frame_object_references,
    .measure = frame_object_measure,
    .preview = frame_object_preview,
};

bool frame_of_object(struct decode *decode, const struct object *object, struct frame *frame) {
    const struct layout *layout = decode->layout;
    uint64_t address = object_pointer(object, layout->generator.gi_frame);
    if (object->type->decoder == &frame_decoder)
        address = layout_has(layout->frame.f_frame) ? object_pointer(object, layout->frame.f_frame)
                                                    : object->address;
    else if (layout_has(layout->generator.gi_iframe))
        address = object->address + layout->generator.gi_iframe.offset;
    return address && frame_read(decode, address, frame);
}

void frame_local_name(struct decode *decode, const struct frame *frame, uint64_t index,
                      struct strbuf *out) {
    strbuf_puts(out, "local ");
    if (!code_variable(decode, frame->code, index, out))
        strbuf_printf(out, "[%llu]", (unsigned long long)index);
}

FIELDS_DECODER(frame_locals_proxy, TYPES("FrameLocalsProxy"),
               OWNS(frame_locals_proxy, frame, REFERENCE_STRONG, "->frame"));

FIELDS(traceback, OWNS(traceback, tb_next, REFERENCE_STRONG, ".tb_next"),
       OWNS(traceback, tb_frame, REFERENCE_STRONG, ".tb_frame"));

static void traceback_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    strbuf_printf(out, "line %d", (int)object_signed(object, decode->layout->traceback.tb_lineno));
}

static const struct decoder traceback_decoder = {
    .name = "traceback",
    .types = TYPES("traceback"),
    .least_size = traceback_least_size,
    .references = traceback_references,
    .preview = traceback_preview,
};

extern const struct decoder *const frame_decoders[];
const struct decoder *const frame_decoders[] = {&frame_decoder, &frame_locals_proxy_decoder,
                                                &traceback_decoder, NULL};
