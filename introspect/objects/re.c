/* re: patterns, matches, scanners, templates (Modules/_sre/sre.h). */
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

FIELDS(re_pattern, OWNS(re_pattern, pattern, REFERENCE_STRONG, ".pattern"),
       OWNS(re_pattern, groupindex, REFERENCE_STRONG, ".groupindex"),
       OWNS(re_pattern, indexgroup, REFERENCE_STRONG, "->indexgroup"));

static void re_pattern_preview(struct decode *decode, const struct object *object,
                               struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t pattern = object_pointer(object, layout->re_pattern.pattern);
    if (pattern && object_signed(object, layout->re_pattern.isbytes) == 0)
        str_quoted(decode, pattern, 60, out);
}

static const struct decoder re_pattern_decoder = {
    .name = "re_pattern",
    .types = TYPES("re.Pattern"),
    .least_size = re_pattern_least_size,
    .references = re_pattern_references,
    .preview = re_pattern_preview,
};

FIELDS_DECODER(re_match, TYPES("re.Match"), OWNS(re_match, string, REFERENCE_STRONG, ".string"),
               OWNS(re_match, regs, REFERENCE_STRONG, ".regs"),
               OWNS(re_match, pattern, REFERENCE_STRONG, ".re"));

FIELDS(re_scanner, OWNS(re_scanner, pattern, REFERENCE_STRONG, ".pattern"),
       OWNS(re_scanner, state_string, REFERENCE_UNTRAVERSED, "->state.string"),
       OWNS(re_scanner, state_buffer_obj, REFERENCE_UNTRAVERSED, "->state.buffer.obj"));

static void re_scanner_measure(struct decode *decode, const struct object *object,
                               struct measure *measure) {
    (void)measure; /* no __sizeof__ of its own */
    const struct layout *layout = decode->layout;
    uint64_t groups = remote_unsigned(decode, object_pointer(object, layout->re_scanner.pattern),
                                      layout->re_pattern.groups);
    buffer_add_array(decode, object_pointer(object, layout->re_scanner.state_mark), groups, 16,
                     "re.Scanner");
    buffer_add_array(decode, object_pointer(object, layout->re_scanner.state_data_stack),
                     object_unsigned(object, layout->re_scanner.state_data_stack_size), 1,
                     "re.Scanner");
}

static const struct decoder re_scanner_decoder = {
    .name = "re_scanner",
    .types = TYPES("_sre.SRE_Scanner"),
    .least_size = re_scanner_least_size,
    .references = re_scanner_references,
    .measure = re_scanner_measure,
};

/* ---- templates (3.12+): items of {index, literal} behind the structure ----------------------- */

STRUCTURE_SIZE(re_template);

static void re_template_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    reference_field(decode, object, layout->re_template.literal, REFERENCE_STRONG, "->literal");
    enum { ITEM_SIZE = 16, LITERAL_OFFSET = 8 };
    uint64_t count = object_item_count(decode, object);
    uint64_t at = object->address + layout->re_template.items.offset;
    for (uint64_t i = 0; layout->re_template.items.offset && i < count; i++, at += ITEM_SIZE) {
        uint64_t literal;
        if (!image_read_u64(decode->image, at + LITERAL_OFFSET, &literal)) {
            decode_damage(decode, "absent", "re.Template", at);
            return;
        }
        reference_add(decode, literal, REFERENCE_STRONG, LABEL_ITEM, i);
    }
}

static const struct decoder re_template_decoder = {
    .name = "re_template",
    .types = TYPES("_sre.SRE_Template"),
    .least_size = re_template_least_size,
    .references = re_template_references,
};

extern const struct decoder *const re_decoders[];
const struct decoder *const re_decoders[] = {
    &re_pattern_decoder, &re_match_decoder, &re_scanner_decoder, &re_template_decoder, NULL,
};
