/* Readers and writers of text: json's scanner and encoder, csv (Modules/_json.c, Modules/_csv.c).
 */
#include "introspect/objects/fields.h"

FIELDS_DECODER(json_scanner, TYPES("_json.Scanner"),
               OWNS(json_scanner, object_hook, REFERENCE_STRONG, ".object_hook"),
               OWNS(json_scanner, object_pairs_hook, REFERENCE_STRONG, ".object_pairs_hook"),
               OWNS(json_scanner, array_hook, REFERENCE_STRONG, ".array_hook"), /* 3.15+ */
               OWNS(json_scanner, parse_float, REFERENCE_STRONG, ".parse_float"),
               OWNS(json_scanner, parse_int, REFERENCE_STRONG, ".parse_int"),
               OWNS(json_scanner, parse_constant, REFERENCE_STRONG, ".parse_constant"),
               OWNS(json_scanner, memo, REFERENCE_STRONG, "->memo"));

FIELDS_DECODER(json_encoder, TYPES("_json.Encoder"),
               OWNS(json_encoder, markers, REFERENCE_STRONG, ".markers"),
               OWNS(json_encoder, defaultfn, REFERENCE_STRONG, ".default"),
               OWNS(json_encoder, encoder, REFERENCE_STRONG, ".encoder"),
               OWNS(json_encoder, indent, REFERENCE_STRONG, ".indent"),
               OWNS(json_encoder, key_separator, REFERENCE_STRONG, ".key_separator"),
               OWNS(json_encoder, item_separator, REFERENCE_STRONG, ".item_separator"));

FIELDS_DECODER(csv_dialect, TYPES("_csv.Dialect"),
               OWNS(csv_dialect, lineterminator, REFERENCE_STRONG, ".lineterminator"));

FIELDS(csv_reader, OWNS(csv_reader, input_iter, REFERENCE_STRONG, "->input_iter"),
       OWNS(csv_reader, dialect, REFERENCE_STRONG, ".dialect"),
       OWNS(csv_reader, fields, REFERENCE_STRONG, "->fields"));

enum { UCS4_SIZE = 4 };

static void csv_reader_measure(struct decode *decode, const struct object *object,
                               struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->csv_reader.field),
                     object_unsigned(object, layout->csv_reader.field_size), UCS4_SIZE,
                     "csv.reader");
}

static const struct decoder csv_reader_decoder = {
    .name = "csv_reader",
    .types = TYPES("_csv.reader"),
    .least_size = csv_reader_least_size,
    .references = csv_reader_references,
    .measure = csv_reader_measure,
};

FIELDS(csv_writer, OWNS(csv_writer, write, REFERENCE_STRONG, "->write"),
       OWNS(csv_writer, dialect, REFERENCE_STRONG, ".dialect"),
       OWNS(csv_writer, error_obj, REFERENCE_STRONG, "->error_obj"));

static void csv_writer_measure(struct decode *decode, const struct object *object,
                               struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->csv_writer.rec),
                     object_unsigned(object, layout->csv_writer.rec_size), UCS4_SIZE, "csv.writer");
}

static const struct decoder csv_writer_decoder = {
    .name = "csv_writer",
    .types = TYPES("_csv.writer"),
    .least_size = csv_writer_least_size,
    .references = csv_writer_references,
    .measure = csv_writer_measure,
};

extern const struct decoder *const json_csv_decoders[];
const struct decoder *const json_csv_decoders[] = {
    &json_scanner_decoder, &json_encoder_decoder, &csv_dialect_decoder,
    &csv_reader_decoder,   &csv_writer_decoder,   NULL,
};
