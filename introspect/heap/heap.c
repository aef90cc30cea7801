#include "introspect/heap/heap.h"

#include "base/log.h"
#include "introspect/heap/heap_decode.h"
#include "introspect/heap/candidates.h"
#include "introspect/heap/columns.h"
#include "introspect/heap/fence.h"
#include "introspect/heap/interned.h"
#include "introspect/heap/interpreter_blocks.h"
#include "introspect/heap/guessed_roots.h"
#include "introspect/heap/parallel.h"
#include "introspect/heap/static_types.h"
#include "introspect/runtime/roots.h"

#include <time.h>

enum { REFERENCES = 1024, MAX_UNCLAIMED_LISTED = 1 << 16 };

struct heap {
    const struct image *image;
    const struct layout *layout;
    const struct runtime *runtime;
    unsigned threads;
    struct type_table *types;
    struct vec(uint64_t) interpreters; /* addresses */
    struct pymalloc pymalloc;
    struct gc_lists gc;
    struct marking marking;
    struct bitmap objects, reachable;
    struct columns columns;
    struct heap_totals totals;
    struct heap_accounts accounts;
    struct damage_list damage;
    struct vec(struct heap_block) unclaimed; /* the first MAX_UNCLAIMED_LISTED */
};

/* ---- building: what the allocator and the collector list ------------------------------------- */

struct listing {
    struct heap *heap;
    bool of_collector;
    struct damage_list damage;
    struct err *err;
};

static void list(void *context) {
    struct listing *listing = context;
    struct heap *heap = listing->heap;
    if (listing->of_collector)
        listing->err = gc_lists_walk(heap->image, heap->layout, heap->runtime, &listing->damage,
                                     &heap->gc);
    else
        listing->err = pymalloc_walk(heap->image, heap->layout, heap->runtime, heap->threads,
                                     &listing->damage, &heap->pymalloc);
}

/* The collector's lists are chains that one thread must follow; the arenas are walked meanwhile. */
static struct err *list_memory(struct heap *heap) {
    struct listing listings[] = {{.heap = heap}, {.heap = heap, .of_collector = true}};
    if (heap->threads > 1) {
        parallel_run(2, list, (void *[]){&listings[0], &listings[1]});
    } else {
        list(&listings[0]);
        list(&listings[1]);
    }
    damage_merge(&heap->damage, runtime_damage(heap->runtime));
    damage_merge(&heap->damage, &listings[0].damage);
    damage_merge(&heap->damage, &listings[1].damage);
    if (listings[0].err) {
        err_free(listings[1].err);
        return listings[0].err;
    }
    return listings[1].err;
}

/* ---- building: what is reached --------------------------------------------------------------- */

struct root_list {
    struct vec(uint64_t) addresses;
    struct marking *marking; /* where guesses go, to be looked at once all is known */
    bool out_of_memory;
};

static void take_roots(struct decode *decode) {
    struct root_list *roots = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        bool fine = true;
        if (reference->properties & REFERENCE_GUESSED)
            fine = vec_push(&roots->marking->guessed, reference->target);
        else if (reference->properties & REFERENCE_RETAINS)
            fine = vec_push(&roots->addresses, reference->target);
        roots->out_of_memory |= !fine;
    }
    decode->reference_count = 0;
}

static struct err *mark_reachable(struct heap *heap) {
    struct root_list roots = {.marking = &heap->marking};
    struct reference references[64];
    struct decode decode = {.image = heap->image,
                            .layout = heap->layout,
                            .types = heap->types,
                            .damage = &heap->damage,
                            .references = references,
                            .reference_capacity = sizeof references / sizeof *references,
                            .flush = take_roots,
                            .context = &roots};
    roots_exact(&decode, heap->runtime);
    static_types_roots(&decode, heap->runtime);
    take_roots(&decode);
    struct mark_seeds seeds = {roots.addresses.items, roots.addresses.count};
    struct err *err = roots.out_of_memory
                          ? err_no_memory()
                          : mark_from(&heap->marking, &seeds, &heap->reachable, NULL);
    vec_free(&roots.addresses);
    return err;
}

/* Static types are roots wherever they were met: their modules are never unloaded. */
static struct err *mark_met_types(struct heap *heap, struct bitmap *marks) {
    uint32_t done = 0;
    for (uint32_t count; (count = type_table_count(heap->types)) != done; done = count) {
        struct root_list found = {0};
        for (uint32_t i = done; i < count; i++) {
            const struct type *type = type_table_by_id(heap->types, i);
            if (!type->heap_type && !vec_push(&found.addresses, type->address))
                found.out_of_memory = true;
        }
        struct mark_seeds seeds = {found.addresses.items, found.addresses.count};
        struct err *err = found.out_of_memory ? err_no_memory()
                                              : mark_from(&heap->marking, &seeds, marks, NULL);
        vec_free(&found.addresses);
        TRY(err);
    }
    return NULL;
}

