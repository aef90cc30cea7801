/* XML: elements, builders, parsers (Modules/_elementtree.c, Modules/pyexpat.c). What expat itself
 * allocates for a parser is nobody's here. */
#include "introspect/objects/fields.h"

/* ---- Element: attributes and children are in a block of their own, if it has any ------------- */

STRUCTURE_SIZE(element);

/* The lowest bit of text and tail says that it is a list of parts, still to be joined. */
static uint64_t joined(const struct object *object, struct field field) {
    return object_pointer(object, field) & ~1ull;
}

static const uint8_t *element_extra(struct decode *decode, const struct object *object,
                                    uint64_t *address) {
    *address = object_pointer(object, decode->layout->element.extra);
    const uint8_t *extra =
        *address ? image_pin(decode->image, *address, decode->layout->element_extra.size) : NULL;
    if (*address && !extra)
        decode_damage(decode, "absent", "Element", *address);
    return extra;
}

static void element_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    reference_field(decode, object, layout->element.tag, REFERENCE_STRONG, ".tag");
    reference_add(decode, joined(object, layout->element.text), REFERENCE_STRONG, LABEL_FIELD,
                  field_label(".text"));
    reference_add(decode, joined(object, layout->element.tail), REFERENCE_STRONG, LABEL_FIELD,
                  field_label(".tail"));
    uint64_t address;
    const uint8_t *extra = element_extra(decode, object, &address);
    if (!extra)
        return;
    reference_add(decode, field_pointer(extra, layout->element_extra.attrib), REFERENCE_STRONG,
                  LABEL_FIELD, field_label(".attrib"));
    reference_array(decode, field_pointer(extra, layout->element_extra.children),
                    field_unsigned(extra, layout->element_extra.length), REFERENCE_STRONG,
                    "Element");
}

static void element_measure(struct decode *decode, const struct object *object,
                            struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t address;
    const uint8_t *extra = element_extra(decode, object, &address);
    if (!extra)
        return;
    measure->size += buffer_add_array(decode, address, 1, layout->element_extra.size, "Element");
    uint64_t children = field_pointer(extra, layout->element_extra.children);
    if (children != address + layout->element_extra.inline_children.offset)
        measure->size += buffer_add_array(
            decode, children, field_unsigned(extra, layout->element_extra.allocated), 8, "Element");
}

static const struct decoder element_decoder = {
    .name = "element",
    .types = TYPES("xml.etree.ElementTree.Element"),
    .least_size = element_least_size,
    .references = element_references,
    .measure = element_measure,
};

/* ---- iterators keep the path from the root --------------------------------------------------- */

static const struct pointer_field element_iterator_fields[] = {
    OWNS(element_iterator, root_element, REFERENCE_STRONG, "->root_element"),
    OWNS(element_iterator, sought_tag, REFERENCE_STRONG, "->sought_tag"),
};

STRUCTURE_SIZE(element_iterator);

static void element_iterator_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t at = object_pointer(object, layout->element_iterator.parent_stack);
    uint64_t used = object_unsigned(object, layout->element_iterator.parent_stack_used);
    uint32_t stride = layout->element_parent.size;
    for (uint64_t i = 0; at && stride && i < used; i++, at += stride) {
        const void *parent = image_pin(decode->image, at, stride);
        if (!parent) {
            decode_damage(decode, "absent", "Element iterator", at);
            break;
        }
        reference_add(decode, field_pointer(parent, layout->element_parent.parent),
                      REFERENCE_STRONG, LABEL_ITEM, i);
    }
    fields_references(decode, object, element_iterator_fields,
                      sizeof element_iterator_fields / sizeof *element_iterator_fields);
}

static void element_iterator_measure(struct decode *decode, const struct object *object,
                                     struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->element_iterator.parent_stack),
                     object_unsigned(object, layout->element_iterator.parent_stack_size),
                     layout->element_parent.size, "Element iterator");
}

static const struct decoder element_iterator_decoder = {
    .name = "element_iterator",
    .types = TYPES("_elementtree._element_iterator"),
    .least_size = element_iterator_least_size,
    .references = element_iterator_references,
    .measure = element_iterator_measure,
};

/* ---- builders and parsers -------------------------------------------------------------------- */

