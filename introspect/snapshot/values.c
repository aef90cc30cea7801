/* Chunk VALS: previews of a part's objects. What is hidden is not written: a reader names it by its number. */
#include "introspect/heap/hidden_values.h"
#include "introspect/snapshot/part_scratch.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>

enum { LONGEST = 4096 }; /* bytes of a preview */

void values_encode(struct part_saver *part, uint32_t first, uint32_t last) {
    const struct heap *heap = part->saver->heap;
    struct column_buffer *buffer = &part->buffer, *texts = &part->texts;
    uint32_t *lengths = part->scratch->small;
    struct strbuf text = {0};
    column_buffer_clear(texts);
    for (uint32_t id = first; id < last; id++) {
        const struct decoder *decoder = heap_type(heap, id)->decoder;
        strbuf_clear(&text);
        if (decoder && decoder->preview && !heap_value_is_hidden(heap, id))
            heap_preview(heap, id, &text);
        size_t length = text.length < LONGEST ? text.length : LONGEST;
        lengths[id - first] = (uint32_t)length;
        column_bytes(texts, strbuf_text(&text), length);
        buffer->failed |= text.failed;
    }
    strbuf_free(&text);
    column_varint(buffer, last - first);
    column_numbers32(buffer, COLUMN_PLAIN, lengths, last - first);
    column_bytes(buffer, texts->bytes, texts->length);
    buffer->failed |= texts->failed;
}

static bool read_part(struct value_part *part, struct column_reader *reader) {
    uint32_t lengths[PART_OBJECTS];
    if (column_take_varint(reader) != part->count)
        return false;
    part->first = calloc((size_t)part->count + 1, sizeof *part->first);
    if (!part->first)
        return false;
    column_take_numbers32(reader, lengths, part->count);
    for (uint32_t i = 0; i < part->count; i++)
        part->first[i + 1] = part->first[i] + lengths[i];
    uint64_t length = part->first[part->count];
    const uint8_t *texts = column_take(reader, length);
    if (!texts && length)
        return false;
    part->texts = malloc(length + 1);
    if (part->texts && length)
        memcpy(part->texts, texts, length);
    return part->texts;
}

struct err *values_read(const struct snapshot *snapshot, size_t number, struct value_part **ret) {
    const struct chunk_entry *entry = chunk_find(&snapshot->index, "VALS", number);
    struct chunk_unpacker *unpacker = NULL;
    const uint8_t *bytes = NULL;
    if (!entry)
        return err_new(ERR_DAMAGED_FILE, "it has no values of part %zu", number);
    struct value_part *part = calloc(1, sizeof *part);
    struct err *err = part ? chunk_unpacker_new(&unpacker) : err_no_memory();
    if (!err)
        err = chunk_read(&snapshot->index, entry, unpacker, &bytes);
    if (!err) {
        uint32_t left = heap_count(snapshot->heap) - (uint32_t)number * PART_OBJECTS;
        struct column_reader reader = column_reader_of(bytes, entry->raw);
        part->count = left < PART_OBJECTS ? left : PART_OBJECTS;
        if (!read_part(part, &reader))
            err = chunk_damaged(entry, "its values make no sense");
    }
    chunk_unpacker_free(unpacker);
    if (err) {
        value_part_free(part);
        return err;
    }
    *ret = part;
    return NULL;
}

void value_part_free(struct value_part *part) {
    if (!part)
        return;
    free(part->first);
    free(part->texts);
    free(part);
}
