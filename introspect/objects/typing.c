/* Types of types: list[int], int | str, type variables (Objects/genericaliasobject.c,
 * unionobject.c, typevarobject.c). Their names, all str, are visited in some versions only: it
 * makes no difference. */
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

enum { MAX_NAME = 72 };

FIELDS_DECODER(generic_alias, TYPES("types.GenericAlias"),
               OWNS(generic_alias, origin, REFERENCE_STRONG, ".__origin__"),
               OWNS(generic_alias, args, REFERENCE_STRONG, ".__args__"),
               OWNS(generic_alias, parameters, REFERENCE_STRONG, ".__parameters__"));

FIELDS_DECODER(generic_alias_iterator, TYPES("generic_alias_iterator"),
               OWNS(generic_alias_iterator, obj, REFERENCE_STRONG, "->obj"));

FIELDS_DECODER(union_type, TYPES("types.UnionType", "typing.Union"),
               OWNS(union_type, args, REFERENCE_STRONG, ".__args__"),
               OWNS(union_type, hashable_args, REFERENCE_STRONG, "->hashable_args"),
               OWNS(union_type, unhashable_args, REFERENCE_STRONG, "->unhashable_args"),
               OWNS(union_type, parameters, REFERENCE_STRONG, ".__parameters__"));

FIELDS(type_variable, OWNS(type_variable, name, REFERENCE_UNTRAVERSED, ".__name__"),
       OWNS(type_variable, bound, REFERENCE_STRONG, ".__bound__"),
       OWNS(type_variable, evaluate_bound, REFERENCE_STRONG, ".evaluate_bound"),
       OWNS(type_variable, constraints, REFERENCE_STRONG, ".__constraints__"),
       OWNS(type_variable, evaluate_constraints, REFERENCE_STRONG, ".evaluate_constraints"),
       OWNS(type_variable, default_value, REFERENCE_STRONG, ".__default__"),
       OWNS(type_variable, evaluate_default, REFERENCE_STRONG, ".evaluate_default"));

static void type_variable_preview(struct decode *decode, const struct object *object,
                                  struct strbuf *out) {
    str_escaped(decode, object_pointer(object, decode->layout->type_variable.name), MAX_NAME, out);
}

static const struct decoder type_variable_decoder = {
    .name = "type variable",
    .types = TYPES("typing.TypeVar"),
    .least_size = type_variable_least_size,
    .references = type_variable_references,
    .preview = type_variable_preview,
};

FIELDS_DECODER(type_variable_tuple, TYPES("typing.TypeVarTuple"),
               OWNS(type_variable_tuple, name, REFERENCE_UNTRAVERSED, ".__name__"),
               OWNS(type_variable_tuple, bound, REFERENCE_STRONG, ".__bound__"), /* 3.15+ */
               OWNS(type_variable_tuple, default_value, REFERENCE_STRONG, ".__default__"),
               OWNS(type_variable_tuple, evaluate_default, REFERENCE_STRONG, ".evaluate_default"));

FIELDS_DECODER(param_spec, TYPES("typing.ParamSpec"),
               OWNS(param_spec, name, REFERENCE_UNTRAVERSED, ".__name__"),
               OWNS(param_spec, bound, REFERENCE_STRONG, ".__bound__"),
               OWNS(param_spec, default_value, REFERENCE_STRONG, ".__default__"),
               OWNS(param_spec, evaluate_default, REFERENCE_STRONG, ".evaluate_default"));

FIELDS_DECODER(param_spec_attribute, TYPES("typing.ParamSpecArgs", "typing.ParamSpecKwargs"),
               OWNS(param_spec_attribute, origin, REFERENCE_STRONG, ".__origin__"));

FIELDS_DECODER(type_alias, TYPES("typing.TypeAliasType"),
               OWNS(type_alias, name, REFERENCE_UNTRAVERSED, ".__name__"),
               OWNS(type_alias, qualname, REFERENCE_STRONG, ".__qualname__"), /* 3.15+ */
               OWNS(type_alias, type_params, REFERENCE_STRONG, ".__type_params__"),
               OWNS(type_alias, compute_value, REFERENCE_STRONG, ".evaluate_value"),
               OWNS(type_alias, value, REFERENCE_STRONG, ".__value__"),
               OWNS(type_alias, module, REFERENCE_STRONG, ".__module__"));

extern const struct decoder *const typing_decoders[];
const struct decoder *const typing_decoders[] = {&generic_alias_decoder,
                                                 &generic_alias_iterator_decoder,
                                                 &union_type_decoder,
                                                 &type_variable_decoder,
                                                 &type_variable_tuple_decoder,
                                                 &param_spec_decoder,
                                                 &param_spec_attribute_decoder,
                                                 &type_alias_decoder,
                                                 NULL};
