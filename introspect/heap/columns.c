#include "introspect/heap/columns.h"

#include "introspect/heap/fence.h"
#include "introspect/heap/malloc_chunks.h"
#include "introspect/heap/parallel.h"

enum {
    GRAIN_WORDS = 1024, /* of the bitmap, that a thread takes at once: 1 MiB of the mirror */
    HEADERS_AHEAD = 24, /* objects ahead of which to fetch the header, and what it points to */
    BODIES_AHEAD = 12,
};

struct filler {
    const struct columns_input *input;
    struct columns *columns;
    struct decode decode;
    struct damage_list ignored; /* counted when the objects were first met */
    uint64_t pymalloc_bytes, malloc_bytes; /* of the object at hand */
    struct vec(struct overflow) overflows[3];
    struct heap_totals totals;
    struct heap_accounts accounts;
    bool out_of_memory;
};

/* ---- footprints ------------------------------------------------------------------------------- */

static void add_block(struct filler *filler, uint64_t block, uint64_t needed) {
    const struct marking *marking = filler->input->marking;
    uint64_t place = image_place(marking->image, block);
    if (place != UINT64_MAX && pymalloc_is_arena(marking->pymalloc, place)) {
        filler->pymalloc_bytes += pymalloc_block_size(marking->pymalloc, place);
    } else if (!image_module_at(marking->image, block)) { /* else it is static */
        uint64_t chunk = malloc_chunk_size(marking->image, block, needed);
        filler->malloc_bytes += chunk ? chunk : (needed + 15) & ~(uint64_t)15;
    }
}

static void add_buffer(struct decode *decode, uint64_t address, uint64_t size) {
    struct filler *filler = decode->context;
    uint64_t fence = filler->input->marking->fence;
    if (!fence || !fence_before(decode->image, address))
        fence = 0;
    add_block(filler, address - fence, size + fence);
}

/* ---- one object ------------------------------------------------------------------------------- */

static void set(struct filler *filler, int which, struct column *column, uint32_t id,
                uint64_t value) {
    column->values[id] = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    if (value >= UINT32_MAX &&
        !vec_push(&filler->overflows[which], ((struct overflow){id, value})))
        filler->out_of_memory = true;
}

static enum gc_state gc_state_of(const struct filler *filler, const struct object *object,
                                 uint64_t place) {
    const struct gc_lists *gc = filler->input->gc;
    if (!object_has_gc(filler->decode.layout, object))
        return GC_NONE;
    if (!bitmap_test(&gc->tracked, place))
        return GC_UNTRACKED;
    if (bitmap_test(&gc->permanent, place))
        return GC_PERMANENT;
    return bitmap_test(&gc->young, place) ? GC_YOUNG : GC_OLD;
}

static enum object_found found_how(const struct filler *filler, uint64_t place) {
    if (bitmap_test(&filler->input->gc->tracked, place))
        return FOUND_TRACKED;
    return bitmap_test(filler->input->candidates, place) ||
                   bitmap_test(filler->input->guesses, place)
               ? FOUND_ALLOCATOR
               : FOUND_REACHABLE;
}

static void count_totals(struct filler *filler, const struct measure *measure, unsigned flags,
                         enum object_found found) {
    struct heap_totals *totals = &filler->totals;
    totals->objects++;
    totals->size += measure->size;
    totals->footprint += filler->pymalloc_bytes + filler->malloc_bytes;
    totals->tracked += found == FOUND_TRACKED;
    totals->reachable += found == FOUND_REACHABLE;
    totals->allocator += found == FOUND_ALLOCATOR;
    totals->unreachable += !(flags & OBJECT_REACHABLE);
    totals->guessed += (flags & OBJECT_GUESSED) != 0;
    filler->accounts.pymalloc_footprint += filler->pymalloc_bytes;
    filler->accounts.malloc_footprint += filler->malloc_bytes;
}

/* sys.getsizeof counts what lies before the object, or would lie there by its type's flags. */
static uint64_t counted_before(const struct layout *layout, const struct object *object) {
    if (layout->trait.getsizeof_by_type && object->type->has_gc)
        return layout->trait.header_before_gc + object->type->preheader;
    return object_offset_in_block(layout, object);
}

