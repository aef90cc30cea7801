/* Chunks FACT, SUMS, INTP, DAMG, UNCL, MAPS: what is known of the whole. */
#include "introspect/snapshot/snapshot_private.h"

#include <stddef.h>

struct member {
    const char *key;
    size_t offset;
};

static const struct member total_members[] = {
    {"objects", offsetof(struct heap_totals, objects)},
    {"size", offsetof(struct heap_totals, size)},
    {"footprint", offsetof(struct heap_totals, footprint)},
    {"tracked", offsetof(struct heap_totals, tracked)},
    {"reachable", offsetof(struct heap_totals, reachable)},
    {"allocator", offsetof(struct heap_totals, allocator)},
    {"unreachable", offsetof(struct heap_totals, unreachable)},
    {"guessed", offsetof(struct heap_totals, guessed)},
    {0},
};

static const struct member account_members[] = {
    {"arenas", offsetof(struct heap_accounts, arenas)},
    {"arena_bytes", offsetof(struct heap_accounts, arena_bytes)},
    {"pools", offsetof(struct heap_accounts, pools)},
    {"block_count", offsetof(struct heap_accounts, block_count)},
    {"block_bytes", offsetof(struct heap_accounts, block_bytes)},
    {"claimed_count", offsetof(struct heap_accounts, claimed_count)},
    {"claimed_bytes", offsetof(struct heap_accounts, claimed_bytes)},
    {"parked_count", offsetof(struct heap_accounts, parked_count)},
    {"parked_bytes", offsetof(struct heap_accounts, parked_bytes)},
    {"unclaimed_count", offsetof(struct heap_accounts, unclaimed_count)},
    {"unclaimed_bytes", offsetof(struct heap_accounts, unclaimed_bytes)},
    {"double_claims", offsetof(struct heap_accounts, double_claims)},
    {"free_bytes", offsetof(struct heap_accounts, free_bytes)},
    {"pymalloc_footprint", offsetof(struct heap_accounts, pymalloc_footprint)},
    {"malloc_footprint", offsetof(struct heap_accounts, malloc_footprint)},
    {0},
};

/* ---- facts ----------------------------------------------------------------------------------- */

static void add_members(struct facts *facts, const struct member *members, const void *structure) {
    for (; members->key; members++) {
        uint64_t value;
        memcpy(&value, (const char *)structure + members->offset, sizeof value);
        facts_add_unsigned(facts, members->key, value);
    }
}

static void take_members(const struct facts *facts, const struct member *members, void *structure) {
    for (; members->key; members++) {
        uint64_t value = facts_unsigned(facts, members->key);
        memcpy((char *)structure + members->offset, &value, sizeof value);
    }
}

static struct err *save_facts(struct saver *saver, const char *tag, const struct facts *facts) {
    struct column_buffer buffer = {0};
    facts_encode(facts, &buffer);
    struct err *err = save_chunk(saver, tag, 0, &buffer);
    column_buffer_free(&buffer);
    return err;
}

static struct err *load_facts(struct snapshot *snapshot, const char *tag, struct facts *facts) {
    const struct chunk_entry *entry = chunk_find(&snapshot->index, tag, 0);
    const uint8_t *bytes = NULL;
    if (!entry)
        return err_new(ERR_DAMAGED_FILE, "it has no chunk %s", tag);
    TRY(chunk_read(&snapshot->index, entry, snapshot->unpacker, &bytes));
    struct column_reader reader = column_reader_of(bytes, entry->raw);
    facts_decode(facts, &reader);
    if (facts->failed)
        return err_no_memory();
    return reader.failed ? chunk_damaged(entry, "its facts make no sense") : NULL;
}

/* ---- interpreters ---------------------------------------------------------------------------- */

static struct err *save_interpreters(struct saver *saver) {
    const struct heap *heap = saver->heap;
    struct rows rows = {.saver = saver, .tag = "INTP"};
    vec_each (interpreter, &heap->interpreters) {
        const struct gc_status *gc = &interpreter->gc;
        struct column_buffer *buffer = rows_next(&rows);
        column_signed(buffer, interpreter->id);
        column_varint(buffer, (unsigned)interpreter->has_gc | (unsigned)gc->enabled << 1 |
                                  (unsigned)gc->collecting << 2 |
                                  (unsigned)gc->has_long_lived << 3);
        column_varint(buffer, gc->debug);
        column_varint(buffer, gc->long_lived_total);
        column_varint(buffer, gc->long_lived_pending);
        column_varint(buffer, gc->garbage);
        for (int i = 0; i < GC_GENERATIONS; i++) {
            column_signed(buffer, gc->generations[i].count);
            column_signed(buffer, gc->generations[i].threshold);
            column_varint(buffer, gc->generations[i].collections);
            column_varint(buffer, gc->generations[i].collected);
            column_varint(buffer, gc->generations[i].uncollectable);
        }
    }
    return rows_finish(&rows);
}