static struct err *copy_bitmap(struct bitmap *to, const struct bitmap *from) {
    to->word_count = from->word_count;
    to->words = malloc(from->word_count * sizeof *from->words);
    if (!to->words)
        return err_no_memory();
    memcpy(to->words, from->words, from->word_count * sizeof *from->words);
    return NULL;
}

/* The bits of `after` that `before` lacks: few, so that most of the result's memory is never touched. */
static struct err *new_bits(const struct bitmap *before, const struct bitmap *after,
                            struct bitmap *ret) {
    ret->word_count = after->word_count;
    ret->words = calloc(after->word_count, sizeof *ret->words);
    if (!ret->words)
        return err_no_memory();
    for (size_t i = 0; i < after->word_count; i++) {
        if (after->words[i] & ~before->words[i])
            ret->words[i] = after->words[i] & ~before->words[i];
    }
    return NULL;
}

/* Marks what `find` finds, and all that hangs on it; *found gets what is new. */
static struct err *mark_candidates(struct heap *heap,
                                   struct err *find(struct heap *heap, struct mark_seeds *seeds),
                                   struct bitmap *found) {
    struct mark_seeds seeds = {0};
    struct bitmap before;
    TRY(copy_bitmap(&before, &heap->objects));
    struct err *err = find(heap, &seeds);
    if (!err)
        err = mark_from(&heap->marking, &seeds, &heap->objects, NULL);
    if (!err)
        err = new_bits(&before, &heap->objects, found);
    bitmap_free(&before);
    free(seeds.addresses);
    return err;
}

static struct err *find_in_pymalloc(struct heap *heap, struct mark_seeds *seeds) {
    struct parked parked = {0};
    interpreter_blocks_claim(&heap->marking, heap->runtime, &parked);
    struct err *err = candidates_in_pymalloc(&heap->marking, &heap->objects, seeds, &parked);
    heap->accounts.parked_count = parked.count;
    heap->accounts.parked_bytes = parked.bytes;
    return err;
}

static struct err *find_in_malloc(struct heap *heap, struct mark_seeds *seeds) {
    return candidates_in_malloc(&heap->marking, &heap->objects, seeds);
}

/* ---- building: the whole ----------------------------------------------------------------------- */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void log_phase(const char *phase, double *since) {
    double now = seconds();
    log_line(LOG_HEAP, "%s: %.1f ms", phase, (now - *since) * 1e3);
    *since = now;
}

static void add_unclaimed(void *context, uint64_t block, uint64_t size) {
    struct heap *heap = context;
    struct heap_block item = {block, size};
    heap->accounts.unclaimed_count++;
    heap->accounts.unclaimed_bytes += size;
    if (heap->unclaimed.count < MAX_UNCLAIMED_LISTED && !vec_push(&heap->unclaimed, item))
        damage_add(&heap->damage, "out of memory", "unclaimed block", block);
}

static void count_blocks(struct heap *heap, const struct bitmap *owned, uint64_t double_claims) {
    struct heap_accounts *accounts = &heap->accounts;
    const struct pymalloc *pymalloc = &heap->pymalloc;
    pymalloc_visit_unowned(pymalloc, heap->image, owned, add_unclaimed, heap);
    accounts->arenas = pymalloc->arenas;
    accounts->arena_bytes = pymalloc->arena_bytes;
    accounts->pools = pymalloc->pools;
    accounts->block_count = pymalloc->block_count;
    accounts->block_bytes = pymalloc->block_bytes;
    accounts->claimed_count = 
        accounts->block_count - accounts->unclaimed_count - accounts->parked_count;
    accounts->claimed_bytes = 
        accounts->block_bytes - accounts->unclaimed_bytes - accounts->parked_bytes;
    accounts->double_claims = heap->marking.double_claims + double_claims;
    accounts->free_bytes = accounts->arena_bytes - accounts->block_bytes;
    if (accounts->double_claims)
        damage_add(&heap->damage, "double claim", "block", heap->marking.first_double_claim);
}

static struct err *list_interpreters(struct heap *heap) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    for (size_t i = 0; i < count; i++) {
        if (!vec_push(&heap->interpreters, interpreters[i].address))
            return err_no_memory();
    }
    return NULL;
}