static void fill_object(struct filler *filler, uint32_t id) {
    const struct columns_input *input = filler->input;
    const struct marking *marking = input->marking;
    struct columns *columns = filler->columns;
    uint64_t place = (uint64_t)columns->granule[id] << GRANULE_SHIFT;
    struct object object;
    const char *why = NULL;
    if (!object_view(&filler->decode, mark_address(marking, place), &object, &why)) {
        /* It was there when it was met: only a held target that ran on can do this. */
        columns->kind[id] = 0;
        filler->totals.objects++;
        return;
    }
    struct measure measure;
    filler->pymalloc_bytes = filler->malloc_bytes = 0;
    object_measure(&filler->decode, &object, &measure);
    uint64_t offset = object_offset_in_block(marking->layout, &object);
    uint64_t before_body = offset + marking->fence;
    uint64_t body = measure.body_size ? measure.body_size
                                      : object_body_size(&filler->decode, &object);
    uint64_t before = filler->pymalloc_bytes + filler->malloc_bytes;
    add_block(filler, object.address - before_body, before_body + body);
    bool is_static = filler->pymalloc_bytes + filler->malloc_bytes == before;
    measure.size += counted_before(marking->layout, &object);
    bool immortal = false;
    uint64_t refcount = object_refcount(marking->layout, &object, &immortal);
    enum object_found found = found_how(filler, place);
    unsigned flags = (bitmap_test(input->reachable, place) ? OBJECT_REACHABLE : 0) |
                     (immortal ? OBJECT_IMMORTAL : 0) | (is_static ? OBJECT_STATIC : 0) |
                     (bitmap_test(input->guesses, place) ? OBJECT_GUESSED : 0) |
                     (measure.size_inexact ? OBJECT_SIZE_INEXACT : 0);
    columns->kind[id] = object.type->id | flags << FLAGS_SHIFT |
                        (unsigned)gc_state_of(filler, &object, place) << GC_STATE_SHIFT |
                        (unsigned)found << FOUND_SHIFT;
    set(filler, 0, &columns->refcount, id, refcount);
    set(filler, 1, &columns->size, id, measure.size);
    set(filler, 2, &columns->footprint, id, filler->pymalloc_bytes + filler->malloc_bytes);
    count_totals(filler, &measure, flags, found);
}

/* ---- all of them ------------------------------------------------------------------------------ */

static void prefetch_header(const struct filler *filler, uint32_t id) {
    __builtin_prefetch(filler->input->marking->image->mirror +
                       ((uint64_t)filler->columns->granule[id] << GRANULE_SHIFT));
}

static void prefetch_body(const struct filler *filler, uint32_t id) {
    const struct marking *marking = filler->input->marking;
    uint64_t place = (uint64_t)filler->columns->granule[id] << GRANULE_SHIFT;
    if (!marking->image->chunk_whole[place >> IMAGE_CHUNK_SHIFT] ||
        (place & (IMAGE_CHUNK_SIZE - 1)) > IMAGE_CHUNK_SIZE - 256)
        return;
    const uint8_t *body = marking->image->mirror + place;
    const struct type *type = type_table_find(
        marking->types, load_u64(body + marking->layout->object.ob_type.offset));
    for (uint32_t i = 0; type && i < type->prefetch_count; i++) {
        uint64_t target = image_place(marking->image, load_u64(body + type->prefetch[i]));
        if (target != UINT64_MAX)
            __builtin_prefetch(marking->image->mirror + target);
    }
}

static void fill_words(void *context, size_t first, size_t last) {
    struct filler *filler = context;
    struct columns *columns = filler->columns;
    uint32_t start = columns->rank[first / RANK_WORDS], end = start;
    for (size_t i = first; i < last; i++) {
        for (uint64_t bits = columns->objects.words[i]; bits; bits &= bits - 1)
            columns->granule[end++] = (uint32_t)(i << 6) | (uint32_t)__builtin_ctzll(bits);
    }
    for (uint32_t id = start; id < end; id++) {
        if (end - id > HEADERS_AHEAD)
            prefetch_header(filler, id + HEADERS_AHEAD);
        if (end - id > BODIES_AHEAD)
            prefetch_body(filler, id + BODIES_AHEAD);
        fill_object(filler, id);
    }
}

