#include "introspect/layout/type_flags.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

/* Objects/exceptions.c: every exception begins with what BaseException has. */

enum { MAX_MESSAGE = 72 };

static const struct pointer_field base_fields[] = {
    OWNS(base_exception, dict, REFERENCE_STRONG, ".__dict__"),
    OWNS(base_exception, args, REFERENCE_STRONG, ".args"),
    OWNS(base_exception, notes, REFERENCE_STRONG, ".__notes__"),
    OWNS(base_exception, traceback, REFERENCE_STRONG, ".__traceback__"),
    OWNS(base_exception, context, REFERENCE_STRONG, ".__context__"),
    OWNS(base_exception, cause, REFERENCE_STRONG, ".__cause__"),
};

static void base_exception_references(struct decode *decode, const struct object *object) {
    fields_references(decode, object, base_fields, sizeof base_fields / sizeof *base_fields);
}

/* The first argument, if it is a str: as a rule the message. */
static void exception_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t args = object_pointer(object, layout->base_exception.args);
    uint64_t message = 0;
    if (!remote_item_count(decode, args) ||
        !image_read_u64(decode->image, args + layout->tuple.ob_item.offset, &message))
        return;
    const struct type *type = remote_type(decode, message);
    if (type && type->flags & TPFLAGS_UNICODE_SUBCLASS)
        str_quoted(decode, message, MAX_MESSAGE, out);
}

STRUCTURE_SIZE(base_exception);

static const struct decoder base_exception_decoder = {
    .name = "exception",
    .types = TYPES("BaseException"),
    .least_size = base_exception_least_size,
    .references = base_exception_references,
    .preview = exception_preview,
};

/* An exception with fields of its own: <structure>_decoder. */
#define EXCEPTION_DECODER(structure, type_names, ...)                                              \
    FIELDS(structure, __VA_ARGS__);                                                                \
    static void structure##_all_references(struct decode *decode, const struct object *object) {   \
        base_exception_references(decode, object);                                                 \
        structure##_references(decode, object);                                                    \
    }                                                                                              \
    static const struct decoder structure##_decoder = {                                            \
        .name = #structure,                                                                        \
        .types = type_names,                                                                       \
        .least_size = structure##_least_size,                                                      \
        .references = structure##_all_references,                                                  \
        .preview = exception_preview,                                                              \
    }

EXCEPTION_DECODER(exception_group, TYPES("BaseExceptionGroup"),
                  OWNS(exception_group, msg, REFERENCE_STRONG, ".message"),
                  OWNS(exception_group, excs, REFERENCE_STRONG, ".exceptions"),
                  OWNS(exception_group, excs_str, REFERENCE_STRONG, "->excs_str"));

EXCEPTION_DECODER(stop_iteration, TYPES("StopIteration"),
                  OWNS(stop_iteration, value, REFERENCE_STRONG, ".value"));

EXCEPTION_DECODER(system_exit, TYPES("SystemExit"),
                  OWNS(system_exit, code, REFERENCE_STRONG, ".code"));

EXCEPTION_DECODER(import_error, TYPES("ImportError"),
                  OWNS(import_error, msg, REFERENCE_STRONG, ".msg"),
                  OWNS(import_error, name, REFERENCE_STRONG, ".name"),
                  OWNS(import_error, path, REFERENCE_STRONG, ".path"),
                  OWNS(import_error, name_from, REFERENCE_STRONG, ".name_from"));

EXCEPTION_DECODER(os_error, TYPES("OSError"), OWNS(os_error, myerrno, REFERENCE_STRONG, ".errno"),
                  OWNS(os_error, strerror, REFERENCE_STRONG, ".strerror"),
                  OWNS(os_error, filename, REFERENCE_STRONG, ".filename"),
                  OWNS(os_error, filename2, REFERENCE_STRONG, ".filename2"));

EXCEPTION_DECODER(name_error, TYPES("NameError"),
                  OWNS(name_error, name, REFERENCE_STRONG, ".name"));

EXCEPTION_DECODER(attribute_error, TYPES("AttributeError"),
                  OWNS(attribute_error, obj, REFERENCE_STRONG, ".obj"),
                  OWNS(attribute_error, name, REFERENCE_STRONG, ".name"));

EXCEPTION_DECODER(syntax_error, TYPES("SyntaxError"),
                  OWNS(syntax_error, msg, REFERENCE_STRONG, ".msg"),
                  OWNS(syntax_error, filename, REFERENCE_STRONG, ".filename"),
                  OWNS(syntax_error, lineno, REFERENCE_STRONG, ".lineno"),
                  OWNS(syntax_error, column, REFERENCE_STRONG, ".offset"),
                  OWNS(syntax_error, end_lineno, REFERENCE_STRONG, ".end_lineno"),
                  OWNS(syntax_error, end_column, REFERENCE_STRONG, ".end_offset"),
                  OWNS(syntax_error, text, REFERENCE_STRONG, ".text"),
                  OWNS(syntax_error, print_file_and_line, REFERENCE_STRONG, ".print_file_and_line"),
                  OWNS(syntax_error, metadata, REFERENCE_STRONG, "._metadata"));

EXCEPTION_DECODER(unicode_error,
                  TYPES("UnicodeEncodeError", "UnicodeDecodeError", "UnicodeTranslateError"),
                  OWNS(unicode_error, encoding, REFERENCE_STRONG, ".encoding"),
                  OWNS(unicode_error, object, REFERENCE_STRONG, ".object"),
                  OWNS(unicode_error, reason, REFERENCE_STRONG, ".reason"));

extern const struct decoder *const exception_decoders[];
const struct decoder *const exception_decoders[] = {&base_exception_decoder,
                                                    &exception_group_decoder,
                                                    &stop_iteration_decoder,
                                                    &system_exit_decoder,
                                                    &import_error_decoder,
                                                    &os_error_decoder,
                                                    &name_error_decoder,
                                                    &attribute_error_decoder,
                                                    &syntax_error_decoder,
                                                    &unicode_error_decoder,
                                                    NULL};
