/* Chunk REFS: the references of a part's objects, with what names them.
 *
 * Of each reference: its properties and label in one byte; its target as a code that is 0 where the object of that type
 * before had the same, small where it lies near; what its label needs as a code, where that can't be foreseen. */
#include "introspect/snapshot/reference_codes.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>

/* ---- writing --------------------------------------------------------------------------------- */

enum {
    KNOWN_POINTERS = 512,
    AHEAD = 16,     /* objects that are fetched before they are decoded */
    TOGETHER = 512, /* references whose objects are fetched before they are looked up */
};

struct reference_scratch {
    struct column_buffer kinds, outside, texts;
    struct vec(uint64_t) targets, arguments;
    struct vec(uint32_t) counts;
    struct {
        uint64_t pointer;
        uint32_t index;
        enum namespace_kind leads_to;
    } known[KNOWN_POINTERS]; /* texts of the program, which lie where they lie */
    struct strbuf text;
    uint32_t text_count;
    bool failed;
    struct {
        struct reference reference;
        uint32_t owner;
    } waiting[TOGETHER]; /* to be encoded */
    size_t waiting_count;
};

struct reference_scratch *reference_scratch_new(void) {
    return calloc(1, sizeof(struct reference_scratch));
}

void reference_scratch_free(struct reference_scratch *scratch) {
    if (!scratch)
        return;
    column_buffer_free(&scratch->kinds);
    column_buffer_free(&scratch->outside);
    column_buffer_free(&scratch->texts);
    vec_free(&scratch->targets);
    vec_free(&scratch->arguments);
    vec_free(&scratch->counts);
    strbuf_free(&scratch->text);
    free(scratch);
}

static void scratch_clear(struct reference_scratch *scratch) {
    column_buffer_clear(&scratch->kinds);
    column_buffer_clear(&scratch->outside);
    column_buffer_clear(&scratch->texts);
    scratch->targets.count = scratch->arguments.count = scratch->counts.count = 0;
    memset(scratch->known, 0, sizeof scratch->known);
    scratch->text_count = 0;
    scratch->waiting_count = 0;
}

struct encoder {
    struct part_saver *part;
    struct reference_scratch *scratch;
    struct row row;
    uint32_t id;
    enum namespace_kind leads_to; /* of the reference at hand */
};

static uint64_t add_text(struct reference_scratch *scratch) {
    column_text(&scratch->texts, strbuf_text(&scratch->text), scratch->text.length);
    scratch->failed |= scratch->text.failed;
    strbuf_clear(&scratch->text);
    return scratch->text_count++;
}

/* The number of a text among those of the part. Those of slots and variables are few, and may repeat. */
static uint64_t text_of(struct encoder *encoder, const struct reference *reference) {
    struct reference_scratch *scratch = encoder->scratch;
    const struct heap *heap = encoder->part->saver->heap;
    uint64_t pointer = reference->argument;
    size_t place = (pointer * 0x9e3779b97f4a7c15u >> 32) % KNOWN_POINTERS;
    if (reference->label == LABEL_LOCAL) {
        heap->provider->local_name(heap, encoder->id, pointer, &scratch->text);
        return add_text(scratch);
    }
    if (scratch->known[place].pointer == pointer) {
        encoder->leads_to = scratch->known[place].leads_to;
        return scratch->known[place].index;
    }
    if (reference->label == LABEL_SLOT) {
        heap->provider->slot_name(heap, pointer, &scratch->text);
    } else {
        strbuf_puts(&scratch->text, (const char *)(uintptr_t)pointer);
        encoder->leads_to = namespace_kind(strbuf_text(&scratch->text));
    }
    scratch->known[place].pointer = pointer;
    scratch->known[place].index = scratch->text_count;
    scratch->known[place].leads_to = encoder->leads_to;
    return add_text(scratch);
}

static uint32_t find_or_keep(struct encoder *encoder, uint64_t address) {
    uint32_t id = heap_find(encoder->part->saver->heap, address);
    if (id == HEAP_NONE)
        column_varint(&encoder->scratch->outside, address);
    return id;
}

