/* sqlite3 (Modules/_sqlite/). What SQLite itself allocates is nobody's here. */
#include "introspect/objects/fields.h"

/* Up to 3.9 these types are static and not of the GC. */

/* ---- connections: callbacks are blocks that own a function and its module -------------------- */

static const struct pointer_field sqlite_connection_fields[] = {
    OWNS(sqlite_connection, statement_cache, REFERENCE_STRONG, "->statement_cache"),
    OWNS(sqlite_connection, cursors, REFERENCE_STRONG, "->cursors"),
    OWNS(sqlite_connection, blobs, REFERENCE_STRONG, "->blobs"),
    OWNS(sqlite_connection, row_factory, REFERENCE_STRONG, ".row_factory"),
    OWNS(sqlite_connection, text_factory, REFERENCE_STRONG, ".text_factory"),
    /* up to 3.10 */
    OWNS(sqlite_connection, statements, REFERENCE_STRONG, "->statements"),
    OWNS(sqlite_connection, trace_callback, REFERENCE_STRONG, "->trace_callback"),
    OWNS(sqlite_connection, progress_handler, REFERENCE_STRONG, "->progress_handler"),
    OWNS(sqlite_connection, authorizer_callback, REFERENCE_STRONG, "->authorizer_callback"),
    OWNS(sqlite_connection, collations, REFERENCE_STRONG, "->collations"),
};

static const struct pointer_field sqlite_callback_fields[] = {
    OWNS(sqlite_callback, callable, REFERENCE_STRONG, "->callable"),
    OWNS(sqlite_callback, module, REFERENCE_STRONG, "->module"),
};

STRUCTURE_SIZE(sqlite_connection);

enum { CALLBACKS = 3 };

static void callbacks(const struct decode *decode, const struct object *object,
                      uint64_t addresses[CALLBACKS]) {
    const struct layout *layout = decode->layout;
    addresses[0] = object_pointer(object, layout->sqlite_connection.trace_ctx);
    addresses[1] = object_pointer(object, layout->sqlite_connection.progress_ctx);
    addresses[2] = object_pointer(object, layout->sqlite_connection.authorizer_ctx);
}

static void sqlite_connection_references(struct decode *decode, const struct object *object) {
    uint32_t size = decode->layout->sqlite_callback.size;
    fields_references(decode, object, sqlite_connection_fields,
                      sizeof sqlite_connection_fields / sizeof *sqlite_connection_fields);
    if (layout_has(decode->layout->sqlite_connection.collations)) /* later a C string */
        reference_field(decode, object, decode->layout->sqlite_connection.isolation_level,
                        fields_properties(object, REFERENCE_STRONG), ".isolation_level");
    uint64_t addresses[CALLBACKS];
    callbacks(decode, object, addresses);
    for (int i = 0; i < CALLBACKS; i++) {
        const uint8_t *callback =
            addresses[i] && size ? image_pin(decode->image, addresses[i], size) : NULL;
        if (callback)
            fields_references_of(decode, object, callback, size, sqlite_callback_fields,
                                 sizeof sqlite_callback_fields / sizeof *sqlite_callback_fields);
        else if (addresses[i])
            decode_damage(decode, "absent", "sqlite3.Connection", addresses[i]);
    }
}

static void sqlite_connection_measure(struct decode *decode, const struct object *object,
                                      struct measure *measure) {
    (void)measure;
    uint64_t addresses[CALLBACKS];
    callbacks(decode, object, addresses);
    for (int i = 0; i < CALLBACKS; i++)
        buffer_add_array(decode, addresses[i], 1, decode->layout->sqlite_callback.size,
                         "sqlite3.Connection");
}

static const struct decoder sqlite_connection_decoder = {
    .name = "sqlite_connection",
    .types = TYPES("sqlite3.Connection"),
    .least_size = sqlite_connection_least_size,
    .references = sqlite_connection_references,
    .measure = sqlite_connection_measure,
};

FIELDS_DECODER(sqlite_cursor, TYPES("sqlite3.Cursor"),
               OWNS(sqlite_cursor, connection, REFERENCE_STRONG, ".connection"),
               OWNS(sqlite_cursor, description, REFERENCE_STRONG, ".description"),
               OWNS(sqlite_cursor, row_cast_map, REFERENCE_STRONG, "->row_cast_map"),
               OWNS(sqlite_cursor, lastrowid, REFERENCE_STRONG, ".lastrowid"),
               OWNS(sqlite_cursor, row_factory, REFERENCE_STRONG, ".row_factory"),
               OWNS(sqlite_cursor, statement, REFERENCE_STRONG, "->statement"),
               OWNS(sqlite_cursor, next_row, REFERENCE_STRONG, "->next_row"));

FIELDS_DECODER(sqlite_row, TYPES("sqlite3.Row"), OWNS(sqlite_row, data, REFERENCE_STRONG, "->data"),
               OWNS(sqlite_row, description, REFERENCE_STRONG, "->description"));

FIELDS_DECODER(sqlite_statement, TYPES("sqlite3.Statement"),
               OWNS(sqlite_statement, sql, REFERENCE_STRONG, "->sql"));

/* ---- the cache of statements, up to 3.10: it holds each node once more than its dict does ---- */

enum { MAX_NODES = 1 << 16 };

STRUCTURE_SIZE(sqlite_cache);

static void sqlite_cache_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    unsigned properties = fields_properties(object, REFERENCE_STRONG);
    bool owns_factory = object_unsigned(object, layout->sqlite_cache.decref_factory);
    reference_field(decode, object, layout->sqlite_cache.mapping, properties, "->mapping");
    reference_field(decode, object, layout->sqlite_cache.factory,
                    owns_factory ? properties : REFERENCE_WEAK, "->factory");
    uint64_t node = object_pointer(object, layout->sqlite_cache.first);
    for (int i = 0; node && i < MAX_NODES; i++) {
        reference_add(decode, node, properties, LABEL_ITEM, (uint64_t)i);
        node = remote_unsigned(decode, node, layout->sqlite_node.next);
    }
}

static const struct decoder sqlite_cache_decoder = {
    .name = "sqlite_cache",
    .types = TYPES("sqlite3.Cache", "sqlite3Cache"),
    .least_size = sqlite_cache_least_size,
    .references = sqlite_cache_references,
};

FIELDS_DECODER(sqlite_node, TYPES("sqlite3.Node", "sqlite3Node"),
               OWNS(sqlite_node, key, REFERENCE_STRONG, "->key"),
               OWNS(sqlite_node, data, REFERENCE_STRONG, "->data"));

FIELDS_DECODER(sqlite_blob, TYPES("sqlite3.Blob"),
               OWNS(sqlite_blob, connection, REFERENCE_STRONG, "->connection"));

PLAIN_DECODER(sqlite_prepare_protocol, TYPES("sqlite3.PrepareProtocol"), NULL);

extern const struct decoder *const sqlite_decoders[];
const struct decoder *const sqlite_decoders[] = {
    &sqlite_connection_decoder,
    &sqlite_cursor_decoder,
    &sqlite_row_decoder,
    &sqlite_statement_decoder,
    &sqlite_cache_decoder,
    &sqlite_node_decoder,
    &sqlite_blob_decoder,
    &sqlite_prepare_protocol_decoder,
    NULL,
};
