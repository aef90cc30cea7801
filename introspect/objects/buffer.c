/* What shows the memory of others: memoryview and its kin. The Py_buffer inside a memoryview is a
 * copy of its managed buffer's, which owns the exporter (Objects/memoryobject.c). */
#include "introspect/objects/fields.h"

FIELDS(memoryview, OWNS(memoryview, mbuf, REFERENCE_STRONG, "->mbuf"));

static void memoryview_preview(struct decode *decode, const struct object *object,
                               struct strbuf *out) {
    preview_count(out, '[', object_unsigned(object, decode->layout->memoryview.view_len), "byte",
                  ']');
}

/* tp_basicsize ends where the shape, strides and suboffsets begin: ob_size numbers. */
static uint32_t memoryview_basicsize(const struct layout *layout) {
    return memoryview_least_size(layout) - 8;
}

static const struct decoder memoryview_decoder = {
    .name = "memoryview",
    .types = TYPES("memoryview"),
    .least_size = memoryview_basicsize,
    .references = memoryview_references,
    .preview = memoryview_preview,
};

FIELDS_DECODER(managed_buffer, TYPES("managedbuffer"),
               OWNS(managed_buffer, master_obj, REFERENCE_STRONG, "->master.obj"));

FIELDS_DECODER(pickle_buffer, TYPES("pickle.PickleBuffer"),
               OWNS(pickle_buffer, view_obj, REFERENCE_STRONG, "->view.obj"));

extern const struct decoder *const buffer_decoders[];
const struct decoder *const buffer_decoders[] = {&memoryview_decoder, &managed_buffer_decoder,
                                                 &pickle_buffer_decoder, NULL};
