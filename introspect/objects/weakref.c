#include "introspect/objects/fields.h"

/* The referent is borrowed, and set to None when it dies (Objects/weakrefobject.c). */
FIELDS_DECODER(weakref,
               TYPES("weakref.ReferenceType", "weakref.ProxyType", "weakref.CallableProxyType",
                     "weakref", "weakproxy", "weakcallableproxy"),
               OWNS(weakref, wr_object, REFERENCE_WEAK, "()"),
               OWNS(weakref, wr_callback, REFERENCE_STRONG, ".__callback__"));

extern const struct decoder *const weakref_decoders[];
const struct decoder *const weakref_decoders[] = {&weakref_decoder, NULL};
