/* decimal (Modules/_decimal/_decimal.c): a number is a libmpdec mpd_t, its coefficient in words of
 * 19 decimal digits, the least significant first. Small ones lie in the object. */
#include "introspect/objects/fields.h"
#include "introspect/objects/module_state.h"

#include <stdio.h>

/* Modules/_decimal/libmpdec/mpdecimal.h */
enum {
    MPD_NEG = 1,
    MPD_INF = 2,
    MPD_NAN = 4,
    MPD_SNAN = 8,
    MPD_DATAFLAGS = 0x20 | 0x40 | 0x80, /* static, shared, constant: not allocated */
    MPD_WORD = 8,
};

STRUCTURE_SIZE(decimal);

static void decimal_measure(struct decode *decode, const struct object *object,
                            struct measure *measure) {
    const struct layout *layout = decode->layout;
    if (!(object_unsigned(object, layout->decimal.flags) & MPD_DATAFLAGS))
        measure->size +=
            buffer_add_array(decode, object_pointer(object, layout->decimal.data),
                             object_unsigned(object, layout->decimal.alloc), MPD_WORD, "Decimal");
}

/* The coefficient's digits, most significant first, at most `limit` of them. */
static bool add_digits(struct decode *decode, const struct object *object, struct strbuf *out,
                       size_t limit) {
    const struct layout *layout = decode->layout;
    uint64_t data = object_pointer(object, layout->decimal.data);
    uint64_t words = object_unsigned(object, layout->decimal.length);
    if (!words || words >> 40)
        return false;
    char digits[24];
    for (uint64_t i = words; i-- > 0 && out->length < limit;) {
        uint64_t word;
        if (!image_read_u64(decode->image, data + i * MPD_WORD, &word))
            return false;
        snprintf(digits, sizeof digits, i + 1 == words ? "%llu" : "%019llu",
                 (unsigned long long)word);
        strbuf_puts(out, digits);
    }
    return !out->failed;
}

/* As Decimal.__str__: plain, or scientific where the exponent is far off. */
static void add_number(struct strbuf *out, const struct strbuf *digits, int64_t count,
                       int64_t exponent) {
    enum { SHOWN = 40 };
    int64_t left = exponent + count, shown = count < SHOWN ? count : SHOWN;
    const char *text = strbuf_text(digits);
    bool plain = exponent <= 0 && left > -6;
    int64_t point = plain ? left : 1;
    if (point <= 0) {
        strbuf_puts(out, "0.");
        for (int64_t i = point; i < 0; i++)
            strbuf_putc(out, '0');
    }
    for (int64_t i = 0; i < shown; i++) {
        if (i > 0 && i == point)
            strbuf_putc(out, '.');
        strbuf_putc(out, text[i]);
    }
    if (shown < count)
        strbuf_puts(out, "...");
    if (!plain)
        strbuf_printf(out, "E%+lld", (long long)(left - 1));
}

static void decimal_preview(struct decode *decode, const struct object *object,
                            struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t flags = object_unsigned(object, layout->decimal.flags);
    int64_t count = object_signed(object, layout->decimal.digits);
    int64_t exponent = object_signed(object, layout->decimal.exponent);
    if (flags & MPD_NEG)
        strbuf_putc(out, '-');
    if (flags & (MPD_INF | MPD_NAN | MPD_SNAN)) {
        strbuf_puts(out, flags & MPD_INF ? "Infinity" : flags & MPD_NAN ? "NaN" : "sNaN");
        return;
    }
    struct strbuf digits = {0};
    bool sane = add_digits(decode, object, &digits, 64) && count > 0 && count < 1ll << 40 &&
                exponent < 1ll << 60 && exponent > -(1ll << 60) &&
                (int64_t)digits.length >= (count < 64 ? count : 64);
    if (sane)
        add_number(out, &digits, count, exponent);
    strbuf_free(&digits);
}

static const struct decoder decimal_decoder = {
    .name = "decimal",
    .types = TYPES("decimal.Decimal"),
    .least_size = decimal_least_size,
    .measure = decimal_measure,
    .preview = decimal_preview,
};

