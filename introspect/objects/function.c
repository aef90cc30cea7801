#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

enum { MAX_NAME = 72, METH_METHOD = 0x200 };

/* ---- function -------------------------------------------------------------------------------- */

FIELDS(function, OWNS(function, func_globals, REFERENCE_STRONG, ".__globals__"),
       OWNS(function, func_builtins, REFERENCE_STRONG, ".__builtins__"),
       OWNS(function, func_name, REFERENCE_STRONG, ".__name__"),
       OWNS(function, func_qualname, REFERENCE_STRONG, ".__qualname__"),
       OWNS(function, func_code, REFERENCE_STRONG, ".__code__"),
       OWNS(function, func_defaults, REFERENCE_STRONG, ".__defaults__"),
       OWNS(function, func_kwdefaults, REFERENCE_STRONG, ".__kwdefaults__"),
       OWNS(function, func_closure, REFERENCE_STRONG, ".__closure__"),
       OWNS(function, func_doc, REFERENCE_STRONG, ".__doc__"),
       OWNS(function, func_dict, REFERENCE_STRONG, ".__dict__"),
       OWNS(function, func_module, REFERENCE_STRONG, ".__module__"),
       OWNS(function, func_annotations, REFERENCE_STRONG, ".__annotations__"),
       OWNS(function, func_annotate, REFERENCE_STRONG, ".__annotate__"),
       OWNS(function, func_typeparams, REFERENCE_STRONG, ".__type_params__"));

static void function_preview(struct decode *decode, const struct object *object,
                             struct strbuf *out) {
    str_escaped(decode, object_pointer(object, decode->layout->function.func_qualname), MAX_NAME,
                out);
}

static const struct decoder function_decoder = {
    .name = "function",
    .types = TYPES("function"),
    .least_size = function_least_size,
    .references = function_references,
    .preview = function_preview,
};

/* ---- method, instancemethod, staticmethod, classmethod --------------------------------------- */

FIELDS(method, OWNS(method, im_func, REFERENCE_STRONG, ".__func__"),
       OWNS(method, im_self, REFERENCE_STRONG, ".__self__"));

static void method_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t function = object_pointer(object, layout->method.im_func);
    const struct type *type = remote_type(decode, function);
    if (type && type->decoder == &function_decoder)
        str_escaped(decode, remote_unsigned(decode, function, layout->function.func_qualname),
                    MAX_NAME, out);
}

static const struct decoder method_decoder = {
    .name = "method",
    .types = TYPES("method"),
    .least_size = method_least_size,
    .references = method_references,
    .preview = method_preview,
};

FIELDS_DECODER(instance_method, TYPES("instancemethod"),
               OWNS(instance_method, func, REFERENCE_STRONG, ".__func__"));

FIELDS_DECODER(staticmethod, TYPES("staticmethod"),
               OWNS(staticmethod, sm_callable, REFERENCE_STRONG, ".__func__"),
               OWNS(staticmethod, sm_dict, REFERENCE_STRONG, ".__dict__"));

FIELDS_DECODER(classmethod, TYPES("classmethod"),
               OWNS(classmethod, cm_callable, REFERENCE_STRONG, ".__func__"),
               OWNS(classmethod, cm_dict, REFERENCE_STRONG, ".__dict__"));

/* ---- builtin_function_or_method -------------------------------------------------------------- */

FIELDS(c_function, OWNS(c_function, m_self, REFERENCE_STRONG, ".__self__"),
       OWNS(c_function, m_module, REFERENCE_STRONG, ".__module__"));

/* A PyCMethodObject, with the class that defined it, if the method's flags say so
 * (Include/cpython/methodobject.h). */
static void builtin_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    c_function_references(decode, object);
    uint64_t flags = remote_unsigned(decode, object_pointer(object, layout->c_function.m_ml),
                                     layout->method_def.ml_flags);
    if (flags & METH_METHOD)
        reference_field(decode, object, layout->c_method.mm_class, REFERENCE_STRONG, "->mm_class");
}

static void builtin_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    const struct layout *layout = decode->layout;
    char name[MAX_NAME];
    uint64_t definition = object_pointer(object, layout->c_function.m_ml);
    if (image_read_string(decode->image,
                          remote_unsigned(decode, definition, layout->method_def.ml_name), name,
                          sizeof name))
        strbuf_add_escaped(out, name, strlen(name), MAX_NAME);
}

static const struct decoder builtin_decoder = {
    .name = "builtin function",
    .types = TYPES("builtin_function_or_method", "builtin_method"),
    .least_size = c_function_least_size,
    .bigger_types = true,
    .references = builtin_references,
    .preview = builtin_preview,
};

/* ---- cell ------------------------------------------------------------------------------------ */

FIELDS_DECODER(cell, TYPES("cell"), OWNS(cell, ob_ref, REFERENCE_STRONG, ".cell_contents"));

extern const struct decoder *const function_decoders[];
const struct decoder *const function_decoders[] = {&function_decoder,
                                                   &method_decoder,
                                                   &instance_method_decoder,
                                                   &staticmethod_decoder,
                                                   &classmethod_decoder,
                                                   &builtin_decoder,
                                                   &cell_decoder,
                                                   NULL};
