/* zoneinfo.ZoneInfo: tables of transitions and of what holds between them (Modules/_zoneinfo.c). */
#include "introspect/layout/type_flags.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/module_state.h"
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
    const struct type *type = remote_type(decode, key);
    if (type && type->flags & TPFLAGS_UNICODE_SUBCLASS)
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

/* ---- the module's state (3.12+): a list of the zones used last ------------------------------- */

typedef void node_visit(struct decode *decode, uint64_t address, const uint8_t *node);

static void each_cache_node(struct decode *decode, const uint8_t *state, size_t size,
                            node_visit *visit) {
    const struct layout *layout = decode->layout;
    if (!field_fits(layout->zone_state.strong_cache, size) || !layout->zone_cache_node.size)
        return;
    uint64_t address = field_pointer(state, layout->zone_state.strong_cache), previous = 0;
    while (address) {
        const uint8_t *node = image_pin(decode->image, address, layout->zone_cache_node.size);
        if (!node || field_pointer(node, layout->zone_cache_node.prev) != previous) {
            decode_damage(decode, node ? "chain" : "absent", "zoneinfo cache", address);
            return;
        }
        visit(decode, address, node);
        previous = address;
        address = field_pointer(node, layout->zone_cache_node.next);
    }
}

static void cache_node_references(struct decode *decode, uint64_t address, const uint8_t *node) {
    (void)address;
    const struct layout *layout = decode->layout;
    uint64_t key = field_pointer(node, layout->zone_cache_node.key);
    reference_add(decode, key, REFERENCE_STRONG, LABEL_FIELD, field_label("->cache.key"));
    reference_add(decode, field_pointer(node, layout->zone_cache_node.zone), REFERENCE_STRONG,
                  LABEL_FIELD, field_label("->cache.zone"));
}

static void zoneinfo_state_references(struct decode *decode, const uint8_t *state, size_t size) {
    each_cache_node(decode, state, size, cache_node_references);
}

static void cache_node_buffer(struct decode *decode, uint64_t address, const uint8_t *node) {
    (void)node;
    buffer_add(decode, address, decode->layout->zone_cache_node.size);
}

static void zoneinfo_state_measure(struct decode *decode, const uint8_t *state, size_t size) {
    if (decode->buffer)
        each_cache_node(decode, state, size, cache_node_buffer);
}

const struct module_state_decoder zoneinfo_module_state = {
    .module = "_zoneinfo",
    .references = zoneinfo_state_references,
    .measure = zoneinfo_state_measure,
};

extern const struct decoder *const zoneinfo_decoders[];
const struct decoder *const zoneinfo_decoders[] = {&zone_info_decoder, NULL};
