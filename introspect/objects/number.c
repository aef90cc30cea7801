#include "introspect/objects/number.h"

#include "introspect/objects/fields.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- int, bool ------------------------------------------------------------------------------- */

enum { DIGIT_BITS = 30 };

static uint32_t int_least_size(const struct layout *layout) {
    return layout->integer.ob_digit.offset;
}

/* int.__sizeof__ (Objects/longobject.c): there is room for one digit at least, which counts since
 * 3.11. Since 3.12 a subclass's attributes count as well, before not. */
static void int_measure(struct decode *decode, const struct object *object,
                        struct measure *measure) {
    const struct layout *layout = decode->layout;
    uint64_t digits = int_digit_count(decode, object);
    if (digits >> IMAGE_ADDRESS_BITS) {
        decode_damage(decode, "length", "int", object->address);
        digits = 0;
    }
    uint64_t digits_size = (digits ? digits : 1) * layout->integer.ob_digit.size;
    uint64_t body = object->type->basicsize + digits_size;
    measure->body_size = body;
    if (!layout->trait.zero_has_digit)
        digits_size = digits * layout->integer.ob_digit.size;
    measure->size =
        layout->trait.compact_int ? body : layout->integer.ob_digit.offset + digits_size;
}

bool int_is(const struct decode *decode, uint64_t address, uint64_t number) {
    const struct layout *layout = decode->layout;
    struct field count_field =
        layout->trait.compact_int ? layout->integer.lv_tag : layout->var_object.ob_size;
    uint64_t count = remote_unsigned(decode, address, count_field);
    if (layout->trait.compact_int)
        count >>= 3;
    struct field digit = layout->integer.ob_digit;
    for (; count && number; count--, number >>= DIGIT_BITS, digit.offset += digit.size) {
        if (remote_unsigned(decode, address, digit) != (number & ((1u << DIGIT_BITS) - 1)))
            return false;
    }
    return !count && !number;
}

__extension__ typedef unsigned __int128 wide;

static bool is_negative(const struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    if (layout->trait.compact_int)
        return (field_unsigned(object->body, layout->integer.lv_tag) & 3) == 2;
    return field_signed(object->body, layout->var_object.ob_size) < 0;
}

static void int_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t count = int_digit_count(decode, object), size = layout->integer.ob_digit.size;
    const char *sign = is_negative(decode, object) ? "-" : "";
    if (count > 4 || size != 4) {
        strbuf_printf(out, "%s<int of %llu bits>", sign, (unsigned long long)count * DIGIT_BITS);
        return;
    }
    const uint8_t *digits =
        image_pin(decode->image, object->address + layout->integer.ob_digit.offset, count * size);
    wide value = 0;
    for (uint64_t i = count; digits && i-- > 0;) {
        uint32_t digit;
        memcpy(&digit, digits + i * size, sizeof digit);
        value = value << DIGIT_BITS | (digit & ((1u << DIGIT_BITS) - 1));
    }
    char low[20]; /* digits below those of 64 bits */
    size_t at = sizeof low;
    for (; value > UINT64_MAX; value /= 10)
        low[--at] = (char)('0' + (int)(value % 10));
    strbuf_puts(out, sign);
    strbuf_add_unsigned(out, (uint64_t)value);
    strbuf_add(out, low + at, sizeof low - at);
}

static const struct decoder int_decoder = {
    .name = "int",
    .types = TYPES("int"),
    .least_size = int_least_size,
    .measure = int_measure,
    .no_buffers = true,
    .preview = int_preview,
};

static void bool_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    strbuf_puts(out, int_digit_count(decode, object) ? "True" : "False");
}

static const struct decoder bool_decoder = {
    .name = "bool",
    .types = TYPES("bool"),
    .least_size = int_least_size,
    .bigger_types = true,
    .measure = int_measure,
    .no_buffers = true,
    .preview = bool_preview,
};

/* ---- float, complex -------------------------------------------------------------------------- */

static double float_field(const struct object *object, struct field field) {
    double value = NAN;
    if (field.size == sizeof value && field_fits(field, object->available))
        memcpy(&value, object->body + field.offset, sizeof value);
    return value;
}

/* Digits to begin with. Any 15 survive the way into a double and back, so what reads back with fewer is found with 15 as
 * well, and "%g" takes its zeros away. Numbers below DBL_MIN have fewer bits. "%.15g" would write an exponent from 1e15 on,
 * repr() does so from 1e16 on. */
static int least_precision(double magnitude) {
    return magnitude < DBL_MIN ? 1 : magnitude >= 1e15 && magnitude < 1e16 ? 16 : DBL_DIG;
}

/* The shortest text that reads back as the same number, as repr() writes it. */
static void add_float(double value, struct strbuf *out) {
    char text[40];
    if (isnan(value) || isinf(value)) {
        strbuf_puts(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    double magnitude = fabs(value);
    for (int precision = least_precision(magnitude); precision <= 17; precision++) {
        if (precision == 17 && magnitude >= 1e16)
            snprintf(text, sizeof text, "%.16e", value);
        else
            snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    strbuf_puts(out, text);
    if (!strpbrk(text, ".e"))
        strbuf_puts(out, ".0");
}

STRUCTURE_SIZE(float_object);

static void float_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    add_float(float_field(object, decode->layout->float_object.ob_fval), out);
}

static const struct decoder float_decoder = {
    .name = "float",
    .types = TYPES("float"),
    .least_size = float_object_least_size,
    .preview = float_preview,
};

STRUCTURE_SIZE(complex_object);

static void complex_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    double imaginary = float_field(object, decode->layout->complex_object.imag);
    strbuf_putc(out, '(');
    add_float(float_field(object, decode->layout->complex_object.real), out);
    strbuf_puts(out, signbit(imaginary) ? "" : "+");
    add_float(imaginary, out);
    strbuf_puts(out, "j)");
}

static const struct decoder complex_decoder = {
    .name = "complex",
    .types = TYPES("complex"),
    .least_size = complex_object_least_size,
    .preview = complex_preview,
};

extern const struct decoder *const number_decoders[];
const struct decoder *const number_decoders[] = {&int_decoder, &bool_decoder, &float_decoder,
                                                 &complex_decoder, NULL};