FIELDS_DECODER(tree_builder, TYPES("xml.etree.ElementTree.TreeBuilder"),
               OWNS(tree_builder, root, REFERENCE_STRONG, "->root"),
               OWNS(tree_builder, this, REFERENCE_STRONG, "->this"),
               OWNS(tree_builder, last, REFERENCE_STRONG, "->last"),
               OWNS(tree_builder, last_for_tail, REFERENCE_STRONG, "->last_for_tail"),
               OWNS(tree_builder, data, REFERENCE_STRONG, "->data"),
               OWNS(tree_builder, stack, REFERENCE_STRONG, "->stack"),
               OWNS(tree_builder, element_factory, REFERENCE_STRONG, "->element_factory"),
               OWNS(tree_builder, comment_factory, REFERENCE_STRONG, "->comment_factory"),
               OWNS(tree_builder, pi_factory, REFERENCE_STRONG, "->pi_factory"),
               OWNS(tree_builder, events_append, REFERENCE_STRONG, "->events_append"),
               OWNS(tree_builder, start_event_obj, REFERENCE_STRONG, "->start_event_obj"),
               OWNS(tree_builder, end_event_obj, REFERENCE_STRONG, "->end_event_obj"),
               OWNS(tree_builder, start_ns_event_obj, REFERENCE_STRONG, "->start_ns_event_obj"),
               OWNS(tree_builder, end_ns_event_obj, REFERENCE_STRONG, "->end_ns_event_obj"),
               OWNS(tree_builder, comment_event_obj, REFERENCE_STRONG, "->comment_event_obj"),
               OWNS(tree_builder, pi_event_obj, REFERENCE_STRONG, "->pi_event_obj"));

FIELDS_DECODER(xml_parser, TYPES("xml.etree.ElementTree.XMLParser"),
               OWNS(xml_parser, target, REFERENCE_STRONG, ".target"),
               OWNS(xml_parser, entity, REFERENCE_STRONG, ".entity"),
               OWNS(xml_parser, names, REFERENCE_STRONG, "->names"),
               OWNS(xml_parser, handle_start_ns, REFERENCE_STRONG, "->handle_start_ns"),
               OWNS(xml_parser, handle_end_ns, REFERENCE_STRONG, "->handle_end_ns"),
               OWNS(xml_parser, handle_start, REFERENCE_STRONG, "->handle_start"),
               OWNS(xml_parser, handle_data, REFERENCE_STRONG, "->handle_data"),
               OWNS(xml_parser, handle_end, REFERENCE_STRONG, "->handle_end"),
               OWNS(xml_parser, handle_comment, REFERENCE_STRONG, "->handle_comment"),
               OWNS(xml_parser, handle_pi, REFERENCE_STRONG, "->handle_pi"),
               OWNS(xml_parser, handle_doctype, REFERENCE_STRONG, "->handle_doctype"),
               OWNS(xml_parser, handle_close, REFERENCE_STRONG, "->handle_close"),
               OWNS(xml_parser, elementtree_module, REFERENCE_UNTRAVERSED, "->elementtree_module"));

/* One pointer for each entry of handler_info in Modules/pyexpat.c, the same from 3.8 on. */
enum { EXPAT_HANDLERS = 22 };

FIELDS(expat_parser, OWNS(expat_parser, parent, REFERENCE_STRONG, "->parent"), /* 3.14+ */
       OWNS(expat_parser, intern, REFERENCE_UNTRAVERSED, ".intern"));

static void expat_parser_all_references(struct decode *decode, const struct object *object) {
    expat_parser_references(decode, object);
    uint64_t handlers = object_pointer(object, decode->layout->expat_parser.handlers);
    if (handlers)
        reference_array(decode, handlers, EXPAT_HANDLERS, REFERENCE_STRONG, "xmlparser");
}

static void expat_parser_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->expat_parser.buffer),
                     object_unsigned(object, layout->expat_parser.buffer_size), 1, "xmlparser");
    buffer_add_array(decode, object_pointer(object, layout->expat_parser.handlers), EXPAT_HANDLERS,
                     8, "xmlparser");
}

static const struct decoder expat_parser_decoder = {
    .name = "expat_parser",
    .types = TYPES("pyexpat.xmlparser"),
    .least_size = expat_parser_least_size,
    .references = expat_parser_all_references,
    .measure = expat_parser_measure,
};

extern const struct decoder *const xml_decoders[];
const struct decoder *const xml_decoders[] = {
    &element_decoder,    &element_iterator_decoder, &tree_builder_decoder,
    &xml_parser_decoder, &expat_parser_decoder,     NULL,
};
