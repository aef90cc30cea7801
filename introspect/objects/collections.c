/* collections: deque, its iterators, defaultdict, the getters of namedtuples
 * (Modules/_collectionsmodule.c). OrderedDict is in ordered_dict.c. */
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"

/* ---- deque: a doubly linked list of blocks of 64 items each ---------------------------------- */

STRUCTURE_SIZE(deque);

static uint64_t block_length(const struct layout *layout) {
    return (layout->deque_block.rightlink.offset - layout->deque_block.data.offset) / 8;
}

/* How many blocks the items of a deque span, as deque.__sizeof__ reckons. */
static uint64_t block_count(const struct decode *decode, const struct object *object) {
    uint64_t length = block_length(decode->layout);
    uint64_t first = object_unsigned(object, decode->layout->deque.leftindex);
    uint64_t count;
    if (!length || first >= length ||
        __builtin_add_overflow(object_item_count(decode, object), first + length - 1, &count))
        return 0;
    return count / length;
}

/* Calls for each block in order, with the index of its first item that is in use. A list whose
 * links do not answer each other is followed no further, so that none is followed for ever. */
typedef void block_visit(struct decode *decode, uint64_t address, const uint8_t *block,
                         uint64_t first_index, uint64_t index, uint64_t count);

static void each_block(struct decode *decode, const struct object *object, block_visit *visit) {
    const struct layout *layout = decode->layout;
    uint64_t length = block_length(layout), blocks = block_count(decode, object);
    uint64_t left = object_item_count(decode, object), index = 0;
    uint64_t first = object_unsigned(object, layout->deque.leftindex);
    uint64_t address = object_pointer(object, layout->deque.leftblock), previous = 0;
    uint64_t start = address;
    if (!blocks)
        decode_damage(decode, "length", "deque", object->address);
    for (uint64_t i = 0; i < blocks; i++) {
        const uint8_t *block = image_pin(decode->image, address, layout->deque_block.size);
        if (!block ||
            (previous && (address == start ||
                          field_pointer(block, layout->deque_block.leftlink) != previous))) {
            decode_damage(decode, block ? "chain" : "absent", "deque", address);
            return;
        }
        uint64_t count = length - first < left ? length - first : left;
        visit(decode, address, block, first, index, count);
        index += count;
        left -= count;
        first = 0;
        previous = address;
        address = field_pointer(block, layout->deque_block.rightlink);
    }
}

static void block_references(struct decode *decode, uint64_t address, const uint8_t *block,
                             uint64_t first_index, uint64_t index, uint64_t count) {
    (void)address;
    const uint8_t *items = block + decode->layout->deque_block.data.offset;
    for (uint64_t i = 0; i < count; i++)
        reference_add(decode, load_u64(items + (first_index + i) * 8), REFERENCE_STRONG, LABEL_ITEM,
                      index + i);
}

static void deque_references(struct decode *decode, const struct object *object) {
    each_block(decode, object, block_references);
}

static void block_buffer(struct decode *decode, uint64_t address, const uint8_t *block,
                         uint64_t first_index, uint64_t index, uint64_t count) {
    (void)block, (void)first_index, (void)index, (void)count;
    buffer_add(decode, address, decode->layout->deque_block.size);
}

/* __sizeof__ counts the blocks in use; freed ones that the deque keeps (3.11+) are its memory too.
 */
static void deque_measure(struct decode *decode, const struct object *object,
                          struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t bytes;
    if (!__builtin_mul_overflow(block_count(decode, object), layout->deque_block.size, &bytes))
        measure->size += bytes;
    if (!decode->buffer)
        return;
    each_block(decode, object, block_buffer);
    struct field slot = layout->deque.freeblocks;
    uint64_t kept = object_unsigned(object, layout->deque.numfreeblocks);
    for (uint64_t i = 0; i < kept && slot.size && slot.offset + 8u <= layout->deque.size; i++) {
        buffer_add(decode, object_pointer(object, slot), layout->deque_block.size);
        slot.offset += 8;
    }
}

static void deque_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    preview_count(out, '[', object_item_count(decode, object), "item", ']');
}

static const struct decoder deque_decoder = {
    .name = "deque",
    .types = TYPES("collections.deque"),
    .least_size = deque_least_size,
    .references = deque_references,
    .measure = deque_measure,
    .preview = deque_preview,
};

FIELDS_DECODER(deque_iterator,
               TYPES("_collections._deque_iterator", "_collections._deque_reverse_iterator",
                     "collections._deque_iterator", "collections._deque_reverse_iterator"),
               OWNS(deque_iterator, deque, REFERENCE_STRONG, "->deque"));

/* ---- defaultdict: a dict with a factory ------------------------------------------------------ */

STRUCTURE_SIZE(defaultdict);

static void defaultdict_references(struct decode *decode, const struct object *object) {
    reference_field(decode, object, decode->layout->defaultdict.default_factory, REFERENCE_STRONG,
                    ".default_factory");
    dict_references(decode, object);
}

static void defaultdict_preview(struct decode *decode, const struct object *object,
                                struct strbuf *out) {
    preview_count(out, '{', object_unsigned(object, decode->layout->dict.ma_used), "item", '}');
}

static const struct decoder defaultdict_decoder = {
    .name = "defaultdict",
    .types = TYPES("collections.defaultdict"),
    .least_size = defaultdict_least_size,
    .references = defaultdict_references,
    .measure = dict_measure,
    .preview = defaultdict_preview,
};

/* ---- the getters of namedtuples -------------------------------------------------------------- */

FIELDS_DECODER(tuplegetter, TYPES("_collections._tuplegetter", "collections._tuplegetter"),
               OWNS(tuplegetter, doc, REFERENCE_STRONG, ".__doc__"));

extern const struct decoder *const collections_decoders[];
const struct decoder *const collections_decoders[] = {
    &deque_decoder, &deque_iterator_decoder, &defaultdict_decoder, &tuplegetter_decoder, NULL,
};
