/* The order of a snapshot: the whole first, then its objects part by part, then what only they have told. */
#include "base/cancel.h"
#include "base/gauge.h"
#include "base/log.h"
#include "introspect/heap/parallel.h"
#include "introspect/snapshot/part_scratch.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>
#include <time.h>

enum { LEVEL = 1, PARTS_AT_ONCE = 4 /* for each thread */ };

/* ---- chunks ---------------------------------------------------------------------------------- */

struct err *save_chunk(struct saver *saver, const char *tag, uint64_t number,
                       const struct column_buffer *buffer) {
    if (buffer->failed)
        return err_no_memory();
    TRY(chunk_pack(saver->packer, tag, number, 0, buffer->bytes, buffer->length, &saver->packed));
    return chunk_append(&saver->writer, &saver->packed);
}

static void rows_flush(struct rows *rows) {
    if (!rows->err)
        rows->err = save_chunk(rows->saver, rows->tag, rows->number++, &rows->buffer);
    column_buffer_clear(&rows->buffer);
}

struct column_buffer *rows_next(struct rows *rows) {
    if (rows->buffer.length >= CHUNK_RAW_USUAL)
        rows_flush(rows);
    return &rows->buffer;
}

struct err *rows_finish(struct rows *rows) {
    if (rows->buffer.length || rows->buffer.failed)
        rows_flush(rows);
    column_buffer_free(&rows->buffer);
    return rows->err;
}

/* ---- parts ----------------------------------------------------------------------------------- */

enum { OBJECTS, REFERENCES, VALUES, PART_CHUNKS };

/* Parts that are packed at once, to be written in order. */
struct batch {
    struct packed_chunk chunks[PARALLEL_MAX * PARTS_AT_ONCE][PART_CHUNKS];
    size_t first; /* part */
    struct part_saver threads[PARALLEL_MAX];
    unsigned thread_count;
    size_t at_once;
};

struct part_job {
    struct batch *batch;
    struct part_saver *part;
};

static struct err *pack_part(struct part_saver *part, size_t number,
                             struct packed_chunk chunks[PART_CHUNKS]) {
    static const struct {
        const char *tag;
        void (*encode)(struct part_saver *part, uint32_t first, uint32_t last);
    } kinds[PART_CHUNKS] = {
        [OBJECTS] = {"OBJS", objects_encode},
        [REFERENCES] = {"REFS", references_encode},
        [VALUES] = {"VALS", values_encode},
    };
    uint32_t count = heap_count(part->saver->heap), first = (uint32_t)number * PART_OBJECTS;
    uint32_t last = count - first < PART_OBJECTS ? count : first + PART_OBJECTS;
    contexts_reset(part->contexts);
    for (int i = 0; i < PART_CHUNKS; i++) {
        column_buffer_clear(&part->buffer);
        kinds[i].encode(part, first, last);
        if (part->buffer.failed)
            return err_no_memory();
        TRY(chunk_pack(part->packer, kinds[i].tag, number, 0, part->buffer.bytes,
                       part->buffer.length, &chunks[i]));
    }
    return NULL;
}

static void pack_parts(void *context, size_t first, size_t last) {
    struct part_job *job = context;
    for (size_t i = first; i < last && !job->part->err; i++) {
        job->part->err = cancel_check(job->part->saver->options.cancel);
        if (!job->part->err)
            job->part->err = pack_part(job->part, job->batch->first + i, job->batch->chunks[i]);
        gauge_add(1);
    }
}

static struct err *start_thread(struct part_saver *part, struct saver *saver) {
    part->saver = saver;
    part->contexts = malloc(sizeof *part->contexts);
    part->scratch = malloc(sizeof *part->scratch);
    part->references = reference_scratch_new();
    if (!part->contexts || !part->scratch || !part->references)
        return err_no_memory();
    return chunk_packer_new(LEVEL, &part->packer);
}

static void batch_free(struct batch *batch) {
    for (unsigned i = 0; i < batch->thread_count; i++) {
        struct part_saver *part = &batch->threads[i];
        chunk_packer_free(part->packer);
        column_buffer_free(&part->buffer);
        column_buffer_free(&part->texts);
        free(part->contexts);
        free(part->scratch);
        reference_scratch_free(part->references);
        err_free(part->err);
    }
    for (size_t i = 0; i < batch->at_once * PART_CHUNKS; i++)
        chunk_packed_free(&batch->chunks[i / PART_CHUNKS][i % PART_CHUNKS]);
    free(batch);
}

