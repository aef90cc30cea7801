/* functools: partial, lru_cache, cmp_to_key (Modules/_functoolsmodule.c). */
#include "introspect/objects/fields.h"

FIELDS_DECODER(partial, TYPES("functools.partial"), OWNS(partial, fn, REFERENCE_STRONG, ".func"),
               OWNS(partial, args, REFERENCE_STRONG, ".args"),
               OWNS(partial, kw, REFERENCE_STRONG, ".keywords"),
               OWNS(partial, dict, REFERENCE_STRONG, ".__dict__"));

FIELDS_DECODER(key_wrapper, TYPES("functools.KeyWrapper"),
               OWNS(key_wrapper, cmp, REFERENCE_STRONG, "->cmp"),
               OWNS(key_wrapper, object, REFERENCE_STRONG, ".obj"));

/* ---- lru_cache ------------------------------------------------------------------------------
 * Its entries are objects without a GC head in a ring that begins and ends at the cache itself,
 * which owns a reference to each, as does its dict. On their behalf the cache's tp_traverse visits
 * what they own. */

static const struct pointer_field lru_cache_fields[] = {
    OWNS(lru_cache, cache, REFERENCE_STRONG, "->cache"),
    OWNS(lru_cache, func, REFERENCE_STRONG, "->func"),
    OWNS(lru_cache, kwd_mark, REFERENCE_STRONG, "->kwd_mark"),
    OWNS(lru_cache, lru_list_elem_type, REFERENCE_STRONG, "->lru_list_elem_type"),
    OWNS(lru_cache, cache_info_type, REFERENCE_STRONG, "->cache_info_type"),
    OWNS(lru_cache, dict, REFERENCE_STRONG, ".__dict__"),
};

STRUCTURE_SIZE(lru_cache);

static void lru_cache_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, lru_cache_fields,
                      sizeof lru_cache_fields / sizeof *lru_cache_fields);

    uint64_t address = object_pointer(object, layout->lru_cache.root_next);
    uint64_t previous = object->address;
    for (uint64_t index = 0; address && address != object->address; index++) {
        const uint8_t *link = image_pin(decode->image, address, layout->lru_list_elem.size);
        if (!link || field_pointer(link, layout->lru_list_elem.prev) != previous) {
            decode_damage(decode, link ? "chain" : "absent", "lru_cache", address);
            return;
        }
        reference_add(decode, address, REFERENCE_UNTRAVERSED, LABEL_ITEM, index);
        reference_add(decode, field_pointer(link, layout->lru_list_elem.key), REFERENCE_TRAVERSED,
                      LABEL_FIELD, field_label("->key"));
        reference_add(decode, field_pointer(link, layout->lru_list_elem.result),
                      REFERENCE_TRAVERSED, LABEL_FIELD, field_label("->result"));
        reference_add(decode, field_pointer(link, layout->object.ob_type),
                      fields_properties(object, REFERENCE_TRAVERSED_IN_HEAP_TYPE) &
                          REFERENCE_TRAVERSED,
                      LABEL_TYPE, 0);
        previous = address;
        address = field_pointer(link, layout->lru_list_elem.next);
    }
}

static void lru_cache_preview(struct decode *decode, const struct object *object,
                              struct strbuf *out) {
    const struct layout *layout = decode->layout;
    int64_t maxsize = object_signed(object, layout->lru_cache.maxsize);
    strbuf_printf(out, "hits=%llu, misses=%llu, ",
                  (unsigned long long)object_unsigned(object, layout->lru_cache.hits),
                  (unsigned long long)object_unsigned(object, layout->lru_cache.misses));
    if (maxsize < 0)
        strbuf_puts(out, "maxsize=None, ");
    else
        strbuf_printf(out, "maxsize=%lld, ", (long long)maxsize);
    strbuf_printf(
        out, "currsize=%llu",
        (unsigned long long)remote_unsigned(decode, object_pointer(object, layout->lru_cache.cache),
                                            layout->dict.ma_used));
}

static const struct decoder lru_cache_decoder = {
    .name = "lru_cache",
    .types = TYPES("functools._lru_cache_wrapper"),
    .least_size = lru_cache_least_size,
    .references = lru_cache_references,
    .preview = lru_cache_preview,
};

FIELDS_DECODER(lru_list_elem, TYPES("functools._lru_list_elem"),
               OWNS(lru_list_elem, key, REFERENCE_UNTRAVERSED, "->key"),
               OWNS(lru_list_elem, result, REFERENCE_UNTRAVERSED, "->result"));

extern const struct decoder *const functools_decoders[];
const struct decoder *const functools_decoders[] = {
    &partial_decoder, &key_wrapper_decoder, &lru_cache_decoder, &lru_list_elem_decoder, NULL,
};