/* What its label needs: see struct row in reference_codes.h. */
static void encode_argument(struct encoder *encoder, const struct reference *reference) {
    struct row *row = &encoder->row;
    struct saver *saver = encoder->part->saver;
    uint64_t code = 0;
    switch (label_needs(reference->label)) {
    case NEEDS_NOTHING:
        return;
    case NEEDS_INDEX:
        code = row_index_code(row, reference->label, reference->argument);
        break;
    case NEEDS_TEXT:
        code = row_text_code(row, text_of(encoder, reference));
        break;
    case NEEDS_OBJECT: {
        uint32_t id = find_or_keep(encoder, reference->argument);
        code = row_object_code(row, reference->label, id);
        if (reference->label == LABEL_NAME && id != HEAP_NONE)
            bitmap_set(&saver->names, (uint64_t)id << GRANULE_SHIFT);
        break;
    }
    }
    encoder->scratch->failed |= !vec_push(&encoder->scratch->arguments, code);
}

static void encode(struct encoder *encoder, const struct reference *reference) {
    struct reference_scratch *scratch = encoder->scratch;
    uint32_t target = find_or_keep(encoder, reference->target);
    column_u8(&scratch->kinds, (uint8_t)((reference->properties & KIND_PROPERTIES) |
                                         reference->label << KIND_LABEL_SHIFT));
    row_begin_reference(&encoder->row);
    uint64_t code = row_target_code(&encoder->row, target);
    scratch->failed |= !vec_push(&scratch->targets, code);
    encoder->leads_to = NAMESPACE_NONE;
    encode_argument(encoder, reference);
    row_end_reference(&encoder->row, reference->label, target);
    if (target != HEAP_NONE)
        namespace_note(encoder->part->saver, encoder->leads_to, target);
}

static void begin_row(struct encoder *encoder, uint32_t id) {
    encoder->id = id;
    row_begin(&encoder->row, encoder->part->contexts, id,
              heap_type(encoder->part->saver->heap, id)->id);
}

static void end_row(struct encoder *encoder) {
    struct contexts *contexts = encoder->part->contexts;
    uint64_t *usual = &contexts->references[context_of_type(encoder->row.type)];
    encoder->scratch->failed |=
        !vec_push(&encoder->scratch->counts, (uint32_t)(encoder->row.position - *usual));
    *usual = encoder->row.position;
}

/* Every object has a row; that of the first is begun. */
static void go_to_row(struct encoder *encoder, uint32_t id) {
    while (encoder->id < id) {
        end_row(encoder);
        begin_row(encoder, encoder->id + 1);
    }
}

static void encode_waiting(struct encoder *encoder) {
    struct reference_scratch *scratch = encoder->scratch;
    for (size_t i = 0; i < scratch->waiting_count; i++) {
        go_to_row(encoder, scratch->waiting[i].owner);
        encode(encoder, &scratch->waiting[i].reference);
    }
    scratch->waiting_count = 0;
}

struct queue {
    struct encoder *encoder;
    uint32_t owner;
};

/* Looked up at once, each target would cost the latency of memory. */
static void wait_for_target(void *context, const struct reference *reference) {
    struct queue *queue = context;
    struct reference_scratch *scratch = queue->encoder->scratch;
    heap_prefetch_find(queue->encoder->part->saver->heap, reference->target);
    scratch->waiting[scratch->waiting_count].reference = *reference;
    scratch->waiting[scratch->waiting_count++].owner = queue->owner;
    if (scratch->waiting_count == TOGETHER)
        encode_waiting(queue->encoder);
}

static void encode_rows(struct encoder *encoder, uint32_t first, uint32_t last) {
    const struct heap *heap = encoder->part->saver->heap;
    struct queue queue = {encoder, first};
    begin_row(encoder, first);
    for (; queue.owner < last; queue.owner++) {
        if (last - queue.owner > AHEAD)
            heap_prefetch_object(heap, queue.owner + AHEAD);
        if (!heap_type(heap, queue.owner)->owns_nothing)
            heap_references(heap, queue.owner, wait_for_target, &queue);
    }
    encode_waiting(encoder);
    go_to_row(encoder, last - 1);
    end_row(encoder);
}

