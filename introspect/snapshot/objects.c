/* Chunk OBJS: the columns of a part's objects. */
#include "base/gauge.h"
#include "introspect/heap/parallel.h"
#include "introspect/snapshot/part_scratch.h"
#include "introspect/snapshot/snapshot_private.h"

#include <pthread.h>

enum { STATE_SHIFT = 8, HOW_SHIFT = 12, FLAG_PENDING = 128 };

/* The columns whose difference to the object of the type before is kept. */
enum { REFCOUNT, SIZE, FOOTPRINT, DIFFERENCES };

static uint64_t *context_column(struct contexts *contexts, int column) {
    return column == REFCOUNT ? contexts->refcount
           : column == SIZE   ? contexts->size
                              : contexts->footprint;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void encode_differences(struct part_saver *part, int column, uint32_t first, uint32_t last) {
    const struct heap *heap = part->saver->heap;
    uint64_t *before = context_column(part->contexts, column), *out = part->scratch->numbers;
    for (uint32_t id = first; id < last; id++) {
        uint64_t value = column == REFCOUNT ? heap_refcount(heap, id)
                         : column == SIZE   ? heap_size(heap, id)
                                            : heap_footprint(heap, id);
        uint64_t *context = &before[context_of_type(heap_type(heap, id)->id)];
        out[id - first] = value - *context;
        *context = value;
    }
    column_numbers64(&part->buffer, COLUMN_SIGNED, out, last - first);
}

static uint32_t marks_of(const struct saver *saver, uint32_t id) {
    const struct heap *heap = saver->heap;
    bool pending =
        saver->may_be_pending[heap_type(heap, id)->id] && heap->provider->is_pending(heap, id);
    return (heap_flags(heap, id) & ~(unsigned)OBJECT_PENDING) |
           (uint32_t)heap_gc_state(heap, id) << STATE_SHIFT |
           (uint32_t)heap_found(heap, id) << HOW_SHIFT | (pending ? FLAG_PENDING : 0);
}

void objects_encode(struct part_saver *part, uint32_t first, uint32_t last) {
    const struct heap *heap = part->saver->heap;
    struct part_scratch *scratch = part->scratch;
    struct column_buffer *buffer = &part->buffer;
    uint32_t count = last - first;
    column_varint(buffer, count);
    for (uint32_t i = 0; i < count; i++)
        scratch->numbers[i] = heap_address(heap, first + i);
    column_numbers64(buffer, COLUMN_DELTA, scratch->numbers, count);
    for (uint32_t i = 0; i < count; i++)
        scratch->small[i] = heap_type(heap, first + i)->id;
    column_numbers32(buffer, COLUMN_PLAIN, scratch->small, count);
    for (uint32_t i = 0; i < count; i++)
        scratch->small[i] = marks_of(part->saver, first + i);
    column_numbers32(buffer, COLUMN_PLAIN, scratch->small, count);
    for (int column = 0; column < DIFFERENCES; column++)
        encode_differences(part, column, first, last);
    if (heap_interpreter_count(heap) < 2)
        return;
    for (uint32_t i = 0; i < count; i++)
        scratch->numbers[i] = (uint64_t)heap_interpreter(heap, first + i);
    column_numbers64(buffer, COLUMN_SIGNED, scratch->numbers, count);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct loader {
    struct snapshot *snapshot;
    const struct chunk_entry *entries;
    struct chunk_unpacker *unpacker;
    struct contexts contexts;
    struct part_scratch scratch;
    pthread_mutex_t *lock; /* of what several threads add to */
    struct err *err;
};

static void set(struct loader *loader, struct value_column *column, uint32_t id, uint64_t value) {
    column->values[id] = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    if (value < UINT32_MAX)
        return;
    pthread_mutex_lock(loader->lock);
    loader->snapshot->out_of_memory |=
        !vec_push(&column->overflows, ((struct overflow){id, value}));
    pthread_mutex_unlock(loader->lock);
}

static void decode_differences(struct loader *loader, struct column_reader *reader, int column,
                               uint32_t first, uint32_t count) {
    struct columns *columns = &loader->snapshot->heap->columns;
    struct value_column *into = column == REFCOUNT ? &columns->refcount
                                : column == SIZE   ? &columns->size
                                                   : &columns->footprint;
    uint64_t *before = context_column(&loader->contexts, column),
             *numbers = loader->scratch.numbers;
    column_take_numbers64(reader, numbers, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t type = columns->kind[first + i] & ((1u << TYPE_ID_BITS) - 1);
        uint64_t *context = &before[context_of_type(type)];
        *context += numbers[i];
        set(loader, into, first + i, *context);
    }
}

/* Types and marks make up `kind`. */
static void decode_kinds(struct loader *loader, struct column_reader *reader, uint32_t first,
                         uint32_t count) {
    struct heap *heap = loader->snapshot->heap;
    uint32_t *kind = heap->columns.kind + first, *marks = loader->scratch.small;
    uint32_t types = heap_type_count(heap);
    column_take_numbers32(reader, kind, count);
    column_take_numbers32(reader, marks, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t state = marks[i] >> STATE_SHIFT & 7, found = marks[i] >> HOW_SHIFT & 3;
        uint32_t flags = marks[i] & (FLAG_PENDING - 1) & 31;
        flags |= marks[i] & FLAG_PENDING ? OBJECT_PENDING : 0;
        if (kind[i] >= types || state > GC_PERMANENT || found > FOUND_ALLOCATOR) {
            column_fail(reader);
            kind[i] = 0;
        }
        kind[i] |= flags << FLAGS_SHIFT | state << GC_STATE_SHIFT | found << FOUND_SHIFT;
    }
}

static struct err *load_part(struct loader *loader, const struct chunk_entry *entry) {
    struct snapshot *snapshot = loader->snapshot;
    struct columns *columns = &snapshot->heap->columns;
    const uint8_t *bytes = NULL;
    TRY(chunk_read(&snapshot->index, entry, loader->unpacker, &bytes));
    struct column_reader reader = column_reader_of(bytes, entry->raw);
    uint32_t first = (uint32_t)entry->number * PART_OBJECTS, count = columns->count - first;
    if (count > PART_OBJECTS)
        count = PART_OBJECTS;
    if (column_take_varint(&reader) != count)
        return chunk_damaged(entry, "it should tell of %u objects", count);
    contexts_reset(&loader->contexts);
    column_take_numbers64(&reader, columns->addresses + first, count);
    decode_kinds(loader, &reader, first, count);
    for (int column = 0; column < DIFFERENCES; column++)
        decode_differences(loader, &reader, column, first, count);
    if (snapshot->interpreters)
        column_take_numbers64(&reader, (uint64_t *)snapshot->interpreters + first, count);
    return reader.failed ? chunk_damaged(entry, "its columns make no sense") : NULL;
}

static void load_parts(void *context, size_t first, size_t last) {
    struct loader *loader = context;
    for (size_t i = first; i < last && !loader->err; i++) {
        loader->err = load_part(loader, &loader->entries[i]);
        gauge_add(1);
    }
}

static struct err *run_loaders(struct snapshot *snapshot, const struct chunk_entry *entries) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    unsigned threads = parallel_threads(snapshot->options.threads);
    struct loader *loaders = calloc(threads, sizeof *loaders);
    void *contexts[PARALLEL_MAX];
    struct err *err = loaders ? NULL : err_no_memory();
    for (unsigned i = 0; loaders && i < threads; i++) {
        loaders[i].snapshot = snapshot;
        loaders[i].entries = entries;
        loaders[i].lock = &lock;
        loaders[i].err = chunk_unpacker_new(&loaders[i].unpacker);
        contexts[i] = &loaders[i];
    }
    gauge_part(0, 100, snapshot->part_count);
    if (loaders)
        parallel_for(snapshot->part_count, 1, threads, load_parts, contexts);
    for (unsigned i = 0; loaders && i < threads; i++) {
        chunk_unpacker_free(loaders[i].unpacker);
        if (err)
            err_free(loaders[i].err);
        else
            err = loaders[i].err;
    }
    free(loaders);
    return err;
}

/* Every part must be there, and no more. */
static struct err *find_parts(struct snapshot *snapshot, const struct chunk_entry **ret) {
    uint64_t count = snapshot->heap->totals.objects;
    size_t found = 0;
    *ret = chunk_find_all(&snapshot->index, "OBJS", &found);
    snapshot->part_count = (size_t)((count + PART_OBJECTS - 1) / PART_OBJECTS);
    if (count >= HEAP_NONE)
        return err_new(ERR_DAMAGED_FILE, "it claims to tell of %llu objects",
                       (unsigned long long)count);
    if (found != snapshot->part_count ||
        (found && (*ret)[found - 1].number != snapshot->part_count - 1))
        return err_new(ERR_DAMAGED_FILE,
                       "it is cut off: only %zu of %zu parts of its objects are there", found,
                       snapshot->part_count);
    return NULL;
}

struct err *objects_load(struct snapshot *snapshot) {
    struct columns *columns = &snapshot->heap->columns;
    const struct chunk_entry *entries = NULL;
    TRY(find_parts(snapshot, &entries));
    uint32_t count = (uint32_t)snapshot->heap->totals.objects;
    if (!columns_reserve(columns, count))
        return err_no_memory();
    if (heap_interpreter_count(snapshot->heap) > 1) {
        snapshot->interpreters = calloc((size_t)count + 1, sizeof *snapshot->interpreters);
        if (!snapshot->interpreters)
            return err_no_memory();
    }
    TRY(run_loaders(snapshot, entries));
    return columns_order(columns) && !snapshot->out_of_memory ? NULL : err_no_memory();
}
