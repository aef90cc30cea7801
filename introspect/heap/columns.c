#include "introspect/heap/columns.h"

#include "base/cancel.h"
#include "base/gauge.h"
#include "introspect/heap/footprint.h"
#include "introspect/heap/parallel.h"

enum {
    GRAIN_WORDS = 1024, /* of the bitmap, that a thread takes at once: 1 MiB of the mirror */
    HEADERS_AHEAD = 24, /* objects ahead of which to fetch the header, and what it points to */
    BODIES_AHEAD = 16,
};

struct filler {
    const struct columns_input *input;
    struct columns *columns;
    struct decode decode;
    struct damage_list ignored; /* counted when the objects were first met */
    struct footprint footprint; /* of the object at hand */
    struct vec(struct overflow) overflows[3];
    bool out_of_memory;
};

static void add_buffer(struct decode *decode, uint64_t address, uint64_t size) {
    struct filler *filler = decode->context;
    const struct allocators *allocators = &filler->input->marking->allocators;
    uint64_t block = footprint_buffer_block(allocators, address);
    footprint_add_block(&filler->footprint, allocators, block, address - block + size);
}

/* ---- one object ------------------------------------------------------------------------------ */

static void set(struct filler *filler, int which, struct value_column *column, uint32_t id,
                uint64_t value) {
    column->values[id] = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    if (value >= UINT32_MAX && !vec_push(&filler->overflows[which], ((struct overflow){id, value})))
        filler->out_of_memory = true;
}

/* What the bitmaps say of one object, as the bits of its `kind`. Few objects are young, frozen or
 * found by their blocks: for most one look at the words tells that they are not. */
static unsigned marks_of(const struct columns_input *input, const struct layout *layout,
                         const struct object *object, uint32_t granule) {
    size_t word = granule >> GRANULES_PER_WORD_SHIFT;
    unsigned shift = granule & 63;
    unsigned reachable = input->reachable->words[word] >> shift & 1;
    unsigned tracked = input->gc->tracked.words[word] >> shift & 1;
    uint64_t young = input->gc->young.words[word], permanent = input->gc->permanent.words[word];
    uint64_t candidate = input->candidates->words[word], guess = input->guesses->words[word];
    enum gc_state state = tracked ? GC_OLD : object_has_gc(layout, object) ? GC_UNTRACKED : GC_NONE;
    enum object_found found = tracked ? FOUND_TRACKED : FOUND_REACHABLE;
    unsigned flags = reachable ? OBJECT_REACHABLE : 0;
    if (__builtin_expect((young | permanent | candidate | guess) >> shift & 1, 0)) {
        if (tracked)
            state = permanent >> shift & 1 ? GC_PERMANENT : GC_YOUNG;
        else
            found = FOUND_ALLOCATOR;
        flags |= guess >> shift & 1 ? OBJECT_GUESSED : 0;
    }
    return flags << FLAGS_SHIFT | (unsigned)state << GC_STATE_SHIFT |
           (unsigned)found << FOUND_SHIFT;
}

