/* Chunks ROOT and GUES: every root with its name, and how objects were reached that only a guess leads to. */
#include "introspect/graph/root_list.h"
#include "introspect/snapshot/reference_codes.h"
#include "introspect/snapshot/snapshot_private.h"

static const char *field_of(const struct reference *reference) {
    return (const char *)(uintptr_t)reference->argument;
}

static void add_argument(struct column_buffer *buffer, const struct reference *reference) {
    if (reference->label == LABEL_FIELD)
        column_text(buffer, field_of(reference), strlen(field_of(reference)));
    else
        column_varint(buffer, reference->argument);
}

/* A name that is that of the root before is empty. */
static void add_root(struct rows *rows, const struct heap *heap, const struct root *root,
                     struct strbuf *name, struct strbuf *before) {
    struct column_buffer *buffer = rows_next(rows);
    strbuf_clear(name);
    root_name(heap, root, name);
    bool same = rows->buffer.length && !strcmp(strbuf_text(name), strbuf_text(before));
    column_u8(buffer, (uint8_t)root->kind);
    column_varint(buffer, root->owner);
    column_varint(buffer, root->holder);
    column_varint(buffer, root->reference.target);
    column_varint(buffer, root->reference.properties);
    column_u8(buffer, (uint8_t)root->reference.label);
    add_argument(buffer, &root->reference);
    column_text(buffer, strbuf_text(name), same ? 0 : name->length);
    strbuf_clear(before);
    strbuf_puts(before, strbuf_text(name));
    buffer->failed |= name->failed || before->failed;
}

static struct err *save_guesses(struct saver *saver) {
    struct rows rows = {.saver = saver, .tag = "GUES"};
    vec_each (guess, &saver->heap->guesses) {
        struct column_buffer *buffer = rows_next(&rows);
        column_varint(buffer, guess->target);
        column_varint(buffer, guess->owner);
    }
    return rows_finish(&rows);
}

struct err *roots_save(struct saver *saver) {
    struct rows rows = {.saver = saver, .tag = "ROOT"};
    struct root_list roots = {0};
    struct strbuf name = {0}, before = {0};
    TRY(root_list_collect(saver->heap, &roots));
    for (size_t i = 0; i < roots.count; i++) {
        const struct held_root *held = &roots.items[i];
        add_root(&rows, saver->heap, &held->root, &name, &before);
        if (held->root.reference.label == LABEL_FIELD)
            namespace_note(saver, namespace_kind(field_of(&held->root.reference)), held->object);
    }
    root_list_clear(&roots);
    strbuf_free(&name);
    strbuf_free(&before);
    TRY(rows_finish(&rows));
    return save_guesses(saver);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_root(struct snapshot *snapshot, struct column_reader *reader) {
    struct root root = {.kind = column_take_u8(reader)};
    root.owner = (uint32_t)column_take_varint(reader);
    root.holder = column_take_varint(reader);
    root.reference.target = column_take_varint(reader);
    root.reference.properties = (uint16_t)column_take_below(reader, KIND_PROPERTIES);
    root.reference.label = column_take_u8(reader);
    if (root.kind >= ROOT_KINDS || root.reference.label > LABEL_OFFSET)
        column_fail(reader);
    root.reference.argument = root.reference.label == LABEL_FIELD
                                  ? (uint64_t)(uintptr_t)take_text(reader, &snapshot->memory)
                                  : column_take_varint(reader);
    root.name = take_text(reader, &snapshot->memory);
    if (!*root.name && snapshot->roots.count)
        root.name = snapshot->roots.items[snapshot->roots.count - 1].name;
    if (!reader->failed)
        snapshot->out_of_memory |= !vec_push(&snapshot->roots, root);
}

static void read_guess(struct snapshot *snapshot, struct column_reader *reader) {
    struct guess_source guess = {.target = column_take_varint(reader)};
    guess.owner = column_take_varint(reader);
    if (!reader->failed)
        snapshot->out_of_memory |= !vec_push(&snapshot->heap->guesses, guess);
}

struct err *roots_load(struct snapshot *snapshot) {
    TRY(rows_read(snapshot, "ROOT", read_root));
    return rows_read(snapshot, "GUES", read_guess);
}
