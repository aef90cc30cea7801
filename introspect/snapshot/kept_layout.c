/* Chunk LAYT: where the fields of the process's build lie, and how that was known. Decoding a snapshot takes no layout;
 * it is kept to be looked at. */
#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>

static const char tag[] = "LAYT";

/* ---- writing --------------------------------------------------------------------------------- */

static void put_proof(struct column_buffer *buffer, const struct layout_proof *proof) {
    const struct structure_description *structure = proof->structure;
    bool whole = proof->field == SIZE_MAX;
    const char *field = whole ? "" : structure->fields[proof->field].name;
    const char *how = proof->how ? proof->how : "";
    column_text(buffer, structure->name, strlen(structure->name));
    column_text(buffer, field, strlen(field));
    column_u8(buffer, (uint8_t)proof->kind);
    column_signed(buffer, proof->moved);
    column_text(buffer, how, strlen(how));
}

struct err *layout_save(struct saver *saver) {
    const struct layout *layout = saver->options.layout;
    struct column_buffer buffer = {0};
    struct strbuf text = {0};
    if (!layout)
        return NULL;
    layout_emit(layout, &text);
    column_text(&buffer, strbuf_text(&text), text.length);
    const char *table = layout->proofs ? layout->proofs->table : "";
    column_text(&buffer, table, strlen(table));
    if (layout->proofs) {
        vec_each (proof, &layout->proofs->items)
            put_proof(&buffer, proof);
    }
    buffer.failed |= text.failed;
    struct err *err = save_chunk(saver, tag, 0, &buffer);
    strbuf_free(&text);
    column_buffer_free(&buffer);
    return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* There is no more to prove: each field, and each structure's size. */
static size_t most_proofs(void) {
    size_t count = layout_structure_count;
    for (size_t i = 0; i < layout_structure_count; i++)
        count += layout_structures[i].field_count;
    return count;
}

/* Proofs of what fields.def has no more are left out, as layout_parse leaves out the fields. */
static bool take_proof(struct snapshot *snapshot, struct column_reader *reader,
                       struct layout_proofs *proofs) {
    size_t name_length = 0, field_length = 0;
    const char *name = column_take_text(reader, &name_length);
    const char *field = column_take_text(reader, &field_length);
    struct layout_proof proof = {.field = SIZE_MAX};
    proof.kind = (enum proof_kind)column_take_u8(reader);
    int64_t moved = column_take_signed(reader);
    proof.moved = (int32_t)moved;
    const char *how = take_text(reader, &snapshot->memory);
    proof.how = *how ? how : NULL;
    if (reader->failed || proof.kind > PROOF_NONE || proof.moved != moved)
        return false;
    proof.structure = layout_find_structure(name, name_length);
    if (proof.structure && field_length) {
        proof.field = layout_find_field(proof.structure, field, field_length);
        if (proof.field == SIZE_MAX)
            return true;
    }
    if (proof.structure && !vec_push(&proofs->items, proof))
        snapshot->out_of_memory = true;
    return !snapshot->out_of_memory;
}

static bool take_proofs(struct snapshot *snapshot, struct column_reader *reader,
                        struct layout *layout) {
    const char *table = take_text(reader, &snapshot->memory);
    if (reader->failed || !*table)
        return !reader->failed && !column_left(reader);
    struct layout_proofs *proofs = layout->proofs = calloc(1, sizeof *proofs);
    snapshot->out_of_memory |= !proofs;
    if (!proofs || strlen(table) >= sizeof proofs->table)
        return false;
    strcpy(proofs->table, table);
    size_t most = most_proofs();
    for (size_t i = 0; column_left(reader); i++) {
        if (i == most || !take_proof(snapshot, reader, proofs))
            return false;
    }
    return true;
}

static struct err *read_layout(struct snapshot *snapshot, const struct chunk_entry *entry,
                               struct chunk_unpacker *unpacker) {
    const uint8_t *bytes = NULL;
    size_t length = 0;
    TRY(chunk_read(&snapshot->index, entry, unpacker, &bytes));
    struct column_reader reader = column_reader_of(bytes, entry->raw);
    const char *text = column_take_text(&reader, &length);
    struct err *err = NULL;
    if (reader.failed)
        return chunk_damaged(entry, "its layout makes no sense");
    TRY(layout_parse(text, length, &snapshot->layout));
    if (!take_proofs(snapshot, &reader, snapshot->layout))
        err = snapshot->out_of_memory
                  ? err_no_memory()
                  : chunk_damaged(entry, "what is said of its layout makes no sense");
    if (err) {
        layout_destroy(snapshot->layout);
        snapshot->layout = NULL;
    }
    return err;
}

struct err *snapshot_layout(struct snapshot *snapshot, const struct layout **ret) {
    const struct chunk_entry *entry = chunk_find(&snapshot->index, tag, 0);
    struct err *err = NULL;
    if (!entry && snapshot->index.truncated)
        return err_new(ERR_DAMAGED_FILE, "it was cut off before its layout");
    if (!snapshot->layout && entry) {
        struct chunk_unpacker *unpacker = NULL;
        TRY(chunk_unpacker_new(&unpacker));
        err = read_layout(snapshot, entry, unpacker);
        chunk_unpacker_free(unpacker);
    }
    *ret = snapshot->layout;
    return err;
}