void references_encode(struct part_saver *part, uint32_t first, uint32_t last) {
    struct reference_scratch *scratch = part->references;
    struct column_buffer *buffer = &part->buffer;
    struct encoder encoder = {.part = part, .scratch = scratch};
    scratch_clear(scratch);
    encode_rows(&encoder, first, last);
    column_varint(buffer, last - first);
    column_numbers32(buffer, COLUMN_SIGNED, scratch->counts.items, scratch->counts.count);
    column_bytes(buffer, scratch->kinds.bytes, scratch->kinds.length);
    column_numbers64(buffer, COLUMN_PLAIN, scratch->targets.items, scratch->targets.count);
    column_numbers64(buffer, COLUMN_PLAIN, scratch->arguments.items, scratch->arguments.count);
    column_varint(buffer, scratch->text_count);
    column_bytes(buffer, scratch->texts.bytes, scratch->texts.length);
    column_bytes(buffer, scratch->outside.bytes, scratch->outside.length);
    buffer->failed |= scratch->failed || scratch->kinds.failed || scratch->texts.failed ||
                      scratch->outside.failed;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct decoder_state {
    const struct snapshot *snapshot;
    struct column_reader *reader;
    struct reference_part *part;
    struct contexts contexts;
    uint64_t *codes; /* of targets */
    uint64_t *argument_codes;
    size_t next_argument, argument_count;
    const char **texts;
    size_t text_count;
};

static uint32_t part_objects(const struct snapshot *snapshot, size_t part) {
    uint32_t left = heap_count(snapshot->heap) - (uint32_t)part * PART_OBJECTS;
    return left < PART_OBJECTS ? left : PART_OBJECTS;
}

/* How many references each object has; false if that can't be. */
static bool read_counts(struct decoder_state *state, uint32_t base, uint32_t count) {
    struct reference_part *part = state->part;
    const struct heap *heap = state->snapshot->heap;
    column_take_numbers32(state->reader, part->first + 1, count);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t *usual =
            &state->contexts.references[context_of_type(heap_type(heap, base + i)->id)];
        uint32_t references = part->first[i + 1] + (uint32_t)*usual;
        *usual = references;
        sum += references;
        if (sum > column_left(state->reader)) /* each has a byte at least */
            return false;
        part->first[i + 1] = (uint32_t)sum;
    }
    return true;
}

static bool read_columns(struct decoder_state *state, uint32_t references) {
    struct reference_part *part = state->part;
    const uint8_t *kinds = column_take(state->reader, references);
    part->kinds = malloc(references + 1u);
    part->targets = malloc((references + 1u) * sizeof *part->targets);
    state->codes = malloc((references + 1u) * sizeof *state->codes);
    if (!part->kinds || !part->targets || !state->codes || (references && !kinds))
        return false;
    for (uint32_t i = 0; i < references; i++) {
        part->kinds[i] = kinds[i];
        state->argument_count += label_needs(kinds[i] >> KIND_LABEL_SHIFT) != NEEDS_NOTHING;
    }
    column_take_numbers64(state->reader, state->codes, references);
    state->argument_codes = malloc((state->argument_count + 1) * sizeof *state->argument_codes);
    if (!state->argument_codes)
        return false;
    column_take_numbers64(state->reader, state->argument_codes, state->argument_count);
    return !state->reader->failed;
}

static bool read_texts(struct decoder_state *state) {
    state->text_count = column_take_below(state->reader, column_left(state->reader));
    state->texts = calloc(state->text_count + 1, sizeof *state->texts);
    for (size_t i = 0; state->texts && i < state->text_count; i++)
        state->texts[i] = take_text(state->reader, &state->part->texts);
    return state->texts && !state->reader->failed;
}

