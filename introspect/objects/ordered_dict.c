/* collections.OrderedDict: a dict, a doubly linked list of nodes that own their keys, and a table
 * that leads from the dict's entries to them (Objects/odictobject.c). Its views are those of dict.
 */
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"

STRUCTURE_SIZE(ordered_dict);

typedef void node_visit(struct decode *decode, uint64_t address, const uint8_t *node,
                        uint64_t index);

/* Calls for each node in order. A node whose `prev` does not answer ends the list, so that none is
 * followed for ever. */
static void each_node(struct decode *decode, const struct object *object, node_visit *visit) {
    const struct layout *layout = decode->layout;
    uint64_t address = object_pointer(object, layout->ordered_dict.od_first), previous = 0;
    for (uint64_t index = 0; address; index++) {
        const uint8_t *node = image_pin(decode->image, address, layout->ordered_dict_node.size);
        if (!node || field_pointer(node, layout->ordered_dict_node.prev) != previous) {
            decode_damage(decode, node ? "chain" : "absent", "OrderedDict", address);
            return;
        }
        visit(decode, address, node, index);
        previous = address;
        address = field_pointer(node, layout->ordered_dict_node.next);
    }
}

static void node_reference(struct decode *decode, uint64_t address, const uint8_t *node,
                           uint64_t index) {
    (void)address;
    reference_add(decode, field_pointer(node, decode->layout->ordered_dict_node.key),
                  REFERENCE_STRONG, LABEL_DICT_KEY, index);
}

static void ordered_dict_references(struct decode *decode, const struct object *object) {
    dict_references(decode, object);
    reference_field(decode, object, decode->layout->ordered_dict.od_inst_dict, REFERENCE_STRONG,
                    ".__dict__");
    each_node(decode, object, node_reference);
}

static void node_buffer(struct decode *decode, uint64_t address, const uint8_t *node,
                        uint64_t index) {
    (void)node, (void)index;
    buffer_add(decode, address, decode->layout->ordered_dict_node.size);
}

static void ordered_dict_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    const struct layout *layout = decode->layout;
    dict_measure(decode, object, measure);
    measure->size += buffer_add_array(
        decode, object_pointer(object, layout->ordered_dict.od_fast_nodes),
        object_unsigned(object, layout->ordered_dict.od_fast_nodes_size), 8, "OrderedDict");
    uint64_t bytes;
    if (object_pointer(object, layout->ordered_dict.od_first) &&
        !__builtin_mul_overflow(object_unsigned(object, layout->dict.ma_used),
                                layout->ordered_dict_node.size, &bytes))
        measure->size += bytes;
    if (decode->buffer)
        each_node(decode, object, node_buffer);
}

static void ordered_dict_preview(struct decode *decode, const struct object *object,
                                 struct strbuf *out) {
    preview_count(out, '{', object_unsigned(object, decode->layout->dict.ma_used), "item", '}');
}

static const struct decoder ordered_dict_decoder = {
    .name = "ordered_dict",
    .types = TYPES("collections.OrderedDict"),
    .least_size = ordered_dict_least_size,
    .references = ordered_dict_references,
    .measure = ordered_dict_measure,
    .preview = ordered_dict_preview,
};

FIELDS_DECODER(ordered_dict_iterator, TYPES("odict_iterator"),
               OWNS(ordered_dict_iterator, di_odict, REFERENCE_STRONG, "->di_odict"),
               OWNS(ordered_dict_iterator, di_current, REFERENCE_STRONG, "->di_current"),
               OWNS(ordered_dict_iterator, di_result, REFERENCE_STRONG, "->di_result"));

extern const struct decoder *const ordered_dict_decoders[];
const struct decoder *const ordered_dict_decoders[] = {
    &ordered_dict_decoder,
    &ordered_dict_iterator_decoder,
    NULL,
};
