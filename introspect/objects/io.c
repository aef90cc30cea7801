/* _io: files, buffers, text (Modules/_io/). */
#include "introspect/objects/fields.h"

FIELDS_DECODER(io_base,
               TYPES("_io._IOBase", "_io._RawIOBase", "_io._BufferedIOBase", "_io._TextIOBase"),
               OWNS(io_base, dict, REFERENCE_STRONG, ".__dict__"));

FIELDS(file_io, OWNS(file_io, dict, REFERENCE_STRONG, ".__dict__"));

static void file_io_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    int64_t fd = object_signed(object, decode->layout->file_io.fd);
    if (fd < 0)
        strbuf_puts(out, "closed");
    else
        strbuf_printf(out, "fd %lld", (long long)fd);
}

static const struct decoder file_io_decoder = {
    .name = "file_io",
    .types = TYPES("_io.FileIO"),
    .least_size = file_io_least_size,
    .references = file_io_references,
    .preview = file_io_preview,
};

/* ---- in memory ------------------------------------------------------------------------------- */

FIELDS(bytes_io, OWNS(bytes_io, buf, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->buf"),
       OWNS(bytes_io, dict, REFERENCE_STRONG, ".__dict__"));

/* __sizeof__ counts the bytes object too, as long as it is not shared with others. */
static void bytes_io_measure(struct decode *decode, const struct object *object,
                             struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t buf = object_pointer(object, layout->bytes_io.buf);
    uint64_t refcount =
        remote_unsigned(decode, buf, layout->object.ob_refcnt) & layout->trait.refcount_mask;
    if (refcount == 1)
        measure->size += remote_size(decode, buf);
}

static void bytes_io_preview(struct decode *decode, const struct object *object,
                             struct strbuf *out) {
    preview_count(out, '[', object_unsigned(object, decode->layout->bytes_io.string_size), "byte",
                  ']');
}

static const struct decoder bytes_io_decoder = {
    .name = "bytes_io",
    .types = TYPES("_io.BytesIO"),
    .least_size = bytes_io_least_size,
    .references = bytes_io_references,
    .measure = bytes_io_measure,
    .preview = bytes_io_preview,
};

FIELDS_DECODER(bytes_io_buffer, TYPES("_io._BytesIOBuffer"),
               OWNS(bytes_io_buffer, source, REFERENCE_STRONG, "->source"));

FIELDS(string_io, OWNS(string_io, dict, REFERENCE_STRONG, ".__dict__"),
       OWNS(string_io, decoder, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->decoder"),
       OWNS(string_io, readnl, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->readnl"),
       OWNS(string_io, writenl, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->writenl"),
       OWNS(string_io, accu_large, REFERENCE_UNTRAVERSED, "->accu.large"),
       OWNS(string_io, accu_small, REFERENCE_UNTRAVERSED, "->accu.small"),
       OWNS(string_io, writer_buffer, REFERENCE_UNTRAVERSED, "->writer.buffer"));

static void string_io_measure(struct decode *decode, const struct object *object,
                              struct measure *measure) {
    (void)measure; /* no __sizeof__ of its own */
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->string_io.buf),
                     object_unsigned(object, layout->string_io.buf_size), 4, "StringIO");
}

static void string_io_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    preview_count(out, '[', object_unsigned(object, decode->layout->string_io.string_size),
                  "character", ']');
}

static const struct decoder string_io_decoder = {
    .name = "string_io",
    .types = TYPES("_io.StringIO"),
    .least_size = string_io_least_size,
    .references = string_io_references,
    .measure = string_io_measure,
    .preview = string_io_preview,
};

/* ---- buffered -------------------------------------------------------------------------------- */

FIELDS(buffered, OWNS(buffered, raw, REFERENCE_STRONG, ".raw"),
       OWNS(buffered, dict, REFERENCE_STRONG, ".__dict__"));

static void buffered_measure(struct decode *decode, const struct object *object,
                             struct measure *measure) {
    const struct layout *layout = decode->layout;
    measure->size +=
        buffer_add_array(decode, object_pointer(object, layout->buffered.buffer),
                         object_unsigned(object, layout->buffered.buffer_size), 1, "buffered");
    buffer_add_lock(decode, object_pointer(object, layout->buffered.lock));
}

static const struct decoder buffered_decoder = {
    .name = "buffered",
    .types = TYPES("_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom"),
    .least_size = buffered_least_size,
    .references = buffered_references,
    .measure = buffered_measure,
};

FIELDS_DECODER(buffered_rw_pair, TYPES("_io.BufferedRWPair"),
               OWNS(buffered_rw_pair, reader, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->reader"),
               OWNS(buffered_rw_pair, writer, REFERENCE_TRAVERSED_IN_HEAP_TYPE, "->writer"),
               OWNS(buffered_rw_pair, dict, REFERENCE_STRONG, ".__dict__"));

/* ---- text ------------------------------------------------------------------------------------ */

FIELDS(text_io_wrapper, OWNS(text_io_wrapper, dict, REFERENCE_STRONG, ".__dict__"),
       OWNS(text_io_wrapper, buffer, REFERENCE_STRONG, ".buffer"),
       OWNS(text_io_wrapper, encoding, REFERENCE_STRONG, ".encoding"),
       OWNS(text_io_wrapper, encoder, REFERENCE_STRONG, "->encoder"),
       OWNS(text_io_wrapper, decoder, REFERENCE_STRONG, "->decoder"),
       OWNS(text_io_wrapper, readnl, REFERENCE_STRONG, "->readnl"),
       OWNS(text_io_wrapper, decoded_chars, REFERENCE_STRONG, "->decoded_chars"),
       OWNS(text_io_wrapper, snapshot, REFERENCE_STRONG, "->snapshot"),
       OWNS(text_io_wrapper, errors, REFERENCE_STRONG, ".errors"),
       OWNS(text_io_wrapper, raw, REFERENCE_STRONG, "->raw"),
       /* one str or bytes, or a list of them */
       OWNS(text_io_wrapper, pending_bytes, REFERENCE_STRONG, "->pending_bytes"));

static const struct decoder text_io_wrapper_decoder = {
    .name = "text_io_wrapper",
    .types = TYPES("_io.TextIOWrapper"),
    .least_size = text_io_wrapper_least_size,
    .references = text_io_wrapper_references,
};

FIELDS_DECODER(incremental_newline_decoder, TYPES("_io.IncrementalNewlineDecoder"),
               OWNS(incremental_newline_decoder, decoder, REFERENCE_STRONG, "->decoder"),
               OWNS(incremental_newline_decoder, errors, REFERENCE_STRONG, ".errors"));

extern const struct decoder *const io_decoders[];
const struct decoder *const io_decoders[] = {
    &io_base_decoder,
    &file_io_decoder,
    &bytes_io_decoder,
    &bytes_io_buffer_decoder,
    &string_io_decoder,
    &buffered_decoder,
    &buffered_rw_pair_decoder,
    &text_io_wrapper_decoder,
    &incremental_newline_decoder_decoder,
    NULL,
};
