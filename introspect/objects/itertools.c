/* itertools (Modules/itertoolsmodule.c). */
#include "introspect/objects/fields.h"

FIELDS_DECODER(accumulate, TYPES("itertools.accumulate"),
               OWNS(accumulate, total, REFERENCE_STRONG, "->total"),
               OWNS(accumulate, it, REFERENCE_STRONG, "->it"),
               OWNS(accumulate, binop, REFERENCE_STRONG, "->binop"),
               OWNS(accumulate, initial, REFERENCE_STRONG, "->initial"));

FIELDS_DECODER(batched, TYPES("itertools.batched"), OWNS(batched, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(chain, TYPES("itertools.chain"), OWNS(chain, source, REFERENCE_STRONG, "->source"),
               OWNS(chain, active, REFERENCE_STRONG, "->active"));

FIELDS_DECODER(compress, TYPES("itertools.compress"),
               OWNS(compress, data, REFERENCE_STRONG, "->data"),
               OWNS(compress, selectors, REFERENCE_STRONG, "->selectors"));

FIELDS_DECODER(count, TYPES("itertools.count"),
               OWNS(count, long_cnt, REFERENCE_STRONG, "->long_cnt"),
               OWNS(count, long_step, REFERENCE_STRONG, "->long_step"));

FIELDS_DECODER(cycle, TYPES("itertools.cycle"), OWNS(cycle, it, REFERENCE_STRONG, "->it"),
               OWNS(cycle, saved, REFERENCE_STRONG, "->saved"));

FIELDS_DECODER(dropwhile, TYPES("itertools.dropwhile"),
               OWNS(dropwhile, func, REFERENCE_STRONG, "->func"),
               OWNS(dropwhile, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(filterfalse, TYPES("itertools.filterfalse"),
               OWNS(filterfalse, func, REFERENCE_STRONG, "->func"),
               OWNS(filterfalse, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(groupby, TYPES("itertools.groupby"), OWNS(groupby, it, REFERENCE_STRONG, "->it"),
               OWNS(groupby, keyfunc, REFERENCE_STRONG, "->keyfunc"),
               OWNS(groupby, tgtkey, REFERENCE_STRONG, "->tgtkey"),
               OWNS(groupby, currkey, REFERENCE_STRONG, "->currkey"),
               OWNS(groupby, currvalue, REFERENCE_STRONG, "->currvalue"));

FIELDS_DECODER(grouper, TYPES("itertools._grouper"),
               OWNS(grouper, parent, REFERENCE_STRONG, "->parent"),
               OWNS(grouper, tgtkey, REFERENCE_STRONG, "->tgtkey"));

FIELDS_DECODER(islice, TYPES("itertools.islice"), OWNS(islice, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(pairwise, TYPES("itertools.pairwise"), OWNS(pairwise, it, REFERENCE_STRONG, "->it"),
               OWNS(pairwise, old, REFERENCE_STRONG, "->old"),
               OWNS(pairwise, result, REFERENCE_STRONG, "->result"));

FIELDS_DECODER(repeat, TYPES("itertools.repeat"),
               OWNS(repeat, element, REFERENCE_STRONG, "->element"));

FIELDS_DECODER(starmap, TYPES("itertools.starmap"), OWNS(starmap, func, REFERENCE_STRONG, "->func"),
               OWNS(starmap, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(takewhile, TYPES("itertools.takewhile"),
               OWNS(takewhile, func, REFERENCE_STRONG, "->func"),
               OWNS(takewhile, it, REFERENCE_STRONG, "->it"));

FIELDS_DECODER(tee, TYPES("itertools._tee"), OWNS(tee, dataobj, REFERENCE_STRONG, "->dataobj"));

FIELDS_DECODER(zip_longest, TYPES("itertools.zip_longest"),
               OWNS(zip_longest, ittuple, REFERENCE_STRONG, "->ittuple"),
               OWNS(zip_longest, result, REFERENCE_STRONG, "->result"),
               OWNS(zip_longest, fillvalue, REFERENCE_STRONG, "->fillvalue"));

/* ---- tee's shared links: the items that one branch has seen and another has not -------------- */

STRUCTURE_SIZE(tee_dataobject);

static void tee_dataobject_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    reference_field(decode, object, layout->tee_dataobject.it, REFERENCE_STRONG, "->it");
    struct field slot = layout->tee_dataobject.values;
    uint64_t read = object_unsigned(object, layout->tee_dataobject.numread);
    uint64_t room = slot.size ? (layout->tee_dataobject.size - slot.offset) / 8 : 0;
    if (read > room)
        decode_damage(decode, "length", "tee", object->address);
    for (uint64_t i = 0; i < read && i < room; i++, slot.offset += 8)
        reference_add(decode, object_pointer(object, slot), REFERENCE_STRONG, LABEL_ITEM, i);
    reference_field(decode, object, layout->tee_dataobject.nextlink, REFERENCE_STRONG,
                    "->nextlink");
}

static const struct decoder tee_dataobject_decoder = {
    .name = "tee_dataobject",
    .types = TYPES("itertools._tee_dataobject"),
    .least_size = tee_dataobject_least_size,
    .references = tee_dataobject_references,
};

/* ---- those that keep arrays of indices, which __sizeof__ counts ------------------------------ */

FIELDS(product, OWNS(product, pools, REFERENCE_STRONG, "->pools"),
       OWNS(product, result, REFERENCE_STRONG, "->result"));

static void product_measure(struct decode *decode, const struct object *object,
                            struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t pools = remote_item_count(decode, object_pointer(object, layout->product.pools));
    measure->size += buffer_add_array(decode, object_pointer(object, layout->product.indices),
                                      pools, 8, "product");
}

static const struct decoder product_decoder = {
    .name = "product",
    .types = TYPES("itertools.product"),
    .least_size = product_least_size,
    .references = product_references,
    .measure = product_measure,
};

FIELDS(combinations, OWNS(combinations, pool, REFERENCE_STRONG, "->pool"),
       OWNS(combinations, result, REFERENCE_STRONG, "->result"));

static void combinations_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    const struct layout *layout = decode->layout;
    measure->size +=
        buffer_add_array(decode, object_pointer(object, layout->combinations.indices),
                         object_unsigned(object, layout->combinations.r), 8, "combinations");
}

static const struct decoder combinations_decoder = {
    .name = "combinations",
    .types = TYPES("itertools.combinations"),
    .least_size = combinations_least_size,
    .references = combinations_references,
    .measure = combinations_measure,
};

FIELDS(combinations_with_replacement,
       OWNS(combinations_with_replacement, pool, REFERENCE_STRONG, "->pool"),
       OWNS(combinations_with_replacement, result, REFERENCE_STRONG, "->result"));

static void combinations_with_replacement_measure(struct decode *decode,
                                                  const struct object *object,
                                                  struct measure *measure) {
    const struct layout *layout = decode->layout;
    measure->size += buffer_add_array(
        decode, object_pointer(object, layout->combinations_with_replacement.indices),
        object_unsigned(object, layout->combinations_with_replacement.r), 8,
        "combinations_with_replacement");
}

static const struct decoder combinations_with_replacement_decoder = {
    .name = "combinations_with_replacement",
    .types = TYPES("itertools.combinations_with_replacement"),
    .least_size = combinations_with_replacement_least_size,
    .references = combinations_with_replacement_references,
    .measure = combinations_with_replacement_measure,
};

FIELDS(permutations, OWNS(permutations, pool, REFERENCE_STRONG, "->pool"),
       OWNS(permutations, result, REFERENCE_STRONG, "->result"));

static void permutations_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t pool = remote_item_count(decode, object_pointer(object, layout->permutations.pool));
    measure->size += buffer_add_array(decode, object_pointer(object, layout->permutations.indices),
                                      pool, 8, "permutations");
    measure->size +=
        buffer_add_array(decode, object_pointer(object, layout->permutations.cycles),
                         object_unsigned(object, layout->permutations.r), 8, "permutations");
}

static const struct decoder permutations_decoder = {
    .name = "permutations",
    .types = TYPES("itertools.permutations"),
    .least_size = permutations_least_size,
    .references = permutations_references,
    .measure = permutations_measure,
};

extern const struct decoder *const itertools_decoders[];
const struct decoder *const itertools_decoders[] = {
    &accumulate_decoder,
    &batched_decoder,
    &chain_decoder,
    &combinations_decoder,
    &combinations_with_replacement_decoder,
    &compress_decoder,
    &count_decoder,
    &cycle_decoder,
    &dropwhile_decoder,
    &filterfalse_decoder,
    &groupby_decoder,
    &grouper_decoder,
    &islice_decoder,
    &pairwise_decoder,
    &permutations_decoder,
    &product_decoder,
    &repeat_decoder,
    &starmap_decoder,
    &takewhile_decoder,
    &tee_decoder,
    &tee_dataobject_decoder,
    &zip_longest_decoder,
    NULL,
};
