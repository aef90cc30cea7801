/* Types of few words: they own a dict, a few fields or nothing at all. */
#include "introspect/objects/fields.h"

FIELDS_DECODER(namespace, TYPES("types.SimpleNamespace"),
               OWNS(namespace, ns_dict, REFERENCE_STRONG, ".__dict__"));

/* What `lazy import` leaves in a namespace until somebody looks (Objects/lazyimportobject.c, 3.15). */
FIELDS_DECODER(lazy_import, TYPES("lazy_import"),
               OWNS(lazy_import, lz_builtins, REFERENCE_STRONG, "->lz_builtins"),
               OWNS(lazy_import, lz_from, REFERENCE_STRONG, "->lz_from"),
               OWNS(lazy_import, lz_attr, REFERENCE_STRONG, "->lz_attr"),
               OWNS(lazy_import, lz_code, REFERENCE_STRONG, "->lz_code"));

/* Since 3.13 those who make a capsule may have it visit what lies at its pointer
 * (Objects/capsule.c: _PyCapsule_SetTraverse): types, as a rule, in its first words. */
enum { CAPSULE_WORDS = 4 };

static void capsule_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t address = object_pointer(object, layout->capsule.pointer);
    if (!object_pointer(object, layout->capsule.traverse_func))
        return;
    const uint8_t *words = image_pin(decode->image, address, CAPSULE_WORDS * 8);
    for (uint64_t i = 0; words && i < CAPSULE_WORDS; i++)
        reference_add(decode, load_u64(words + i * 8), REFERENCE_STRONG | REFERENCE_GUESSED,
                      LABEL_OFFSET, i * 8);
}

static void capsule_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    char name[72];
    uint64_t address = object_pointer(object, decode->layout->capsule.name);
    if (address && image_read_string(decode->image, address, name, sizeof name))
        strbuf_add_escaped(out, name, strlen(name), sizeof name);
}

STRUCTURE_SIZE(capsule);

static const struct decoder capsule_decoder = {
    .name = "capsule",
    .types = TYPES("PyCapsule"),
    .least_size = capsule_least_size,
    .references = capsule_references,
    .preview = capsule_preview,
};

/* A block of the compiler's table of names, alive while it compiles (Python/symtable.c). */
FIELDS_DECODER(symbol_table_entry, TYPES("symtable entry"),
               OWNS(symbol_table_entry, ste_id, REFERENCE_UNTRAVERSED, ".id"),
               OWNS(symbol_table_entry, ste_symbols, REFERENCE_UNTRAVERSED, ".symbols"),
               OWNS(symbol_table_entry, ste_name, REFERENCE_UNTRAVERSED, ".name"),
               OWNS(symbol_table_entry, ste_varnames, REFERENCE_UNTRAVERSED, ".varnames"),
               OWNS(symbol_table_entry, ste_children, REFERENCE_UNTRAVERSED, ".children"),
               OWNS(symbol_table_entry, ste_directives, REFERENCE_UNTRAVERSED, "->ste_directives"),
               OWNS(symbol_table_entry, ste_mangled_names, REFERENCE_UNTRAVERSED,
                    "->ste_mangled_names"));

static void nothing_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    (void)decode;
    (void)object;
    strbuf_puts(out, "None");
}

static const struct decoder none_decoder = {
    .name = "None",
    .types = TYPES("NoneType"),
    .preview = nothing_preview,
};

/* Structures without a pointer to any object. */
static const struct decoder nothing_decoder = {
    .name = "nothing",
    .types =
        TYPES("ellipsis", "NotImplementedType", "NoDefaultType", "EncodingMap", "stderrprinter",
              "InterpreterID", "Token.MISSING", "<dummy key>", "sys.legacy_event_handler"),
};

extern const struct decoder *const plain_decoders[];
const struct decoder *const plain_decoders[] = {&namespace_decoder,
                                                &lazy_import_decoder,
                                                &capsule_decoder,
                                                &symbol_table_entry_decoder,
                                                &none_decoder,
                                                &nothing_decoder,
                                                NULL};
