/* ctypes (Modules/_ctypes/ctypes.h): data, functions, callbacks, and what types know of their C
 * form. */
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/type_object.h"

enum { MAX_ALIGNMENT = 16 }; /* of any C type */

/* ---- data: in the object if small, else a block that it may own ------------------------------ */

FIELDS(ctypes_data, OWNS(ctypes_data, b_objects, REFERENCE_STRONG, "._objects"),
       OWNS(ctypes_data, b_base, REFERENCE_STRONG, "._b_base_"));

static void ctypes_data_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    (void)measure; /* no __sizeof__ of its own */
    const struct layout *layout = decode->layout;
    uint64_t data = object_pointer(object, layout->ctypes_data.b_ptr);
    bool inside = data == object->address + layout->ctypes_data.b_value.offset;
    if (object_unsigned(object, layout->ctypes_data.b_needsfree) && !inside)
        buffer_add_array(decode, data, object_unsigned(object, layout->ctypes_data.b_size), 1,
                         "ctypes data");
}

static const struct decoder ctypes_data_decoder = {
    .name = "ctypes_data",
    .types = TYPES("_ctypes._CData", "_ctypes._SimpleCData", "_ctypes._Pointer", "_ctypes.Array",
                   "_ctypes.Structure", "_ctypes.Union"),
    .least_size = ctypes_data_least_size,
    .references = ctypes_data_references,
    .measure = ctypes_data_measure,
};

/* ---- functions begin as data do -------------------------------------------------------------- */

static const struct pointer_field ctypes_function_fields[] = {
    OWNS(ctypes_function, callable, REFERENCE_STRONG, "->callable"),
    OWNS(ctypes_function, restype, REFERENCE_STRONG, ".restype"),
    OWNS(ctypes_function, checker, REFERENCE_STRONG, "->checker"),
    OWNS(ctypes_function, errcheck, REFERENCE_STRONG, ".errcheck"),
    OWNS(ctypes_function, argtypes, REFERENCE_STRONG, ".argtypes"),
    OWNS(ctypes_function, converters, REFERENCE_STRONG, "->converters"),
    OWNS(ctypes_function, paramflags, REFERENCE_STRONG, "->paramflags"),
    OWNS(ctypes_function, thunk, REFERENCE_STRONG, "->thunk"),
};

STRUCTURE_SIZE(ctypes_function);

static void ctypes_function_references(struct decode *decode, const struct object *object) {
    fields_references(decode, object, ctypes_function_fields,
                      sizeof ctypes_function_fields / sizeof *ctypes_function_fields);
    ctypes_data_references(decode, object);
}

static const struct decoder ctypes_function_decoder = {
    .name = "ctypes_function",
    .types = TYPES("_ctypes.CFuncPtr", "_ctypes.PyCFuncPtr"),
    .least_size = ctypes_function_least_size,
    .references = ctypes_function_references,
    .measure = ctypes_data_measure,
};

FIELDS_DECODER(ctypes_thunk, TYPES("_ctypes.CThunkObject"),
               OWNS(ctypes_thunk, converters, REFERENCE_STRONG, "->converters"),
               OWNS(ctypes_thunk, callable, REFERENCE_STRONG, "->callable"),
               OWNS(ctypes_thunk, restype, REFERENCE_STRONG, "->restype"));

/* ---- small helpers of ctypes ----------------------------------------------------------------- */

FIELDS_DECODER(ctypes_argument, TYPES("CArgObject", "_ctypes.CArgObject"),
               OWNS(ctypes_argument, obj, REFERENCE_STRONG, "._obj"));

FIELDS_DECODER(ctypes_field, TYPES("_ctypes.CField"),
               OWNS(ctypes_field, proto, REFERENCE_STRONG, "->proto"),
               OWNS(ctypes_field, name, REFERENCE_UNTRAVERSED, ".name"));

FIELDS_DECODER(ctypes_dict_remover, TYPES("_ctypes.DictRemover"),
               OWNS(ctypes_dict_remover, key, REFERENCE_STRONG, "->key"),
               OWNS(ctypes_dict_remover, dict, REFERENCE_STRONG, "->dict"));

FIELDS_DECODER(ctypes_struct_param, TYPES("_ctypes.StructParam_Type"),
               OWNS(ctypes_struct_param, keep, REFERENCE_UNTRAVERSED, "->keep"));

/* ---- StgDict: up to 3.12 the dict of a ctypes type is of this type --------------------------- */

static const struct pointer_field ctypes_type_info_fields[] = {
    OWNS(ctypes_type_info, proto, REFERENCE_UNTRAVERSED, "->proto"),
    OWNS(ctypes_type_info, argtypes, REFERENCE_UNTRAVERSED, "->argtypes"),
    OWNS(ctypes_type_info, converters, REFERENCE_UNTRAVERSED, "->converters"),
    OWNS(ctypes_type_info, restype, REFERENCE_UNTRAVERSED, "->restype"),
    OWNS(ctypes_type_info, checker, REFERENCE_UNTRAVERSED, "->checker"),
};

/* Reports the blocks that belong to a structure at `info`; returns their bytes. */
static uint64_t ctypes_type_info_buffers(struct decode *decode, const uint8_t *info, size_t size) {
    const struct layout *layout = decode->layout;
    struct object view = {.body = info, .available = size};
    uint64_t elements = object_pointer(&view, layout->ctypes_type_info.ffi_elements);
    return buffer_add_string(decode, object_pointer(&view, layout->ctypes_type_info.format)) +
           buffer_add_array(decode, object_pointer(&view, layout->ctypes_type_info.shape),
                            object_unsigned(&view, layout->ctypes_type_info.ndim), 8,
                            "ctypes type") +
           buffer_add_array(decode, elements,
                            object_unsigned(&view, layout->ctypes_type_info.length) + 1, 8,
                            "ctypes type");
}