static struct err *rank_objects(struct columns *columns) {
    size_t groups = columns->objects.word_count / RANK_WORDS + 2;
    columns->rank = calloc(groups, sizeof *columns->rank);
    if (!columns->rank)
        return err_no_memory();
    uint64_t count = 0;
    for (size_t i = 0; i < columns->objects.word_count; i++) {
        if (i % RANK_WORDS == 0)
            columns->rank[i / RANK_WORDS] = (uint32_t)count;
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
                            struct column *column) {
    for (unsigned i = 0; i < threads; i++) {
        vec_each(overflow, &fillers[i].overflows[which])
            fillers[i].out_of_memory |= !vec_push(&column->overflows, *overflow);
        vec_free(&fillers[i].overflows[which]);
    }
    if (column->overflows.count)
        qsort(column->overflows.items, column->overflows.count, sizeof(struct overflow),
              compare_overflows);
}

static void add_totals(struct heap_totals *into, const struct heap_totals *from) {
    into->objects += from->objects;
    into->size += from->size;
    into->footprint += from->footprint;
    into->tracked += from->tracked;
    into->reachable += from->reachable;
    into->allocator += from->allocator;
    into->unreachable += from->unreachable;
    into->guessed += from->guessed;
}

static bool allocate(struct columns *columns) {
    size_t count = columns->count ? columns->count : 1;
    columns->granule = malloc(count * sizeof *columns->granule);
    columns->kind = malloc(count * sizeof *columns->kind);
    columns->refcount.values = malloc(count * sizeof(uint32_t));
    columns->size.values = malloc(count * sizeof(uint32_t));
    columns->footprint.values = malloc(count * sizeof(uint32_t));
    return columns->granule && columns->kind && columns->refcount.values && columns->size.values &&
           columns->footprint.values;
}

struct err *columns_fill(const struct columns_input *input, struct columns *columns,
                         struct heap_totals *totals, struct heap_accounts *accounts) {
    const struct marking *marking = input->marking;
    if (marking->image->mirror_size >> (32 + GRANULE_SHIFT))
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
        fillers[i].decode = (struct decode){.image = marking->image,
                                            .layout = marking->layout,
                                            .types = marking->types,
                                            .damage = &fillers[i].ignored,
                                            .buffer = add_buffer,
                                            .context = &fillers[i]};
        contexts[i] = &fillers[i];
    }
    parallel_for(columns->objects.word_count, GRAIN_WORDS, threads, fill_words, contexts);
    merge_overflows(fillers, threads, 0, &columns->refcount);
    merge_overflows(fillers, threads, 1, &columns->size);
    merge_overflows(fillers, threads, 2, &columns->footprint);
    bool out_of_memory = false;
    for (unsigned i = 0; i < threads; i++) {
        add_totals(totals, &fillers[i].totals);
        accounts->pymalloc_footprint += fillers[i].accounts.pymalloc_footprint;
        accounts->malloc_footprint += fillers[i].accounts.malloc_footprint;
        out_of_memory |= fillers[i].out_of_memory;
    }
    free(fillers);
    return out_of_memory ? err_no_memory() : NULL;
}

void columns_clear(struct columns *columns) {
    free(columns->granule);
    free(columns->kind);
    free(columns->refcount.values);
    free(columns->size.values);
    free(columns->footprint.values);
    vec_free(&columns->refcount.overflows);
    vec_free(&columns->size.overflows);
    vec_free(&columns->footprint.overflows);
    free(columns->rank);
    bitmap_free(&columns->objects);
    bitmap_free(&columns->odd);
    *columns = (struct columns){0};
}

uint32_t columns_find(const struct columns *columns, uint64_t place) {
    if (place == UINT64_MAX || !bitmap_test(&columns->objects, place) ||
        bitmap_test(&columns->odd, place) != ((place & 8) != 0) || place & 7)
        return HEAP_NONE;
    size_t word = place >> (GRANULE_SHIFT + GRANULES_PER_WORD_SHIFT);
    uint32_t id = columns->rank[word / RANK_WORDS];
    for (size_t i = word / RANK_WORDS * RANK_WORDS; i < word; i++)
        id += (uint32_t)__builtin_popcountll(columns->objects.words[i]);
    return id + (uint32_t)__builtin_popcountll(columns->objects.words[word] &
                                               (bitmap_bit(place) - 1));
}

uint64_t column_value(const struct column *column, uint32_t id) {
    if (column->values[id] != UINT32_MAX)
        return column->values[id];
    struct overflow key = {.id = id};
    const struct overflow *found =
        column->overflows.count ? bsearch(&key, column->overflows.items, column->overflows.count,
                                          sizeof key, compare_overflows)
                                : NULL;
    return found ? found->value : UINT32_MAX;
}
