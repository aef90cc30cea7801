#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

enum { MAX_NAME = 72 };

FIELDS_DECODER(property, TYPES("property"), OWNS(property, prop_get, REFERENCE_STRONG, ".fget"),
               OWNS(property, prop_set, REFERENCE_STRONG, ".fset"),
               OWNS(property, prop_del, REFERENCE_STRONG, ".fdel"),
               OWNS(property, prop_doc, REFERENCE_STRONG, ".__doc__"),
               OWNS(property, prop_name, REFERENCE_STRONG, ".__name__"));

/* ---- descriptors of C types: PyDescrObject (Include/descrobject.h) --------------------------- */

FIELDS(descriptor, OWNS(descriptor, d_type, REFERENCE_STRONG, ".__objclass__"),
       OWNS(descriptor, d_name, REFERENCE_UNTRAVERSED, ".__name__"),
       OWNS(descriptor, d_qualname, REFERENCE_UNTRAVERSED, ".__qualname__"));

static void descriptor_preview(struct decode *decode, const struct object *object,
                               struct strbuf *out) {
    str_escaped(decode, object_pointer(object, decode->layout->descriptor.d_name), MAX_NAME, out);
}

static const struct decoder descriptor_decoder = {
    .name = "descriptor",
    .types = TYPES("member_descriptor", "getset_descriptor", "method_descriptor",
                   "classmethod_descriptor", "wrapper_descriptor"),
    .least_size = descriptor_least_size,
    .bigger_types = true,
    .references = descriptor_references,
    .preview = descriptor_preview,
};

FIELDS_DECODER(method_wrapper, TYPES("method-wrapper"),
               OWNS(method_wrapper, descr, REFERENCE_STRONG, "->descr"),
               OWNS(method_wrapper, self, REFERENCE_STRONG, ".__self__"));

FIELDS_DECODER(mapping_proxy, TYPES("mappingproxy"),
               OWNS(mapping_proxy, mapping, REFERENCE_STRONG, "->mapping"));

extern const struct decoder *const descriptor_decoders[];
const struct decoder *const descriptor_decoders[] = {
    &property_decoder, &descriptor_decoder, &method_wrapper_decoder, &mapping_proxy_decoder, NULL};