static struct err *build(struct heap *heap) {
    double since = seconds();
    TRY(list_interpreters(heap));
    TRY(type_table_create(heap->image, heap->layout, runtime_address(heap->runtime),
                          &heap->types));
    TRY(list_memory(heap));
    log_phase("arenas and gc lists", &since);
    heap->marking = (struct marking){.image = heap->image,
                                     .layout = heap->layout,
                                     .types = heap->types,
                                     .pymalloc = &heap->pymalloc,
                                     .fence = fence_size(heap->image, heap->layout, heap->runtime),
                                     .interpreters = heap->interpreters.items,
                                     .interpreter_count = heap->interpreters.count,
                                     .threads = heap->threads};
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    heap->marking.weak_dict = interned_strings(&decode, heap->runtime);
    TRY(marking_init(&heap->marking));
    if (!bitmap_init(&heap->reachable, heap->image->mirror_size))
        return err_no_memory();
    TRY(mark_reachable(heap));
    TRY(mark_met_types(heap, &heap->reachable));
    log_phase("reachable", &since);
    TRY(copy_bitmap(&heap->objects, &heap->reachable));
    TRY(mark_from_bitmap(&heap->marking, &heap->gc.tracked, &heap->gc.odd, &heap->objects));
    log_phase("tracked", &since);
    struct bitmap candidates = {0}, guesses = {0};
    struct err *err = mark_candidates(heap, find_in_pymalloc, &candidates);
    if (!err)
        err = mark_candidates(heap, find_in_malloc, &guesses);
    log_phase("allocated", &since);
    struct bitmap owned = {0};
    uint64_t double_claims = 0;
    if (!err)
        err = marking_owned(&heap->marking, &heap->objects, &owned, &double_claims);
    if (!err)
        err = guessed_roots_mark(&heap->marking, heap->runtime, &heap->objects, &owned,
                                 &heap->reachable);
    log_phase("guessed roots", &since);
    if (!err)
        count_blocks(heap, &owned, double_claims);
    /* Make room for the columns. */
    bitmap_free(&owned);
    bitmap_free(&heap->marking.claimed);
    bitmap_free(&heap->pymalloc.allocated);
    log_phase("accounts", &since);
    heap->columns.objects = heap->objects;
    heap->columns.odd = heap->marking.odd;
    struct columns_input input = {.marking = &heap->marking,
                                  .gc = &heap->gc,
                                  .objects = &heap->objects,
                                  .reachable = &heap->reachable,
                                  .candidates = &candidates,
                                  .guesses = &guesses,
                                  .threads = heap->threads};
    if (!err)
        err = columns_fill(&input, &heap->columns, &heap->totals, &heap->accounts);
    bitmap_free(&candidates);
    bitmap_free(&guesses);
    /* They are the columns' from here on. */
    heap->objects = (struct bitmap){0};
    heap->marking.odd = (struct bitmap){0};
    TRY(err);
    log_phase("columns", &since);
    damage_merge(&heap->damage, &heap->marking.damage);
    bitmap_free(&heap->reachable);
    gc_lists_clear(&heap->gc);
    return NULL;
}

struct err *heap_build(const struct image *image, const struct layout *layout,
                       const struct runtime *runtime, const struct heap_options *options,
                       struct heap **ret) {
    struct heap *heap = calloc(1, sizeof *heap);
    if (!heap)
        return err_no_memory();
    heap->image = image;
    heap->layout = layout;
    heap->runtime = runtime;
    heap->threads = parallel_threads(options ? options->threads : 0);
    struct err *err = build(heap);
    if (err) {
        heap_destroy(heap);
        return err;
    }
    *ret = heap;
    return NULL;
}

void heap_destroy(struct heap *heap) {
    if (!heap)
        return;
    columns_clear(&heap->columns);
    bitmap_free(&heap->objects);
    bitmap_free(&heap->reachable);
    marking_clear(&heap->marking);
    gc_lists_clear(&heap->gc);
    pymalloc_clear(&heap->pymalloc);
    type_table_destroy(heap->types);
    vec_free(&heap->unclaimed);
    vec_free(&heap->interpreters);
    free(heap);
}

/* ---- asking ------------------------------------------------------------------------------------ */

uint32_t heap_count(const struct heap *heap) { return heap->columns.count; }

const struct type *heap_type_by_id(const struct heap *heap, uint32_t type_id) {
    return type_table_by_id(heap->types, type_id);
}

uint32_t heap_type_count(const struct heap *heap) { return type_table_count(heap->types); }

uint32_t heap_find(const struct heap *heap, uint64_t address) {
    return columns_find(&heap->columns, image_place(heap->image, address));
}