static struct err *save_batch(struct saver *saver, struct batch *batch, size_t count) {
    struct part_job jobs[PARALLEL_MAX];
    void *contexts[PARALLEL_MAX];
    for (unsigned i = 0; i < batch->thread_count; i++) {
        jobs[i] = (struct part_job){batch, &batch->threads[i]};
        contexts[i] = &jobs[i];
    }
    parallel_for(count, 1, batch->thread_count, pack_parts, contexts);
    for (unsigned i = 0; i < batch->thread_count; i++) {
        struct err *err = batch->threads[i].err;
        batch->threads[i].err = NULL;
        TRY(err);
    }
    for (size_t i = 0; i < count * PART_CHUNKS; i++)
        TRY(chunk_append(&saver->writer, &batch->chunks[i / PART_CHUNKS][i % PART_CHUNKS]));
    return NULL;
}

static struct err *save_parts(struct saver *saver) {
    size_t parts = ((size_t)heap_count(saver->heap) + PART_OBJECTS - 1) / PART_OBJECTS;
    struct batch *batch = calloc(1, sizeof *batch);
    struct err *err = batch ? NULL : err_no_memory();
    if (batch) {
        batch->thread_count = parallel_threads(saver->options.threads);
        batch->at_once = (size_t)batch->thread_count * PARTS_AT_ONCE;
        for (unsigned i = 0; i < batch->thread_count && !err; i++)
            err = start_thread(&batch->threads[i], saver);
    }
    gauge_part(0, 100, parts);
    for (size_t first = 0; first < parts && !err; first += batch->at_once) {
        batch->first = first;
        err = save_batch(saver, batch,
                         parts - first < batch->at_once ? parts - first : batch->at_once);
    }
    if (batch)
        batch_free(batch);
    return err;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct err *prepare(struct saver *saver) {
    const struct heap *heap = saver->heap;
    uint64_t places = (uint64_t)heap_count(heap) << GRANULE_SHIFT;
    saver->may_be_pending = calloc((size_t)heap_type_count(heap) + 1, sizeof(bool));
    saver->are_functions = calloc((size_t)heap_type_count(heap) + 1, sizeof(bool));
    if (!saver->may_be_pending || !saver->are_functions || !bitmap_init(&saver->names, places) ||
        !bitmap_init(&saver->namespaces, places) || !bitmap_init(&saver->thread_locals, places))
        return err_no_memory();
    for (uint32_t id = 0; id < heap_type_count(heap); id++) {
        const struct type *type = heap_type_by_id(heap, id);
        saver->may_be_pending[id] = type_may_be_pending(type);
        saver->are_functions[id] = type->decoder && !strcmp(type->decoder->name, "function");
    }
    return chunk_packer_new(LEVEL, &saver->packer);
}

static struct err *write_all(struct saver *saver, const struct facts *facts,
                             struct chunk_sink sink) {
    TRY(prepare(saver));
    TRY(chunk_start(&saver->writer, sink));
    TRY(totals_save(saver, facts));
    TRY(types_save(saver));
    TRY(layout_save(saver));
    TRY(stacks_save(saver));
    TRY(roots_save(saver));
    TRY(save_parts(saver));
    TRY(names_save(saver));
    return chunk_finish(&saver->writer);
}

struct err *snapshot_write(const struct heap *heap, const struct image *mappings,
                           const struct facts *facts, const struct snapshot_options *options,
                           struct chunk_sink sink) {
    struct saver saver = {.heap = heap, .mappings = mappings, .options = *options};
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct err *err = write_all(&saver, facts, sink);
    clock_gettime(CLOCK_MONOTONIC, &end);
    log_line(LOG_HEAP, "snapshot: %u objects, %llu bytes: %.1f ms", heap_count(heap),
             (unsigned long long)saver.writer.bytes,
             (double)(end.tv_sec - start.tv_sec) * 1e3 +
                 (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    chunk_packer_free(saver.packer);
    chunk_packed_free(&saver.packed);
    bitmap_free(&saver.names);
    bitmap_free(&saver.namespaces);
    bitmap_free(&saver.thread_locals);
    free(saver.may_be_pending);
    free(saver.are_functions);
    return err;
}
