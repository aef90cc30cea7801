/* Structures of objects: of a type that is exported, tp_basicsize tells how big its objects are. The types of
 * the other structures are met later, in the image: a decoder is then taken only where the sizes agree
 * (introspect/heap/type_table.c). */
#include "introspect/layout/derive.h"
#include "introspect/layout/type_flags.h"

#include <stdio.h>

/* What a type's tp_basicsize is, in terms of the layout. */
enum measured {
    WHOLE,     /* the structure */
    UP_TO,     /* the offset of the field: an array of items */
    UP_TO_ONE, /* that and one byte: bytes have a NUL behind their last */
};

struct exported_type {
    const char *symbol;
    const char *field; /* or the structure */
    enum measured measured;
};

static const struct exported_type exported[] = {
    {"PyType_Type", "heap_type", WHOLE},
    {"PyBaseObject_Type", "object", WHOLE},
    {"PyDict_Type", "dict", WHOLE},
    {"PyUnicode_Type", "unicode", WHOLE},
    {"PyList_Type", "list", WHOLE},
    {"PyTuple_Type", "tuple.ob_item", UP_TO},
    {"PySet_Type", "set", WHOLE},
    {"PyBytes_Type", "bytes.ob_sval", UP_TO_ONE},
    {"PyByteArray_Type", "bytearray", WHOLE},
    {"PyLong_Type", "integer.ob_digit", UP_TO},
    {"PyFloat_Type", "float_object", WHOLE},
    {"PyComplex_Type", "complex_object", WHOLE},
    {"PyModule_Type", "module", WHOLE},
    {"PyFunction_Type", "function", WHOLE},
    {"PyMethod_Type", "method", WHOLE},
    {"PyCFunction_Type", "c_function", WHOLE},
    {"PyCell_Type", "cell", WHOLE},
    {"PyProperty_Type", "property", WHOLE},
    {"PySlice_Type", "slice", WHOLE},
};

/* Those that self-checks ask for. */
static const char *const live_symbols[LIVE_TYPES] = {
    [LIVE_TYPE] = "PyType_Type",
    [LIVE_OBJECT] = "PyBaseObject_Type",
    [LIVE_DICT] = "PyDict_Type",
    [LIVE_STR] = "PyUnicode_Type",
    [LIVE_LIST] = "PyList_Type",
    [LIVE_TUPLE] = "PyTuple_Type",
    [LIVE_MODULE] = "PyModule_Type",
    [LIVE_CODE] = "PyCode_Type",
    [LIVE_C_FUNCTION] = "PyCFunction_Type",
    [LIVE_CONTEXT] = "PyContext_Type",
};

/* A type object: its type is `type`, it is called that, and its last base is `object`. */
static bool is_type(struct derive *derive, uint64_t type, const char *name) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t base = live_field(live, type, layout->type.tp_base);
    return live_is(live, type, LIVE_TYPE) &&
           live_is_c_string(live, live_field(live, type, layout->type.tp_name), name) &&
           base == (type == live->types[LIVE_OBJECT] ? 0 : live->types[LIVE_OBJECT]);
}

/* `type` is its own type, `dict` says so in its flags and ends its own mro with `object`. */
static bool prove_types(struct derive *derive) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t dict = live->types[LIVE_DICT];
    if (!is_type(derive, live->types[LIVE_TYPE], "type") ||
        !is_type(derive, live->types[LIVE_OBJECT], "object") || !is_type(derive, dict, "dict") ||
        !is_type(derive, live->types[LIVE_LIST], "list"))
        return false;
    uint64_t mro = live_field(live, dict, layout->type.tp_mro);
    uint64_t items = mro + layout->tuple.ob_item.offset;
    if (!(live_field(live, dict, layout->type.tp_flags) & TPFLAGS_DICT_SUBCLASS) ||
        !live_is(live, mro, LIVE_TUPLE) || live_field(live, mro, layout->var_object.ob_size) != 2 ||
        live_word(live, items) != dict || live_word(live, items + 8) != live->types[LIVE_OBJECT])
        return false;
    static const char *const proven[] = {"object.ob_type",    "type.tp_name", "type.tp_base",
                                         "type.tp_flags",     "type.tp_mro",  "type.tp_basicsize",
                                         "var_object.ob_size"};
    for (size_t i = 0; i < sizeof proven / sizeof *proven; i++)
        derive_proven(derive, proven[i], "`type` is its own type, dict a dict");
    return true;
}

static void prove_size(struct derive *derive, const struct exported_type *type, uint64_t address) {
    struct field field;
    if (!address || !layout_look_up(derive->layout, type->field, &field) || !layout_has(field))
        return;
    uint64_t size = live_field(&derive->live, address, derive->layout->type.tp_basicsize);
    uint64_t expected = type->measured == WHOLE   ? field.size
                        : type->measured == UP_TO ? field.offset
                                                  : field.offset + 1;
    char structure[64];
    snprintf(structure, sizeof structure, "%.*s", (int)strcspn(type->field, "."), type->field);
    if (size == expected)
        derive_proven(derive, type->field, "tp_basicsize of its type");
    else
        derive_refuted(derive, structure);
}

/* Frames lie in generators behind all else, up to their variables. */
static void prove_frame_size(struct derive *derive, uint64_t generator) {
    const struct layout *layout = derive->layout;
    uint64_t size = live_field(&derive->live, generator, layout->type.tp_basicsize);
    if (layout_has(layout->generator.gi_iframe) &&
        size == layout->generator.gi_iframe.offset + layout->interpreter_frame.localsplus.offset)
        derive_proven(derive, "interpreter_frame.localsplus", "tp_basicsize of generators");
}

/* The symbols of both lists, and that of generators, behind each other. */
enum {
    EXPORTED = sizeof exported / sizeof *exported,
    GENERATOR = LIVE_TYPES + EXPORTED,
    SYMBOLS = GENERATOR + 1
};

static void look_up(struct elf_file *file, uint64_t bias, struct elf_symbol symbols[SYMBOLS]) {
    for (size_t i = 0; i < SYMBOLS; i++)
        symbols[i] = (struct elf_symbol){.name = i < LIVE_TYPES  ? live_symbols[i]
                                                 : i < GENERATOR ? exported[i - LIVE_TYPES].symbol
                                                                 : "PyGen_Type"};
    elf_file_find_symbols(file, symbols, SYMBOLS);
    for (size_t i = 0; i < SYMBOLS; i++)
        symbols[i].address = symbols[i].matches == 1 ? symbols[i].address + bias : 0;
}

bool derive_objects(struct derive *derive, struct elf_file *file, uint64_t bias) {
    struct elf_symbol symbols[SYMBOLS];
    look_up(file, bias, symbols);
    for (size_t i = 0; i < LIVE_TYPES; i++)
        derive->live.types[i] = symbols[i].address;
    if (symbols[LIVE_TYPE].size != derive->layout->type.size || !prove_types(derive)) {
        derive_refuted(derive, "type");
        return false;
    }
    derive_proven(derive, "type", "size of its symbol");
    for (size_t i = 0; i < EXPORTED; i++)
        prove_size(derive, &exported[i], symbols[LIVE_TYPES + i].address);
    prove_frame_size(derive, symbols[GENERATOR].address);
    return true;
}