static void read_interpreter(struct snapshot *snapshot, struct column_reader *reader) {
    struct heap_interpreter interpreter = {.id = column_take_signed(reader)};
    struct gc_status *gc = &interpreter.gc;
    uint64_t bits = column_take_varint(reader);
    interpreter.has_gc = bits & 1;
    gc->enabled = bits >> 1 & 1;
    gc->collecting = bits >> 2 & 1;
    gc->has_long_lived = bits >> 3 & 1;
    gc->debug = (uint32_t)column_take_varint(reader);
    gc->long_lived_total = column_take_varint(reader);
    gc->long_lived_pending = column_take_varint(reader);
    gc->garbage = column_take_varint(reader);
    for (int i = 0; i < GC_GENERATIONS; i++) {
        gc->generations[i].count = column_take_signed(reader);
        gc->generations[i].threshold = column_take_signed(reader);
        gc->generations[i].collections = column_take_varint(reader);
        gc->generations[i].collected = column_take_varint(reader);
        gc->generations[i].uncollectable = column_take_varint(reader);
    }
    snapshot->out_of_memory |= !vec_push(&snapshot->heap->interpreters, interpreter);
}

/* ---- damage, blocks, mappings ---------------------------------------------------------------- */

static struct err *save_damage(struct saver *saver) {
    const struct damage_list *damage = heap_damage(saver->heap);
    struct rows rows = {.saver = saver, .tag = "DAMG"};
    for (size_t i = 0; i < damage->count; i++) {
        struct column_buffer *buffer = rows_next(&rows);
        column_text(buffer, damage->items[i].reason, strlen(damage->items[i].reason));
        column_text(buffer, damage->items[i].where, strlen(damage->items[i].where));
        column_varint(buffer, damage->items[i].count);
        column_varint(buffer, damage->items[i].first);
    }
    return rows_finish(&rows);
}

static void read_damage(struct snapshot *snapshot, struct column_reader *reader) {
    struct damage_list *list = &snapshot->heap->damage;
    struct damage damage;
    damage.reason = take_text(reader, &snapshot->memory);
    damage.where = take_text(reader, &snapshot->memory);
    damage.count = column_take_varint(reader);
    damage.first = column_take_varint(reader);
    if (!reader->failed && list->count < DAMAGE_KINDS)
        list->items[list->count++] = damage;
}

static struct err *save_unclaimed(struct saver *saver) {
    struct rows rows = {.saver = saver, .tag = "UNCL"};
    vec_each (block, &saver->heap->unclaimed) {
        struct column_buffer *buffer = rows_next(&rows);
        column_varint(buffer, block->address);
        column_varint(buffer, block->size);
    }
    return rows_finish(&rows);
}

static void read_unclaimed(struct snapshot *snapshot, struct column_reader *reader) {
    struct heap_block block;
    block.address = column_take_varint(reader);
    block.size = column_take_varint(reader);
    snapshot->out_of_memory |= !vec_push(&snapshot->heap->unclaimed, block);
}

static struct err *save_mappings(struct saver *saver) {
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(saver->mappings, &count);
    struct rows rows = {.saver = saver, .tag = "MAPS"};
    for (size_t i = 0; i < count; i++) {
        const struct image_mapping *mapping = &mappings[i];
        struct column_buffer *buffer = rows_next(&rows);
        column_varint(buffer, mapping->start);
        column_varint(buffer, mapping->end - mapping->start);
        column_varint(buffer, (unsigned)mapping->readable | (unsigned)mapping->writable << 1 |
                                  (unsigned)mapping->executable << 2);
        column_varint(buffer, (uint64_t)mapping->kind);
        column_text(buffer, mapping->path, strlen(mapping->path));
    }
    return rows_finish(&rows);
}

static void read_mapping(struct snapshot *snapshot, struct column_reader *reader) {
    struct image_mapping mapping = {.start = column_take_varint(reader)};
    mapping.end = mapping.start + column_take_varint(reader);
    uint64_t bits = column_take_varint(reader);
    mapping.readable = bits & 1;
    mapping.writable = bits >> 1 & 1;
    mapping.executable = bits >> 2 & 1;
    mapping.kind = (enum mapping_kind)column_take_below(reader, MAPPING_SPECIAL);
    mapping.path = take_text(reader, &snapshot->memory);
    if (reader->failed)
        return;
    struct err *err = image_add_mapping(snapshot->image, &mapping);
    snapshot->out_of_memory |= err != NULL;
    err_free(err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct err *totals_save(struct saver *saver, const struct facts *facts) {
    struct facts totals = {0};
    add_members(&totals, total_members, heap_totals(saver->heap));
    add_members(&totals, account_members, heap_accounts(saver->heap));
    facts_add_unsigned(&totals, "part_objects", PART_OBJECTS);
    facts_add_unsigned(&totals, "values_hidden", saver->heap->hides_values);
    struct err *err = save_facts(saver, "FACT", facts);
    if (!err)
        err = save_facts(saver, "SUMS", &totals);
    facts_free(&totals);
    TRY(err);
    TRY(save_interpreters(saver));
    TRY(save_damage(saver));
    TRY(save_unclaimed(saver));
    return save_mappings(saver);
}

struct err *totals_load(struct snapshot *snapshot) {
    struct heap *heap = snapshot->heap;
    TRY(load_facts(snapshot, "FACT", &snapshot->facts));
    TRY(load_facts(snapshot, "SUMS", &snapshot->totals));
    take_members(&snapshot->totals, total_members, &heap->totals);
    take_members(&snapshot->totals, account_members, &heap->accounts);
    if (facts_unsigned(&snapshot->totals, "part_objects") != PART_OBJECTS)
        return err_new(ERR_DAMAGED_FILE, "its parts have a size that this version does not know");
    TRY(rows_read(snapshot, "INTP", read_interpreter));
    TRY(rows_read(snapshot, "DAMG", read_damage));
    TRY(rows_read(snapshot, "UNCL", read_unclaimed));
    return rows_read(snapshot, "MAPS", read_mapping);
}
