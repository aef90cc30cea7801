/* zoneinfo.ZoneInfo: tables of transitions and of what holds between them (Modules/_zoneinfo.c). */
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

static const struct pointer_field zone_info_fields[] = {
    OWNS(zone_info, key, REFERENCE_STRONG, ".key"),
    OWNS(zone_info, file_repr, REFERENCE_UNTRAVERSED, "->file_repr"),
};

static const struct pointer_field zone_ttinfo_fields[] = {
    OWNS(zone_ttinfo, utcoff, REFERENCE_UNTRAVERSED, "->utcoff"),
    OWNS(zone_ttinfo, dstoff, REFERENCE_UNTRAVERSED, "->dstoff"),
    OWNS(zone_ttinfo, tzname, REFERENCE_UNTRAVERSED, "->tzname"),
};

STRUCTURE_SIZE(zone_info);

static void ttinfo_references(struct decode *decode, const struct object *object,
                              const uint8_t *ttinfo) {
    fields_references_of(decode, object, ttinfo, decode->layout->zone_ttinfo.size,
                         zone_ttinfo_fields,
                         sizeof zone_ttinfo_fields / sizeof *zone_ttinfo_fields);
}

/* A _ttinfo inside the object, at a field. */
static void embedded_ttinfo(struct decode *decode, const struct object *object,
                            struct field field) {
    if (field.size && field.offset + (size_t)decode->layout->zone_ttinfo.size <= object->available)
        ttinfo_references(decode, object, object->body + field.offset);
}

static void zone_info_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint32_t size = layout->zone_ttinfo.size;
    fields_references(decode, object, zone_info_fields,
                      sizeof zone_info_fields / sizeof *zone_info_fields);
    uint64_t at = object_pointer(object, layout->zone_info.ttinfos);
    uint64_t count = object_unsigned(object, layout->zone_info.num_ttinfos);
    for (uint64_t i = 0; at && size && i < count; i++, at += size) {
        const uint8_t *ttinfo = image_pin(decode->image, at, size);
        if (!ttinfo) {
            decode_damage(decode, "absent", "ZoneInfo", at);
            break;
        }
        ttinfo_references(decode, object, ttinfo);
    }
    embedded_ttinfo(decode, object, layout->zone_info.after_std);
    if (!object_unsigned(object, layout->zone_info.after_std_only))
        embedded_ttinfo(decode, object, layout->zone_info.after_dst);
}

static void zone_info_measure(struct decode *decode, const struct object *object,
                              struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    uint64_t transitions = object_unsigned(object, layout->zone_info.num_transitions);
    struct field wall[2] = {layout->zone_info.trans_list_wall, layout->zone_info.trans_list_wall};
    wall[1].offset += 8;
    uint64_t lists[] = {
        object_pointer(object, layout->zone_info.trans_list_utc),
        object_pointer(object, wall[0]),
        object_pointer(object, wall[1]),
        object_pointer(object, layout->zone_info.trans_ttinfos),
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        buffer_add_array(decode, lists[i], transitions, 8, "ZoneInfo");
    buffer_add_array(decode, object_pointer(object, layout->zone_info.ttinfos),
                     object_unsigned(object, layout->zone_info.num_ttinfos),
                     layout->zone_ttinfo.size, "ZoneInfo");
    /* Rules are of two kinds, of about the same size. */
    buffer_add_array(decode, object_pointer(object, layout->zone_info.after_start), 1,
                     layout->zone_calendar_rule.size, "ZoneInfo");
    buffer_add_array(decode, object_pointer(object, layout->zone_info.after_end), 1,
                     layout->zone_calendar_rule.size, "ZoneInfo");
}

static void zone_info_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    uint64_t key = object_pointer(object, decode->layout->zone_info.key);
    uint64_t type_address = remote_unsigned(decode, key, decode->layout->object.ob_type);
    const struct type *type = type_address ? type_table_get(decode->types, type_address) : NULL;
    if (type && !strcmp(type->name, "str"))
        str_escaped(decode, key, 60, out);
}

static const struct decoder zone_info_decoder = {
    .name = "zone_info",
    .types = TYPES("zoneinfo.ZoneInfo"),
    .least_size = zone_info_least_size,
    .references = zone_info_references,
    .measure = zone_info_measure,
    .preview = zone_info_preview,
};

extern const struct decoder *const zoneinfo_decoders[];
const struct decoder *const zoneinfo_decoders[] = {&zone_info_decoder, NULL};