/* The argument of a reference, as heap_references gives it. */
static uint64_t decode_argument(struct decoder_state *state, struct row *row,
                                enum label_kind label) {
    const struct heap *heap = state->snapshot->heap;
    enum label_need need = label_needs(label);
    if (need == NEEDS_NOTHING)
        return 0;
    uint64_t code = state->argument_codes[state->next_argument++];
    if (need == NEEDS_INDEX)
        return row_index(row, label, code);
    if (need == NEEDS_TEXT) {
        uint64_t text = row_text(row, code);
        if (text < state->text_count)
            return (uint64_t)(uintptr_t)state->texts[text];
        column_fail(state->reader);
        return (uint64_t)(uintptr_t) "";
    }
    uint32_t id = row_object(row, label, code);
    if (id == HEAP_NONE)
        return column_take_varint(state->reader);
    if (id < heap_count(heap))
        return heap_address(heap, id);
    column_fail(state->reader);
    return 0;
}

static bool decode_reference(struct decoder_state *state, struct row *row, uint32_t position) {
    struct reference_part *part = state->part;
    enum label_kind label = part->kinds[position] >> KIND_LABEL_SHIFT;
    row_begin_reference(row);
    uint32_t target = row_target(row, state->codes[position]);
    if (target == HEAP_NONE) {
        struct outside outside = {position, column_take_varint(state->reader)};
        if (!vec_push(&part->outside, outside))
            return false;
    } else if (target >= heap_count(state->snapshot->heap)) {
        return false;
    }
    part->targets[position] = target;
    part->arguments[position] = decode_argument(state, row, label);
    row_end_reference(row, label, target);
    return label <= LABEL_OFFSET && !state->reader->failed;
}

static bool decode_rows(struct decoder_state *state, uint32_t base, uint32_t count) {
    struct reference_part *part = state->part;
    const struct heap *heap = state->snapshot->heap;
    for (uint32_t i = 0; i < count; i++) {
        struct row row;
        row_begin(&row, &state->contexts, base + i, heap_type(heap, base + i)->id);
        for (uint32_t k = part->first[i]; k < part->first[i + 1]; k++) {
            if (!decode_reference(state, &row, k))
                return false;
        }
    }
    return true;
}

static bool read_part(struct decoder_state *state, uint32_t base, uint32_t count) {
    struct reference_part *part = state->part;
    if (column_take_varint(state->reader) != count)
        return false;
    part->first = calloc((size_t)count + 1, sizeof *part->first);
    if (!part->first || !read_counts(state, base, count))
        return false;
    uint32_t references = part->first[count];
    part->arguments = malloc((references + 1u) * sizeof *part->arguments);
    return part->arguments && read_columns(state, references) && read_texts(state) &&
           decode_rows(state, base, count);
}

struct err *references_read(const struct snapshot *snapshot, size_t part,
                            struct reference_part **ret) {
    const struct chunk_entry *entry = chunk_find(&snapshot->index, "REFS", part);
    struct chunk_unpacker *unpacker = NULL;
    const uint8_t *bytes = NULL;
    if (!entry)
        return err_new(ERR_DAMAGED_FILE, "it has no references of part %zu", part);
    TRY(chunk_unpacker_new(&unpacker));
    struct err *err = chunk_read(&snapshot->index, entry, unpacker, &bytes);
    struct decoder_state *state = err ? NULL : calloc(1, sizeof *state);
    struct reference_part *read = state ? calloc(1, sizeof *read) : NULL;
    if (read) {
        struct column_reader reader = column_reader_of(bytes, entry->raw);
        state->snapshot = snapshot;
        state->reader = &reader;
        state->part = read;
        if (!read_part(state, (uint32_t)part * PART_OBJECTS, part_objects(snapshot, part))) {
            err = chunk_damaged(entry, "its references make no sense");
            reference_part_free(read);
        }
        free(state->codes);
        free(state->argument_codes);
        free(state->texts);
    } else if (!err) {
        err = err_no_memory();
    }
    free(state);
    chunk_unpacker_free(unpacker);
    if (!err)
        *ret = read;
    return err;
}

void reference_part_free(struct reference_part *part) {
    if (!part)
        return;
    free(part->first);
    free(part->targets);
    free(part->kinds);
    free(part->arguments);
    vec_free(&part->outside);
    arena_clear(&part->texts);
    free(part);
}
