/* The codecs of East Asian encodings (Modules/cjkcodecs/multibytecodec.h). */
#include "introspect/objects/fields.h"

/* `errors` is an object, or one of the small numbers of the built-in error handlers. */
static void add_errors(struct decode *decode, const struct object *object, struct field field) {
    enum { LAST_ERROR_NUMBER = 3 }; /* ERROR_STRICT, ERROR_IGNORE, ERROR_REPLACE */
    uint64_t errors = object_pointer(object, field);
    if (errors > LAST_ERROR_NUMBER)
        reference_add(decode, errors, REFERENCE_STRONG, LABEL_FIELD, field_label(".errors"));
}

FIELDS_DECODER(multibyte_codec, TYPES("_multibytecodec.MultibyteCodec", "MultibyteCodec"),
               OWNS(multibyte_codec, cjk_module, REFERENCE_UNTRAVERSED, "->cjk_module"));

STRUCTURE_SIZE(multibyte_encoder);

static void multibyte_encoder_references(struct decode *decode, const struct object *object) {
    add_errors(decode, object, decode->layout->multibyte_encoder.errors);
    reference_field(decode, object, decode->layout->multibyte_encoder.pending,
                    REFERENCE_UNTRAVERSED, "->pending");
}

static const struct decoder multibyte_encoder_decoder = {
    .name = "multibyte_encoder",
    .types = TYPES("_multibytecodec.MultibyteIncrementalEncoder", "MultibyteIncrementalEncoder"),
    .least_size = multibyte_encoder_least_size,
    .references = multibyte_encoder_references,
};

STRUCTURE_SIZE(multibyte_decoder);

static void multibyte_decoder_references(struct decode *decode, const struct object *object) {
    add_errors(decode, object, decode->layout->multibyte_decoder.errors);
}

static const struct decoder multibyte_decoder_decoder = {
    .name = "multibyte_decoder",
    .types = TYPES("_multibytecodec.MultibyteIncrementalDecoder", "MultibyteIncrementalDecoder"),
    .least_size = multibyte_decoder_least_size,
    .references = multibyte_decoder_references,
};

STRUCTURE_SIZE(multibyte_reader);

static void multibyte_reader_references(struct decode *decode, const struct object *object) {
    add_errors(decode, object, decode->layout->multibyte_reader.errors);
    reference_field(decode, object, decode->layout->multibyte_reader.stream, REFERENCE_STRONG,
                    ".stream");
}

static const struct decoder multibyte_reader_decoder = {
    .name = "multibyte_reader",
    .types = TYPES("_multibytecodec.MultibyteStreamReader", "MultibyteStreamReader"),
    .least_size = multibyte_reader_least_size,
    .references = multibyte_reader_references,
};

STRUCTURE_SIZE(multibyte_writer);

static void multibyte_writer_references(struct decode *decode, const struct object *object) {
    add_errors(decode, object, decode->layout->multibyte_writer.errors);
    reference_field(decode, object, decode->layout->multibyte_writer.pending, REFERENCE_UNTRAVERSED,
                    "->pending");
    reference_field(decode, object, decode->layout->multibyte_writer.stream, REFERENCE_STRONG,
                    ".stream");
}

static const struct decoder multibyte_writer_decoder = {
    .name = "multibyte_writer",
    .types = TYPES("_multibytecodec.MultibyteStreamWriter", "MultibyteStreamWriter"),
    .least_size = multibyte_writer_least_size,
    .references = multibyte_writer_references,
};

extern const struct decoder *const multibyte_decoders[];
const struct decoder *const multibyte_decoders[] = {
    &multibyte_codec_decoder,  &multibyte_encoder_decoder, &multibyte_decoder_decoder,
    &multibyte_reader_decoder, &multibyte_writer_decoder,  NULL,
};