uint64_t heap_address(const struct heap *heap, uint32_t id) {
    uint64_t place = (uint64_t)heap->columns.granule[id] << GRANULE_SHIFT;
    return image_address_of_place(heap->image, place) +
           (bitmap_test(&heap->columns.odd, place) ? 8 : 0);
}

const struct type *heap_type(const struct heap *heap, uint32_t id) {
    return type_table_by_id(heap->types, heap->columns.kind[id] & ((1u << TYPE_ID_BITS) - 1));
}

void heap_add_up(const struct heap *heap, uint32_t first, uint32_t end, struct heap_sums *sums) {
    const struct columns *columns = &heap->columns;
    for (uint32_t id = first; id < end; id++) {
        uint32_t kind = columns->kind[id];
        struct heap_sums *sum = &sums[kind & ((1u << TYPE_ID_BITS) - 1)];
        uint32_t size = columns->size.values[id], footprint = columns->footprint.values[id];
        sum->objects++;
        sum->size += size != UINT32_MAX ? size : column_value(&columns->size, id);
        sum->footprint +=
            footprint != UINT32_MAX ? footprint : column_value(&columns->footprint, id);
        sum->unreachable += !(kind >> FLAGS_SHIFT & OBJECT_REACHABLE);
    }
}

uint64_t heap_refcount(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.refcount, id);
}

uint64_t heap_size(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.size, id);
}

uint64_t heap_footprint(const struct heap *heap, uint32_t id) {
    return column_value(&heap->columns.footprint, id);
}

unsigned heap_flags(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> FLAGS_SHIFT & ((1u << (GC_STATE_SHIFT - FLAGS_SHIFT)) - 1);
}

enum gc_state heap_gc_state(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> GC_STATE_SHIFT & ((1u << (FOUND_SHIFT - GC_STATE_SHIFT)) - 1);
}

enum object_found heap_found(const struct heap *heap, uint32_t id) {
    return heap->columns.kind[id] >> FOUND_SHIFT;
}

int64_t heap_interpreter(const struct heap *heap, uint32_t id) {
    (void)id;
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    return interpreters[count - 1].id; /* the list is newest first: the main one is the last */
}

void heap_decode_init(const struct heap *heap, struct decode *decode, struct damage_list *ignored) {
    ignored->count = 0;
    *decode = (struct decode){.image = heap->image,
                              .layout = heap->layout,
                              .types = heap->types,
                              .damage = ignored,
                              .interpreters = heap->interpreters.items,
                              .interpreter_count = heap->interpreters.count};
}

struct visitor {
    const struct heap *heap;
    heap_visit *visit;
    void *context;
    bool weak; /* whatever the object refers to, it does not hold */
};

static void pass_on(struct decode *decode) {
    const struct visitor *visitor = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        struct reference *reference = &decode->references[i];
        if (reference->properties & REFERENCE_GUESSED &&
            heap_find(visitor->heap, reference->target) == HEAP_NONE)
            continue; /* any word may be guessed to be one */
        if (visitor->weak)
            reference->properties = REFERENCE_WEAK;
        visitor->visit(visitor->context, reference);
    }
    decode->reference_count = 0;
}

void heap_references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context) {
    struct reference references[REFERENCES];
    uint64_t address = heap_address(heap, id);
    struct visitor visitor = {heap, visit, context, address == heap->marking.weak_dict};
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    decode.references = references;
    decode.reference_capacity = REFERENCES;
    decode.flush = pass_on;
    decode.context = &visitor;
    struct object object;
    if (!object_view_typed(&decode, address, heap_type(heap, id), &object))
        return;
    object_references(&decode, &object);
    pass_on(&decode);
}

void heap_preview(const struct heap *heap, uint32_t id, struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    struct object object;
    const struct decoder *decoder = heap_type(heap, id)->decoder;
    if (decoder && decoder->preview &&
        object_view_typed(&decode, heap_address(heap, id), heap_type(heap, id), &object))
        decoder->preview(&decode, &object, out);
}

const struct heap_totals *heap_totals(const struct heap *heap) { return &heap->totals; }
const struct heap_accounts *heap_accounts(const struct heap *heap) { return &heap->accounts; }
const struct damage_list *heap_damage(const struct heap *heap) { return &heap->damage; }

size_t heap_unclaimed(const struct heap *heap, struct heap_block *blocks, size_t limit) {
    size_t count = heap->unclaimed.count < limit ? heap->unclaimed.count : limit;
    if (count)
        memcpy(blocks, heap->unclaimed.items, count * sizeof *blocks);
    return count;
}
