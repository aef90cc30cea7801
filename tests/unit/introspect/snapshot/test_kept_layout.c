/* The layout in a snapshot is the one that was written, with all that is said of it; or there is none, or an error. */
#include "memory_file.h"

#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"
#include "introspect/snapshot/snapshot_private.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A layout with some fields, and proofs of two of them if it is derived. */
static struct layout *make_layout(bool derived) {
    struct layout *layout = calloc(1, sizeof *layout);
    cr_assert_not_null(layout);
    strcpy(layout->version, "3.11.9");
    strcpy(layout->architecture, "x86_64");
    strcpy(layout->build_id, "0123abcd");
    strcpy(layout->provider, derived ? "table 3.11.7 for 3.11.9" : "dwarf");
    layout->dict.size = 48;
    layout->dict.ma_used = (struct field){.offset = 16, .size = 8};
    layout->trait.header_before_gc = 16;
    if (!derived)
        return layout;
    layout->proofs = calloc(1, sizeof *layout->proofs);
    cr_assert_not_null(layout->proofs);
    strcpy(layout->proofs->table, "3.11.7");
    const struct structure_description *dict = layout_find_structure("dict", 4);
    struct layout_proof moved = {dict, layout_find_field(dict, "ma_used", 7), PROOF_MOVED, -8,
                                 "it counts"};
    struct layout_proof none = {dict, SIZE_MAX, PROOF_NONE, 0, NULL};
    bool pushed = vec_push(&layout->proofs->items, moved);
    cr_assert(pushed);
    pushed = vec_push(&layout->proofs->items, none);
    cr_assert(pushed);
    return layout;
}

/* The least that can be opened, as a file that ends before its closing chunk: the totals are enough. */
static void write_file(struct memory_file *file, const struct layout *layout) {
    struct saver saver = {.options.layout = layout};
    struct column_buffer buffer = {0};
    struct facts totals = {0};
    facts_add_unsigned(&totals, "part_objects", PART_OBJECTS);
    facts_encode(&totals, &buffer);
    must(chunk_packer_new(1, &saver.packer));
    must(chunk_start(&saver.writer, memory_sink(file)));
    append(&saver.writer, 0, "FACT", 0, 0, "", 0);
    append(&saver.writer, 0, "SUMS", 0, 0, buffer.bytes, buffer.length);
    static const uint8_t interpreter[6 + 3 * 5] = {0};
    append(&saver.writer, 0, "INTP", 0, 0, interpreter, sizeof interpreter);
    must(layout_save(&saver));
    must(chunk_finish(&saver.writer));
    chunk_packer_free(saver.packer);
    chunk_packed_free(&saver.packed);
    column_buffer_free(&buffer);
    facts_free(&totals);
}

static struct snapshot *open_file(struct memory_file *file) {
    const struct snapshot_options options = {.threads = 1};
    struct snapshot *snapshot = NULL;
    must(snapshot_open(memory_source(file), &options, true, &snapshot));
    return snapshot;
}

static void expect_same(const struct layout *layout, const struct layout *read) {
    struct strbuf text = {0}, again = {0};
    layout_emit(layout, &text);
    layout_emit(read, &again);
    cr_assert_str_eq(strbuf_text(&text), strbuf_text(&again));
    strbuf_free(&text);
    strbuf_free(&again);
    cr_assert_eq(!layout->proofs, !read->proofs);
    if (!layout->proofs)
        return;
    cr_assert_str_eq(layout->proofs->table, read->proofs->table);
    cr_assert_eq(layout->proofs->items.count, read->proofs->items.count);
    for (size_t i = 0; i < layout->proofs->items.count; i++) {
        const struct layout_proof *a = &layout->proofs->items.items[i];
        const struct layout_proof *b = &read->proofs->items.items[i];
        cr_assert(a->structure == b->structure && a->field == b->field && a->kind == b->kind &&
                  a->moved == b->moved);
        cr_assert_str_eq(a->how ? a->how : "none", b->how ? b->how : "none");
    }
}

Test(kept_layout, is_what_was_written) {
    for (int derived = 0; derived < 2; derived++) {
        struct memory_file file = {0};
        struct layout *layout = make_layout(derived);
        const struct layout *read = NULL;
        write_file(&file, layout);
        struct snapshot *snapshot = open_file(&file);
        must(snapshot_layout(snapshot, &read));
        cr_assert_not_null(read);
        expect_same(layout, read);
        snapshot_close(snapshot);
        layout_destroy(layout);
        column_buffer_free(&file.content);
    }
}

Test(kept_layout, is_none_of_files_without_one) {
    struct memory_file file = {0};
    write_file(&file, NULL);
    struct snapshot *snapshot = open_file(&file);
    struct layout other;
    const struct layout *read = &other;
    must(snapshot_layout(snapshot, &read));
    cr_assert_null(read);
    snapshot_close(snapshot);
    file.content.length--; /* cut off: whether there was one is not known */
    snapshot = open_file(&file);
    struct err *err = snapshot_layout(snapshot, &read);
    cr_assert(err && err_code(err) == ERR_DAMAGED_FILE);
    err_free(err);
    snapshot_close(snapshot);
    column_buffer_free(&file.content);
}

/* Payloads that make no sense, in chunks that are whole. */
static void expect_damage(const struct column_buffer *payload) {
    struct memory_file file = {0};
    struct chunk_writer writer;
    const struct layout *read = NULL;
    must(chunk_start(&writer, memory_sink(&file)));
    append(&writer, 0, "LAYT", 0, 0, payload->bytes, payload->length);
    must(chunk_finish(&writer));
    struct snapshot snapshot = {0};
    static const char *const known[] = {"LAYT", NULL};
    must(chunk_index_open(&snapshot.index, memory_source(&file), known));
    struct err *err = snapshot_layout(&snapshot, &read);
    cr_assert(err && err_code(err) == ERR_DAMAGED_FILE);
    cr_assert_null(read);
    err_free(err);
    chunk_index_close(&snapshot.index);
    arena_clear(&snapshot.memory);
    column_buffer_free(&file.content);
}

static void start_payload(struct column_buffer *payload, const char *table) {
    struct layout *layout = make_layout(false);
    struct strbuf text = {0};
    layout_emit(layout, &text);
    column_buffer_clear(payload);
    column_text(payload, strbuf_text(&text), text.length);
    column_text(payload, table, strlen(table));
    strbuf_free(&text);
    layout_destroy(layout);
}

static void add_proof(struct column_buffer *payload, uint8_t kind, int64_t moved) {
    column_text(payload, "dict", 4);
    column_text(payload, "", 0);
    column_u8(payload, kind);
    column_signed(payload, moved);
    column_text(payload, "", 0);
}

Test(kept_layout, that_makes_no_sense_is_damage) {
    struct column_buffer payload = {0};
    column_text(&payload, "nonsense", 8);
    expect_damage(&payload);
    start_payload(&payload, "");
    column_u8(&payload, 0); /* proofs of what is not derived */
    expect_damage(&payload);
    start_payload(&payload, "3.11.7 is too long for a version");
    expect_damage(&payload);
    start_payload(&payload, "3.11.7");
    add_proof(&payload, PROOF_NONE + 1, 0);
    expect_damage(&payload);
    start_payload(&payload, "3.11.7");
    add_proof(&payload, PROOF_MOVED, INT64_C(1) << 32);
    expect_damage(&payload);
    start_payload(&payload, "3.11.7");
    for (size_t i = 0; i < 100000; i++) /* more than there is to prove */
        add_proof(&payload, PROOF_HERE, 0);
    expect_damage(&payload);
    column_buffer_free(&payload);
}
