/* datetime (Include/datetime.h, Modules/_datetimemodule.c): none of its types is of the GC. */
#include "introspect/objects/fields.h"

static unsigned big_endian(const uint8_t *bytes, unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* The packed bytes of a date, time or datetime; NULL if they lie beyond the object. */
static const uint8_t *packed(const struct object *object, struct field data, size_t size) {
    return data.size && data.offset + size <= object->available ? object->body + data.offset : NULL;
}

static void add_date(struct strbuf *out, const uint8_t *bytes) {
    strbuf_printf(out, "%04u-%02u-%02u", big_endian(bytes, 2), bytes[2], bytes[3]);
}

static void add_time(struct strbuf *out, const uint8_t *bytes) {
    strbuf_printf(out, "%02u:%02u:%02u", bytes[0], bytes[1], bytes[2]);
    unsigned microseconds = big_endian(bytes + 3, 3);
    if (microseconds)
        strbuf_printf(out, ".%06u", microseconds);
}

/* ---- date ------------------------------------------------------------------------------------ */

enum { DATE_BYTES = 4, TIME_BYTES = 6 };

STRUCTURE_SIZE(date);

static void date_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    const uint8_t *bytes = packed(object, decode->layout->date.data, DATE_BYTES);
    if (bytes)
        add_date(out, bytes);
}

static const struct decoder date_decoder = {
    .name = "date",
    .types = TYPES("datetime.date"),
    .least_size = date_least_size,
    .preview = date_preview,
};

/* ---- time and datetime: without a tzinfo, their last field, there is no room for it ---------- */

STRUCTURE_SIZE(time_of_day);

static void time_of_day_references(struct decode *decode, const struct object *object) {
    if (object_unsigned(object, decode->layout->time_of_day.hastzinfo))
        reference_field(decode, object, decode->layout->time_of_day.tzinfo, REFERENCE_UNTRAVERSED,
                        ".tzinfo");
}

static void time_of_day_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    const struct layout *layout = decode->layout;
    if (!object->type->heap_type && !object_unsigned(object, layout->time_of_day.hastzinfo))
        measure->body_size = layout->time_of_day.tzinfo.offset;
}

static void time_of_day_preview(struct decode *decode, const struct object *object,
                                struct strbuf *out) {
    const uint8_t *bytes = packed(object, decode->layout->time_of_day.data, TIME_BYTES);
    if (bytes)
        add_time(out, bytes);
}

static const struct decoder time_of_day_decoder = {
    .name = "time_of_day",
    .types = TYPES("datetime.time"),
    .least_size = time_of_day_least_size,
    .references = time_of_day_references,
    .measure = time_of_day_measure,
    .preview = time_of_day_preview,
};

STRUCTURE_SIZE(datetime);

static void datetime_references(struct decode *decode, const struct object *object) {
    if (object_unsigned(object, decode->layout->datetime.hastzinfo))
        reference_field(decode, object, decode->layout->datetime.tzinfo, REFERENCE_UNTRAVERSED,
                        ".tzinfo");
}

static void datetime_measure(struct decode *decode, const struct object *object,
                             struct measure *measure) {
    const struct layout *layout = decode->layout;
    if (!object->type->heap_type && !object_unsigned(object, layout->datetime.hastzinfo))
        measure->body_size = layout->datetime.tzinfo.offset;
}

static void datetime_preview(struct decode *decode, const struct object *object,
                             struct strbuf *out) {
    const uint8_t *bytes = packed(object, decode->layout->datetime.data, DATE_BYTES + TIME_BYTES);
    if (!bytes)
        return;
    add_date(out, bytes);
    strbuf_putc(out, 'T');
    add_time(out, bytes + DATE_BYTES);
}

static const struct decoder datetime_decoder = {
    .name = "datetime",
    .types = TYPES("datetime.datetime"),
    .least_size = datetime_least_size,
    .references = datetime_references,
    .measure = datetime_measure,
    .preview = datetime_preview,
};

/* ---- timedelta, time zones ------------------------------------------------------------------- */

STRUCTURE_SIZE(timedelta);

static void timedelta_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    const struct layout *layout = decode->layout;
    int64_t days = object_signed(object, layout->timedelta.days);
    int64_t seconds = object_signed(object, layout->timedelta.seconds);
    int64_t microseconds = object_signed(object, layout->timedelta.microseconds);
    if (days)
        strbuf_printf(out, "%lld day%s, ", (long long)days, days == 1 || days == -1 ? "" : "s");
    strbuf_printf(out, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
                  (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    if (microseconds)
        strbuf_printf(out, ".%06lld", (long long)microseconds);
}

static const struct decoder timedelta_decoder = {
    .name = "timedelta",
    .types = TYPES("datetime.timedelta"),
    .least_size = timedelta_least_size,
    .preview = timedelta_preview,
};

FIELDS_DECODER(timezone, TYPES("datetime.timezone"),
               OWNS(timezone, utc_offset, REFERENCE_UNTRAVERSED, "->offset"),
               OWNS(timezone, name, REFERENCE_UNTRAVERSED, "->name"));

extern const struct decoder *const datetime_decoders[];
const struct decoder *const datetime_decoders[] = {
    &date_decoder,      &time_of_day_decoder, &datetime_decoder,
    &timedelta_decoder, &timezone_decoder,    NULL,
};