static void fill_object(struct filler *filler, uint32_t id, const struct type *type) {
    const struct columns_input *input = filler->input;
    struct columns *columns = filler->columns;
    uint32_t granule = columns->granule[id];
    uint64_t place = (uint64_t)granule << GRANULE_SHIFT;
    struct object object;
    const char *why = NULL;
    uint64_t address = mark_address(input->marking, place);
    place += address & 8;
    if (!object_view_prefetched(&filler->decode, address, place, type, &object, &why)) {
        /* It was there when it was met: only a held target that ran on can do this. */
        columns->kind[id] = columns->refcount.values[id] = columns->size.values[id] =
            columns->footprint.values[id] = 0;
        return;
    }
    struct measure measure;
    filler->footprint = (struct footprint){0};
    bool is_static = footprint_measure(&filler->decode, &input->marking->allocators, &object, place,
                                       &measure, &filler->footprint);
    bool immortal = false;
    uint64_t refcount = object_refcount(input->marking->allocators.layout, &object, &immortal);
    unsigned flags = (immortal ? OBJECT_IMMORTAL : 0) | (is_static ? OBJECT_STATIC : 0) |
                     (measure.size_inexact ? OBJECT_SIZE_INEXACT : 0);
    columns->kind[id] = object.type->id | flags << FLAGS_SHIFT |
                        marks_of(input, input->marking->allocators.layout, &object, granule);
    set(filler, 0, &columns->refcount, id, refcount);
    set(filler, 1, &columns->size, id, measure.size);
    set(filler, 2, &columns->footprint, id, filler->footprint.pymalloc + filler->footprint.malloc);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void prefetch_header(const struct filler *filler, uint32_t id) {
    __builtin_prefetch(filler->input->marking->allocators.image->mirror +
                       ((uint64_t)filler->columns->granule[id] << GRANULE_SHIFT));
}

static void fill_words(void *context, size_t first, size_t last) {
    struct filler *filler = context;
    struct columns *columns = filler->columns;
    if (cancel_asked(filler->input->marking->cancel))
        return;
    uint32_t start = columns->rank[first], end = start;
    for (size_t i = first; i < last; i++) {
        for (uint64_t bits = columns->objects.words[i]; bits; bits &= bits - 1)
            columns->granule[end++] = (uint32_t)(i << 6) | (uint32_t)__builtin_ctzll(bits);
    }
    const struct type *types[BODIES_AHEAD] = {NULL}; /* of the objects to come */
    for (uint32_t id = start; id < end; id++) {
        if (end - id > HEADERS_AHEAD)
            prefetch_header(filler, id + HEADERS_AHEAD);
        const struct type *type = types[id % BODIES_AHEAD];
        types[id % BODIES_AHEAD] = NULL;
        if (end - id > BODIES_AHEAD)
            types[id % BODIES_AHEAD] = object_prefetch(
                &filler->decode, (uint64_t)columns->granule[id + BODIES_AHEAD] << GRANULE_SHIFT);
        fill_object(filler, id, type);
    }
    gauge_add(end - start);
}

static struct err *rank_objects(struct columns *columns) {
    columns->rank = big_alloc(columns->objects.word_count * sizeof *columns->rank, false);
    if (!columns->rank)
        return err_no_memory();
    uint64_t count = 0;
    for (size_t i = 0; i < columns->objects.word_count; i++) {
        columns->rank[i] = (uint32_t)count;
        count += (uint64_t)__builtin_popcountll(columns->objects.words[i]);
    }
    if (count >= HEAP_NONE)
        return err_new(ERR_BUDGET, "more than 4 billion objects: heapglass cannot number them");
    columns->count = (uint32_t)count;
    return NULL;
}

static int compare_overflows(const void *a, const void *b) {
    uint32_t left = ((const struct overflow *)a)->id, right = ((const struct overflow *)b)->id;
    return left < right ? -1 : left > right;
}

static void merge_overflows(struct filler *fillers, unsigned threads, int which,
                            struct value_column *column) {
    for (unsigned i = 0; i < threads; i++) {
        vec_each (overflow, &fillers[i].overflows[which])
            fillers[i].out_of_memory |= !vec_push(&column->overflows, *overflow);
        vec_free(&fillers[i].overflows[which]);
    }
    if (column->overflows.count)
        qsort(column->overflows.items, column->overflows.count, sizeof(struct overflow),
              compare_overflows);
}

static bool allocate(struct columns *columns) {
    size_t size = columns->count * sizeof(uint32_t);
    columns->granule = big_alloc(size, false);
    columns->kind = big_alloc(size, false);
    columns->refcount.values = big_alloc(size, false);
    columns->size.values = big_alloc(size, false);
    columns->footprint.values = big_alloc(size, false);
    return columns->granule && columns->kind && columns->refcount.values && columns->size.values &&
           columns->footprint.values;
}

struct err *columns_fill(const struct columns_input *input, struct columns *columns) {
    const struct marking *marking = input->marking;
    if (marking->allocators.image->mirror_size >> (32 + GRANULE_SHIFT))
        return err_new(ERR_BUDGET, "images over 64 GiB are not supported yet");
    TRY(rank_objects(columns));
    unsigned threads = parallel_threads(input->threads);
    struct filler *fillers = calloc(threads, sizeof *fillers);
    if (!fillers || !allocate(columns)) {
        free(fillers);
        return err_no_memory();
    }
    void *contexts[PARALLEL_MAX];
    for (unsigned i = 0; i < threads; i++) {
        fillers[i].input = input;
        fillers[i].columns = columns;
        fillers[i].decode = (struct decode){.image = marking->allocators.image,
                                            .layout = marking->allocators.layout,
                                            .types = marking->types,
                                            .damage = &fillers[i].ignored,
                                            .buffer = add_buffer,
                                            .context = &fillers[i]};
        contexts[i] = &fillers[i];
    }
    gauge_part(66, 100, columns->count);
    parallel_for(columns->objects.word_count, GRAIN_WORDS, threads, fill_words, contexts);
    merge_overflows(fillers, threads, 0, &columns->refcount);
    merge_overflows(fillers, threads, 1, &columns->size);
    merge_overflows(fillers, threads, 2, &columns->footprint);
    bool out_of_memory = false;
    for (unsigned i = 0; i < threads; i++) {
        out_of_memory |= fillers[i].out_of_memory;
    }
    free(fillers);
    return out_of_memory ? err_no_memory() : cancel_check(marking->cancel);
}

/* ---- with addresses -------------------------------------------------------------------------- */

bool columns_reserve(struct columns *columns, uint32_t count) {
    columns->count = count;
    columns->addresses = big_alloc(((size_t)count + 1) * sizeof *columns->addresses, false);
    return columns->addresses && allocate(columns);
}

static int compare_addresses(const void *left, const void *right, void *context) {
    const uint64_t *addresses = context;
    uint64_t a = addresses[*(const uint32_t *)left], b = addresses[*(const uint32_t *)right];
    return a < b ? -1 : a > b;
}

static void order_overflows(struct value_column *column) {
    if (column->overflows.count)
        qsort(column->overflows.items, column->overflows.count, sizeof *column->overflows.items,
              compare_overflows);
}

bool columns_order(struct columns *columns) {
    order_overflows(&columns->refcount);
    order_overflows(&columns->size);
    order_overflows(&columns->footprint);
    bool ascending = true;
    for (uint32_t id = 1; id < columns->count && ascending; id++)
        ascending = columns->addresses[id - 1] < columns->addresses[id];
    if (ascending)
        return true;
    columns->by_address = big_alloc(columns->count * sizeof *columns->by_address, false);
    for (uint32_t id = 0; columns->by_address && id < columns->count; id++)
        columns->by_address[id] = id;
    if (columns->by_address)
        qsort_r(columns->by_address, columns->count, sizeof *columns->by_address, compare_addresses,
                columns->addresses);
    return columns->by_address;
}

void columns_clear(struct columns *columns) {
    size_t size = columns->count * sizeof(uint32_t);
    big_free(columns->granule, size);
    big_free(columns->kind, size);
    big_free(columns->refcount.values, size);
    big_free(columns->size.values, size);
    big_free(columns->footprint.values, size);
    big_free(columns->addresses, ((size_t)columns->count + 1) * sizeof *columns->addresses);
    big_free(columns->by_address, size);
    vec_free(&columns->refcount.overflows);
    vec_free(&columns->size.overflows);
    vec_free(&columns->footprint.overflows);
    big_free(columns->rank, columns->objects.word_count * sizeof *columns->rank);
    bitmap_free(&columns->objects);
    bitmap_free(&columns->odd);
    *columns = (struct columns){0};
}

uint32_t columns_find_address(const struct columns *columns, uint64_t address) {
    uint32_t low = 0, high = columns->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t id = columns->by_address ? columns->by_address[middle] : middle;
        if (columns->addresses[id] == address)
            return id;
        if (columns->addresses[id] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return HEAP_NONE;
}

uint64_t column_value(const struct value_column *column, uint32_t id) {
    if (column->values[id] != UINT32_MAX)
        return column->values[id];
    struct overflow key = {.id = id};
    const struct overflow *found =
        column->overflows.count ? bsearch(&key, column->overflows.items, column->overflows.count,
                                          sizeof key, compare_overflows)
                                : NULL;
    return found ? found->value : UINT32_MAX;
}
