#include "introspect/layout/provider.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>

const char *const snapshot_tags[] = {"FACT", "SUMS", "INTP", "DAMG", "UNCL", "MAPS",
                                     "TYPE", "STAK", "ROOT", "GUES", "OBJS", "REFS",
                                     "VALS", "NAME", "FUNC", "LAYT", NULL};

/* ---- rows ------------------------------------------------------------------------------------ */

/* What comes from a file is as hostile as what comes from a process. Texts that are clean stay as they are. */
const char *take_text(struct column_reader *reader, struct arena *memory) {
    size_t length = 0;
    const char *text = column_take_text(reader, &length);
    struct strbuf clean = {0};
    if (!text || !length)
        return "";
    strbuf_add_escaped(&clean, text, length, length);
    char *copy = clean.failed ? NULL : arena_strdup(memory, strbuf_text(&clean));
    strbuf_free(&clean);
    if (!copy)
        column_fail(reader);
    return copy ? copy : "";
}

struct err *rows_read(struct snapshot *snapshot, const char *tag, read_row *row) {
    size_t count = 0;
    const struct chunk_entry *entries = chunk_find_all(&snapshot->index, tag, &count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = NULL;
        TRY(chunk_read(&snapshot->index, &entries[i], snapshot->unpacker, &bytes));
        struct column_reader reader = column_reader_of(bytes, entries[i].raw);
        while (column_left(&reader) && !reader.failed && !snapshot->out_of_memory)
            row(snapshot, &reader);
        if (snapshot->out_of_memory)
            return err_no_memory();
        if (reader.failed)
            return chunk_damaged(&entries[i], "its rows make no sense");
    }
    return NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

struct err *snapshot_load_totals(struct snapshot *snapshot) {
    TRY(totals_load(snapshot));
    TRY(types_load(snapshot));
    if (!snapshot->heap->interpreters.count)
        return err_new(ERR_DAMAGED_FILE, "it tells of no interpreter");
    return NULL;
}

struct err *snapshot_load_objects(struct snapshot *snapshot) {
    TRY(stacks_load(snapshot));
    TRY(objects_load(snapshot));
    TRY(roots_load(snapshot));
    TRY(names_load(snapshot));
    snapshot->references = calloc(snapshot->part_count + 1, sizeof *snapshot->references);
    snapshot->values = calloc(snapshot->part_count + 1, sizeof *snapshot->values);
    return snapshot->references && snapshot->values ? NULL : err_no_memory();
}

/* What is needed of a file that was cut off comes first in it. */
static struct err *load(struct snapshot *snapshot, bool totals_only) {
    bool truncated = snapshot->index.truncated;
    TRY(snapshot_load_totals(snapshot));
    if (truncated && totals_only)
        damage_add(&snapshot->heap->damage, "cut off", "snapshot file",
                   snapshot->index.whole_bytes);
    if (totals_only)
        return NULL;
    if (truncated)
        return err_new(ERR_DAMAGED_FILE,
                       "it was cut off after %llu bytes; only its totals can be read",
                       (unsigned long long)snapshot->index.whole_bytes);
    return snapshot_load_objects(snapshot);
}

/* Of values that are hidden in the file, names that it has are those that the code declares. */
static struct err *hide_values(struct snapshot *snapshot) {
    struct heap *heap = snapshot->heap;
    if (!facts_unsigned(&snapshot->totals, "values_hidden"))
        return NULL;
    if (!bitmap_init(&heap->declared, (uint64_t)heap_count(heap) << GRANULE_SHIFT))
        return err_no_memory();
    vec_each (name, &snapshot->names)
        bitmap_set(&heap->declared, (uint64_t)name->id << GRANULE_SHIFT);
    return heap_hide_values_of_types(heap);
}

static struct err *start(struct snapshot *snapshot) {
    struct heap *heap = snapshot->heap = calloc(1, sizeof *heap);
    if (!heap)
        return err_no_memory();
    heap->provider = &snapshot_provider;
    heap->snapshot = snapshot;
    TRY(type_table_create_known(&heap->types));
    TRY(image_create(0, &snapshot->image));
    return chunk_unpacker_new(&snapshot->unpacker);
}

struct err *snapshot_new(const struct snapshot_options *options, struct snapshot **ret) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return err_no_memory();
    snapshot->options = *options;
    struct err *err = start(snapshot);
    if (err)
        snapshot_close(snapshot);
    else
        *ret = snapshot;
    return err;
}

struct err *snapshot_open(struct chunk_source source, const struct snapshot_options *options,
                          bool totals_only, struct snapshot **ret) {
    struct snapshot *snapshot = NULL;
    TRY(snapshot_new(options, &snapshot));
    struct err *err = chunk_index_open(&snapshot->index, source, snapshot_tags);
    if (!err)
        err = load(snapshot, totals_only);
    if (!err)
        err = hide_values(snapshot);
    chunk_unpacker_free(snapshot->unpacker);
    snapshot->unpacker = NULL;
    if (err)
        snapshot_close(snapshot);
    else
        *ret = snapshot;
    return err;
}

void snapshot_close(struct snapshot *snapshot) {
    if (!snapshot)
        return;
    heap_destroy(snapshot->heap);
    chunk_unpacker_free(snapshot->unpacker);
    for (size_t i = 0; i < snapshot->part_count; i++) {
        if (snapshot->references)
            reference_part_free(snapshot->references[i]);
        if (snapshot->values)
            value_part_free(snapshot->values[i]);
    }
    free(snapshot->references);
    free(snapshot->values);
    free(snapshot->interpreters);
    image_destroy(snapshot->image);
    facts_free(&snapshot->facts);
    facts_free(&snapshot->totals);
    layout_destroy(snapshot->layout);
    stacks_free(&snapshot->stacks);
    vec_free(&snapshot->roots);
    vec_free(&snapshot->names);
    vec_free(&snapshot->functions);
    arena_clear(&snapshot->memory);
    chunk_index_close(&snapshot->index);
    err_free(snapshot->error);
    free(snapshot);
}

/* ---- what it has ----------------------------------------------------------------------------- */

struct heap *snapshot_heap(const struct snapshot *snapshot) {
    return snapshot->heap;
}
const struct image *snapshot_image(const struct snapshot *snapshot) {
    return snapshot->image;
}
const struct facts *snapshot_facts(const struct snapshot *snapshot) {
    return &snapshot->facts;
}
struct err *snapshot_take_error(struct snapshot *snapshot) {
    return __atomic_exchange_n(&snapshot->error, NULL, __ATOMIC_ACQ_REL);
}

void snapshot_failed(struct snapshot *snapshot, struct err *err) {
    struct err *none = NULL;
    if (!__atomic_compare_exchange_n(&snapshot->error, &none, err, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        err_free(err);
}