/* Unusable where the structure is the later one, which is no dict. */
static uint32_t ctypes_dict_least_size(const struct layout *layout) {
    return layout_has(layout->ctypes_type_info.dict) ? layout->ctypes_type_info.size : 0;
}

static void ctypes_dict_references(struct decode *decode, const struct object *object) {
    dict_references(decode, object);
    fields_references(decode, object, ctypes_type_info_fields,
                      sizeof ctypes_type_info_fields / sizeof *ctypes_type_info_fields);
}

/* __sizeof__ adds to the size of the dict, which has the structure's size already, what the
 * structure has more than a dict. */
static void ctypes_dict_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    const struct layout *layout = decode->layout;
    dict_measure(decode, object, measure);
    measure->size += layout->ctypes_type_info.size - layout->dict.size;
    measure->size += ctypes_type_info_buffers(decode, object->body, layout->ctypes_type_info.size);
}

static const struct decoder ctypes_dict_decoder = {
    .name = "ctypes_dict",
    .types = TYPES("StgDict"),
    .least_size = ctypes_dict_least_size,
    .references = ctypes_dict_references,
    .measure = ctypes_dict_measure,
};

/* ---- types of C data: since 3.13 the structure lies behind the type object; before, the type
 * visits what its StgDict owns. */

static const struct pointer_field ctypes_type_fields[] = {
    OWNS(ctypes_type_info, proto, REFERENCE_STRONG, "->proto"),
    OWNS(ctypes_type_info, argtypes, REFERENCE_STRONG, "->argtypes"),
    OWNS(ctypes_type_info, converters, REFERENCE_STRONG, "->converters"),
    OWNS(ctypes_type_info, restype, REFERENCE_STRONG, "->restype"),
    OWNS(ctypes_type_info, checker, REFERENCE_STRONG, "->checker"),
    OWNS(ctypes_type_info, pointer_type, REFERENCE_STRONG, ".__pointer_type__"), /* 3.14+ */
    OWNS(ctypes_type_info, module, REFERENCE_UNTRAVERSED, "->module"),
};

static uint32_t aligned(uint32_t size) {
    return (size + MAX_ALIGNMENT - 1) & -(uint32_t)MAX_ALIGNMENT;
}

/* The structure behind a type object, aligned (Objects/typeobject.c: PyObject_GetTypeData); NULL where
 * there is none. */
static const uint8_t *info_behind_type(const struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t size = layout->ctypes_type_info.size;
    uint64_t start = aligned(layout->heap_type.size);
    bool behind = size && start && !layout_has(layout->ctypes_type_info.dict) &&
                  object->type->basicsize >= start + size && object->available >= start + size;
    return behind ? object->body + start : NULL;
}

static void ctypes_type_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    type_references(decode, object);
    const uint8_t *info = info_behind_type(decode, object);
    if (info) {
        fields_references_of(decode, object, info, layout->ctypes_type_info.size,
                             ctypes_type_fields,
                             sizeof ctypes_type_fields / sizeof *ctypes_type_fields);
    } else if (layout_has(layout->ctypes_type_info.dict)) {
        uint64_t dict = object_pointer(object, layout->type.tp_dict);
        reference_add(decode, remote_unsigned(decode, dict, layout->ctypes_type_info.proto),
                      REFERENCE_TRAVERSED, LABEL_FIELD, field_label("->proto"));
    }
}

/* CType_Type.__sizeof__ (3.13+) counts its own blocks but not a type's table of attribute names. */
static void ctypes_type_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    const struct type *metatype = object->type;
    type_measure(decode, object, measure);
    const uint8_t *info = info_behind_type(decode, object);
    if (info)
        measure->size =
            metatype->basicsize + metatype->itemsize * object_item_count(decode, object) +
            ctypes_type_info_buffers(decode, info, decode->layout->ctypes_type_info.size);
}

static uint32_t ctypes_type_least_size(const struct layout *layout) {
    return layout_has(layout->ctypes_type_info.dict)
               ? layout->heap_type.size
               : aligned(layout->heap_type.size) + aligned(layout->ctypes_type_info.size);
}

static const struct decoder ctypes_type_decoder = {
    .name = "ctypes_type",
    .types = TYPES("_ctypes.CType_Type", "_ctypes.PyCStructType", "_ctypes.UnionType",
                   "_ctypes.PyCPointerType", "_ctypes.PyCArrayType", "_ctypes.PyCSimpleType",
                   "_ctypes.PyCFuncPtrType"),
    .least_size = ctypes_type_least_size,
    .references = ctypes_type_references,
    .measure = ctypes_type_measure,
};

extern const struct decoder *const ctypes_decoders[];
const struct decoder *const ctypes_decoders[] = {
    &ctypes_data_decoder,         &ctypes_function_decoder,
    &ctypes_thunk_decoder,        &ctypes_argument_decoder,
    &ctypes_field_decoder,        &ctypes_dict_remover_decoder,
    &ctypes_struct_param_decoder, &ctypes_dict_decoder,
    &ctypes_type_decoder,         NULL,
};
