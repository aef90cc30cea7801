/* pickle: picklers and unpicklers with their memos (Modules/_pickle.c). */
#include "introspect/objects/fields.h"

/* ---- Pickler: its memo is an open hash table, in two blocks ---------------------------------- */

static const struct pointer_field pickler_fields[] = {
    OWNS(pickler, write, REFERENCE_STRONG, "->write"),
    OWNS(pickler, persistent_id, REFERENCE_STRONG, ".persistent_id"),
    OWNS(pickler, dispatch_table, REFERENCE_STRONG, ".dispatch_table"),
    OWNS(pickler, fast_memo, REFERENCE_STRONG, "->fast_memo"),
    OWNS(pickler, reducer_override, REFERENCE_STRONG, ".reducer_override"),
    OWNS(pickler, buffer_callback, REFERENCE_STRONG, "->buffer_callback"),
    OWNS(pickler, output_buffer, REFERENCE_UNTRAVERSED, "->output_buffer"),
};

STRUCTURE_SIZE(pickler);

struct memo_table {
    uint64_t address, entries, count;
};

static struct memo_table memo_table_read(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    struct memo_table table = {.address = object_pointer(object, layout->pickler.memo)};
    table.entries = remote_unsigned(decode, table.address, layout->pickle_memo_table.mt_table);
    table.count = remote_unsigned(decode, table.address, layout->pickle_memo_table.mt_allocated);
    return table;
}

static void pickler_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, pickler_fields,
                      sizeof pickler_fields / sizeof *pickler_fields);
    struct memo_table table = memo_table_read(decode, object);
    uint64_t at = table.entries;
    for (uint64_t i = 0; at && i < table.count; i++, at += layout->pickle_memo_entry.size) {
        const void *entry = image_pin(decode->image, at, layout->pickle_memo_entry.size);
        if (!entry || !layout->pickle_memo_entry.size) {
            decode_damage(decode, "absent", "Pickler", at);
            return;
        }
        reference_add(decode, field_pointer(entry, layout->pickle_memo_entry.me_key),
                      REFERENCE_STRONG, LABEL_ITEM, i);
    }
}

static void pickler_measure(struct decode *decode, const struct object *object,
                            struct measure *measure) {
    const struct layout *layout = decode->layout;
    struct memo_table table = memo_table_read(decode, object);
    measure->size +=
        buffer_add_array(decode, table.address, 1, layout->pickle_memo_table.size, "Pickler");
    measure->size += buffer_add_array(decode, table.entries, table.count,
                                      layout->pickle_memo_entry.size, "Pickler");
    measure->size += remote_size(decode, object_pointer(object, layout->pickler.output_buffer));
}

static const struct decoder pickler_decoder = {
    .name = "pickler",
    .types = TYPES("_pickle.Pickler"),
    .least_size = pickler_least_size,
    .references = pickler_references,
    .measure = pickler_measure,
};

/* ---- Unpickler: its memo is an array --------------------------------------------------------- */

static const struct pointer_field unpickler_fields[] = {
    OWNS(unpickler, readline, REFERENCE_STRONG, "->readline"),
    OWNS(unpickler, readinto, REFERENCE_STRONG, "->readinto"),
    OWNS(unpickler, read, REFERENCE_STRONG, "->read"),
    OWNS(unpickler, peek, REFERENCE_STRONG, "->peek"),
    OWNS(unpickler, stack, REFERENCE_STRONG, "->stack"),
    OWNS(unpickler, persistent_load, REFERENCE_STRONG, ".persistent_load"),
    OWNS(unpickler, buffers, REFERENCE_STRONG, "->buffers"),
    OWNS(unpickler, buffer_obj, REFERENCE_UNTRAVERSED, "->buffer.obj"),
};

STRUCTURE_SIZE(unpickler);

static void unpickler_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, unpickler_fields,
                      sizeof unpickler_fields / sizeof *unpickler_fields);
    uint64_t memo = object_pointer(object, layout->unpickler.memo);
    if (memo)
        reference_array(decode, memo, object_unsigned(object, layout->unpickler.memo_size),
                        REFERENCE_STRONG, "Unpickler");
}

static void unpickler_measure(struct decode *decode, const struct object *object,
                              struct measure *measure) {
    const struct layout *layout = decode->layout;
    measure->size +=
        buffer_add_array(decode, object_pointer(object, layout->unpickler.memo),
                         object_unsigned(object, layout->unpickler.memo_size), 8, "Unpickler");
    measure->size +=
        buffer_add_array(decode, object_pointer(object, layout->unpickler.marks),
                         object_unsigned(object, layout->unpickler.marks_size), 8, "Unpickler");
    measure->size +=
        buffer_add_string(decode, object_pointer(object, layout->unpickler.input_line));
    measure->size += buffer_add_string(decode, object_pointer(object, layout->unpickler.encoding));
    measure->size += buffer_add_string(decode, object_pointer(object, layout->unpickler.errors));
}

static const struct decoder unpickler_decoder = {
    .name = "unpickler",
    .types = TYPES("_pickle.Unpickler"),
    .least_size = unpickler_least_size,
    .references = unpickler_references,
    .measure = unpickler_measure,
};

/* ---- the unpickler's stack: its items are visited by nobody ---------------------------------- */

STRUCTURE_SIZE(pickle_data);

static void pickle_data_references(struct decode *decode, const struct object *object) {
    reference_array(decode, object_pointer(object, decode->layout->pickle_data.data),
                    object_item_count(decode, object), REFERENCE_UNTRAVERSED, "Pdata");
}

static void pickle_data_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->pickle_data.data),
                     object_unsigned(object, layout->pickle_data.allocated), 8, "Pdata");
}

static const struct decoder pickle_data_decoder = {
    .name = "pickle_data",
    .types = TYPES("_pickle.Pdata"),
    .least_size = pickle_data_least_size,
    .references = pickle_data_references,
    .measure = pickle_data_measure,
};

FIELDS_DECODER(pickler_memo_proxy, TYPES("_pickle.PicklerMemoProxy"),
               OWNS(pickler_memo_proxy, pickler, REFERENCE_STRONG, "->pickler"));

FIELDS_DECODER(unpickler_memo_proxy, TYPES("_pickle.UnpicklerMemoProxy"),
               OWNS(unpickler_memo_proxy, unpickler, REFERENCE_STRONG, "->unpickler"));

extern const struct decoder *const pickle_decoders[];
const struct decoder *const pickle_decoders[] = {
    &pickler_decoder,
    &unpickler_decoder,
    &pickle_data_decoder,
    &pickler_memo_proxy_decoder,
    &unpickler_memo_proxy_decoder,
    NULL,
};