FIELDS(decimal_context, OWNS(decimal_context, traps, REFERENCE_STRONG, ".traps"),
       OWNS(decimal_context, flags, REFERENCE_STRONG, ".flags"));

static void decimal_context_preview(struct decode *decode, const struct object *object,
                                    struct strbuf *out) {
    strbuf_printf(out, "prec=%lld",
                  (long long)object_signed(object, decode->layout->decimal_context.precision));
}

static const struct decoder decimal_context_decoder = {
    .name = "decimal_context",
    .types = TYPES("decimal.Context"),
    .least_size = decimal_context_least_size,
    .references = decimal_context_references,
    .preview = decimal_context_preview,
};

FIELDS_DECODER(decimal_context_manager, TYPES("decimal.ContextManager"),
               OWNS(decimal_context_manager, local, REFERENCE_STRONG, "->local"),
               OWNS(decimal_context_manager, global, REFERENCE_STRONG, "->global"));

/* Its flags are a word of the context that it belongs to, which it does not own. */
PLAIN_DECODER(decimal_signal_dict, TYPES("decimal.SignalDictMixin"), NULL);

/* ---- the module's state (3.13+): the exceptions of signals and conditions -------------------- */

/* Calls for each entry of a map, up to the one without a name. Returns how many entries there are
 * with that one; 0, with damage, if it has no end. */
typedef void condition_visit(struct decode *decode, uint64_t index, const uint8_t *condition);

static uint64_t each_condition(struct decode *decode, uint64_t map, condition_visit *visit) {
    enum { MOST_CONDITIONS = 64 };
    const struct layout *layout = decode->layout;
    uint32_t size = layout->decimal_condition.size;
    for (uint64_t i = 0; map && size && i < MOST_CONDITIONS; i++) {
        const uint8_t *condition = image_pin(decode->image, map + i * size, size);
        if (!condition)
            break;
        if (!field_pointer(condition, layout->decimal_condition.name))
            return i + 1;
        if (visit)
            visit(decode, i, condition);
    }
    if (map)
        decode_damage(decode, "chain", "decimal conditions", map);
    return 0;
}

static void signal_reference(struct decode *decode, uint64_t index, const uint8_t *condition) {
    (void)index;
    reference_add(decode, field_pointer(condition, decode->layout->decimal_condition.exception),
                  REFERENCE_STRONG, LABEL_FIELD, field_label("->signal_map.ex"));
}

/* The first one is borrowed from the other map. */
static void condition_reference(struct decode *decode, uint64_t index, const uint8_t *condition) {
    if (index)
        reference_add(decode, field_pointer(condition, decode->layout->decimal_condition.exception),
                      REFERENCE_STRONG, LABEL_FIELD, field_label("->cond_map.ex"));
}

static void decimal_state_references(struct decode *decode, const uint8_t *state, size_t size) {
    const struct layout *layout = decode->layout;
    if (size < layout->decimal_state.size)
        return;
    each_condition(decode, field_pointer(state, layout->decimal_state.signal_map),
                   signal_reference);
    each_condition(decode, field_pointer(state, layout->decimal_state.cond_map),
                   condition_reference);
}

static void decimal_state_measure(struct decode *decode, const uint8_t *state, size_t size) {
    const struct layout *layout = decode->layout;
    if (size < layout->decimal_state.size)
        return;
    uint64_t maps[] = {field_pointer(state, layout->decimal_state.signal_map),
                       field_pointer(state, layout->decimal_state.cond_map)};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        buffer_add_array(decode, maps[i], each_condition(decode, maps[i], NULL),
                         layout->decimal_condition.size, "decimal conditions");
}

const struct module_state_decoder decimal_module_state = {
    .module = "_decimal",
    .references = decimal_state_references,
    .measure = decimal_state_measure,
};

extern const struct decoder *const decimal_decoders[];
const struct decoder *const decimal_decoders[] = {
    &decimal_decoder,
    &decimal_context_decoder,
    &decimal_context_manager_decoder,
    &decimal_signal_dict_decoder,
    NULL,
};
