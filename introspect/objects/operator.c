/* operator: itemgetter, attrgetter, methodcaller (Modules/_operator.c). */
#include "introspect/objects/fields.h"

FIELDS_DECODER(itemgetter, TYPES("operator.itemgetter"),
               OWNS(itemgetter, item, REFERENCE_STRONG, "->item"));

FIELDS_DECODER(attrgetter, TYPES("operator.attrgetter"),
               OWNS(attrgetter, attr, REFERENCE_STRONG, "->attr"));

static const struct pointer_field methodcaller_fields[] = {
    OWNS(methodcaller, name, REFERENCE_STRONG, "->name"),
    OWNS(methodcaller, args, REFERENCE_STRONG, "->args"),
    OWNS(methodcaller, kwds, REFERENCE_STRONG, "->kwds"),
};

STRUCTURE_SIZE(methodcaller);

/* What the first call prepares (3.13+): until then vectorcall_kwnames holds no value at all. */
static void methodcaller_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, methodcaller_fields,
                      sizeof methodcaller_fields / sizeof *methodcaller_fields);
    if (layout->trait.methodcaller_tuple)
        reference_field(decode, object, layout->methodcaller.vectorcall_args, REFERENCE_STRONG,
                        "->vectorcall_args");
    if (object_pointer(object, layout->methodcaller.vectorcall_args))
        reference_field(decode, object, layout->methodcaller.vectorcall_kwnames,
                        REFERENCE_UNTRAVERSED, "->vectorcall_kwnames");
}

/* The arguments of the call are borrowed from args and kwds. */
static void methodcaller_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    if (layout->trait.methodcaller_tuple)
        return;
    uint64_t positional =
        remote_item_count(decode, object_pointer(object, layout->methodcaller.args));
    uint64_t named = remote_unsigned(decode, object_pointer(object, layout->methodcaller.kwds),
                                     layout->dict.ma_used);
    buffer_add_array(decode, object_pointer(object, layout->methodcaller.vectorcall_args),
                     positional + named, 8, "methodcaller");
}

static const struct decoder methodcaller_decoder = {
    .name = "methodcaller",
    .types = TYPES("operator.methodcaller"),
    .least_size = methodcaller_least_size,
    .references = methodcaller_references,
    .measure = methodcaller_measure,
};

extern const struct decoder *const operator_decoders[];
const struct decoder *const operator_decoders[] = {
    &itemgetter_decoder,
    &attrgetter_decoder,
    &methodcaller_decoder,
    NULL,
};
