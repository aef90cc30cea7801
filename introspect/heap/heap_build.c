/* How a heap is made: docs/ARCHITECTURE.md tells the order of its phases and why. */
#include "base/gauge.h"
#include "base/log.h"
#include "introspect/heap/candidates.h"
#include "introspect/heap/fence.h"
#include "introspect/heap/guessed_roots.h"
#include "introspect/heap/heap_private.h"
#include "introspect/heap/interpreter_blocks.h"
#include "introspect/heap/parallel.h"
#include "introspect/heap/static_types.h"
#include "introspect/runtime/roots.h"

#include <pthread.h>
#include <time.h>

/* ---- what the allocator and the collector list ----------------------------------------------- */

/* The collector's lists are chains that one thread must follow: it does so while others go on. */
struct gc_walk {
    struct heap *heap;
    struct damage_list damage;
    struct err *err;
    pthread_t thread;
    bool started;
};

static void *walk_gc_lists(void *context) {
    struct gc_walk *walk = context;
    walk->err = gc_lists_walk(walk->heap->image, walk->heap->layout, walk->heap->runtime,
                              &walk->damage, walk->heap->cancel, &walk->heap->gc);
    return NULL;
}

static void gc_walk_start(struct gc_walk *walk) {
    walk->started =
        walk->heap->threads > 1 && !pthread_create(&walk->thread, NULL, walk_gc_lists, walk);
}

static struct err *gc_walk_finish(struct gc_walk *walk) {
    if (walk->started)
        pthread_join(walk->thread, NULL);
    else
        walk_gc_lists(walk);
    damage_merge(&walk->heap->damage, &walk->damage);
    return walk->err;
}

/* ---- what is reached ------------------------------------------------------------------------- */

struct seed_list {
    struct vec(uint64_t) addresses;
    struct marking *marking; /* where guesses go, to be looked at once all is known */
    bool out_of_memory;
};

static void take_root(void *context, const struct root *root) {
    struct seed_list *roots = context;
    const struct reference *reference = &root->reference;
    bool fine = true;
    if (reference->properties & REFERENCE_GUESSED)
        fine = vec_push(&roots->marking->guessed, ((struct guess_source){reference->target, 0}));
    else if (reference->properties & REFERENCE_RETAINS)
        fine = vec_push(&roots->addresses, reference->target);
    roots->out_of_memory |= !fine;
}

static struct err *mark_reachable(struct heap *heap) {
    struct seed_list roots = {.marking = &heap->marking};
    struct decode decode;
    struct damage_list ignored;
    heap_decode_init(heap, &decode, &ignored);
    decode.damage = &heap->damage;
    roots_exact(&decode, heap->runtime, take_root, &roots);
    static_types_roots(&decode, heap->runtime, take_root, &roots);
    struct mark_seeds seeds = {roots.addresses.items, roots.addresses.count};
    struct err *err =
        roots.out_of_memory ? err_no_memory() : mark_from(&heap->marking, &seeds, &heap->reachable);
    vec_free(&roots.addresses);
    return err;
}

/* Static types are roots wherever they were met: their modules are never unloaded. */
static struct err *mark_met_types(struct heap *heap, struct bitmap *marks) {
    uint32_t done = 0;
    for (uint32_t count; (count = type_table_count(heap->types)) != done; done = count) {
        struct seed_list found = {0};
        for (uint32_t i = done; i < count; i++) {
            const struct type *type = type_table_by_id(heap->types, i);
            if (!type->heap_type && !vec_push(&found.addresses, type->address))
                found.out_of_memory = true;
        }
        struct mark_seeds seeds = {found.addresses.items, found.addresses.count};
        struct err *err =
            found.out_of_memory ? err_no_memory() : mark_from(&heap->marking, &seeds, marks);
        vec_free(&found.addresses);
        TRY(err);
    }
    return NULL;
}

static struct err *copy_bitmap(struct bitmap *to, const struct bitmap *from) {
    if (!bitmap_init_words(to, from->word_count, false))
        return err_no_memory();
    memcpy(to->words, from->words, from->word_count * sizeof *from->words);
    return NULL;
}

/* The bits of `after` that `before` lacks: few, so that most of the result's memory is never touched. */
static struct err *new_bits(const struct bitmap *before, const struct bitmap *after,
                            struct bitmap *ret) {
    if (!bitmap_init_words(ret, after->word_count, true))
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
        err = mark_from(&heap->marking, &seeds, &heap->objects);
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

/* ---- the whole ------------------------------------------------------------------------------- */

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
        const struct interpreter *from_main = &interpreters[count - 1 - i]; /* it comes last */
        struct heap_interpreter item = {.id = from_main->id};
        item.has_gc = gc_status_read(heap->image, heap->layout, from_main, &item.gc);
        if (!vec_push(&heap->interpreter_addresses, interpreters[i].address) ||
            !vec_push(&heap->interpreters, item))
            return err_no_memory();
    }
    return NULL;
}

/* What reaching needs: types, arenas, the interpreter's own. */
static struct err *prepare(struct heap *heap) {
    TRY(list_interpreters(heap));
    TRY(type_table_create(heap->image, heap->layout, runtime_address(heap->runtime), &heap->types));
    damage_merge(&heap->damage, runtime_damage(heap->runtime));
    TRY(pymalloc_walk(heap->image, heap->layout, heap->runtime, heap->threads, heap->cancel,
                      &heap->damage, &heap->pymalloc));
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    heap->marking =
        (struct marking){.allocators = {heap->image, heap->layout, &heap->pymalloc,
                                        fence_size(heap->image, heap->layout, heap->runtime)},
                         .types = heap->types,
                         .interned = interned_find(&decode, heap->runtime),
                         .interpreters = heap->interpreter_addresses.items,
                         .interpreter_count = heap->interpreter_addresses.count,
                         .threads = heap->threads,
                         .cancel = heap->cancel};
    TRY(marking_init(&heap->marking));
    return bitmap_init(&heap->reachable, heap->image->mirror_size) ? NULL : err_no_memory();
}

/* Finds the objects that are in no list and that nothing known refers to; then what C code holds. */
static struct err *find_the_rest(struct heap *heap, struct bitmap *candidates,
                                 struct bitmap *guesses) {
    struct bitmap owned = {0};
    uint64_t double_claims = 0;
    TRY(mark_candidates(heap, find_in_pymalloc, candidates));
    TRY(mark_candidates(heap, find_in_malloc, guesses));
    TRY(marking_owned(&heap->marking, &heap->objects, &owned, &double_claims));
    struct err *err =
        guessed_roots_mark(&heap->marking, heap->runtime, &heap->objects, &owned, &heap->reachable);
    count_blocks(heap, &owned, double_claims);
    bitmap_free(&owned);
    return err;
}

static uint64_t common_bits(const struct bitmap *a, const struct bitmap *b) {
    uint64_t count = 0;
    for (size_t i = 0; i < a->word_count; i++)
        count += (uint64_t)__builtin_popcountll(a->words[i] & b->words[i]);
    return count;
}

static void count_found(const struct columns_input *input, struct heap_totals *totals) {
    const struct bitmap *objects = input->objects, *tracked = &input->gc->tracked;
    totals->tracked = common_bits(objects, tracked);
    totals->guessed = common_bits(objects, input->guesses);
    totals->allocator = common_bits(objects, input->candidates) + totals->guessed -
                        common_bits(input->candidates, tracked) -
                        common_bits(input->guesses, tracked);
    totals->reachable = totals->objects - totals->tracked - totals->allocator;
    totals->unreachable = totals->objects - common_bits(objects, input->reachable);
}

/* The totals that need no numbers of objects. */
static void count_totals(struct heap *heap, const struct columns_input *input) {
    struct heap_totals *totals = &heap->totals;
    vec_each (sums, &heap->marking.sums) {
        totals->objects += sums->objects;
        totals->size += sums->size;
        totals->footprint += sums->footprint;
    }
    count_found(input, totals);
    heap->sums.items = heap->marking.sums.items;
    heap->sums.count = heap->marking.sums.count;
    memset(&heap->marking.sums, 0, sizeof heap->marking.sums);
    heap->guesses.items = heap->marking.guessed.items;
    heap->guesses.count = heap->marking.guessed.count;
    memset(&heap->marking.guessed, 0, sizeof heap->marking.guessed);
    heap->accounts.pymalloc_footprint = heap->marking.footprint.pymalloc;
    heap->accounts.malloc_footprint = heap->marking.footprint.malloc;
}

static struct err *number_objects(struct heap *heap, const struct columns_input *input) {
    heap->columns.objects = heap->objects;
    heap->columns.odd = heap->marking.odd;
    struct err *err = columns_fill(input, &heap->columns);
    heap->objects = (struct bitmap){0};
    heap->marking.odd = (struct bitmap){0};
    return err;
}

static struct err *finish(struct heap *heap, const struct bitmap *candidates,
                          const struct bitmap *guesses, bool totals_only) {
    /* Those of blocks make room for the columns. */
    bitmap_free(&heap->marking.claimed);
    bitmap_free(&heap->pymalloc.allocated);
    struct bitmap objects = heap->objects;
    struct columns_input input = {.marking = &heap->marking,
                                  .gc = &heap->gc,
                                  .objects = &objects,
                                  .reachable = &heap->reachable,
                                  .candidates = candidates,
                                  .guesses = guesses,
                                  .threads = heap->threads};
    count_totals(heap, &input);
    struct err *err = totals_only ? NULL : number_objects(heap, &input);
    damage_merge(&heap->damage, &heap->marking.damage);
    bitmap_free(&heap->reachable);
    if (totals_only || heap->gc.interpreter_count == 0)
        gc_lists_clear(&heap->gc);
    return err;
}

static struct err *reach(struct heap *heap) {
    TRY(prepare(heap));
    gauge_part(0, 60, heap->pymalloc.block_count);
    TRY(mark_reachable(heap));
    return mark_met_types(heap, &heap->reachable);
}

static struct err *build(struct heap *heap, bool totals_only) {
    double since = seconds();
    struct bitmap candidates = {0}, guesses = {0};
    struct gc_walk walk = {.heap = heap};
    gc_walk_start(&walk);
    struct err *err = reach(heap);
    log_phase("reachable", &since);
    struct err *walk_err = gc_walk_finish(&walk);
    log_phase("gc lists", &since);
    if (err || walk_err) {
        if (err)
            err_free(walk_err);
        return err ? err : walk_err;
    }
    heap->marking.unreachable = true;
    gauge_part(60, 66, heap->pymalloc.block_count);
    TRY(copy_bitmap(&heap->objects, &heap->reachable));
    TRY(mark_from_bitmap(&heap->marking, &heap->gc.tracked, &heap->gc.odd, &heap->objects));
    log_phase("tracked", &since);
    err = find_the_rest(heap, &candidates, &guesses);
    log_phase("allocated", &since);
    if (!err)
        err = finish(heap, &candidates, &guesses, totals_only);
    log_phase(totals_only ? "totals" : "columns", &since);
    bitmap_free(&candidates);
    bitmap_free(&guesses);
    return err;
}

struct err *heap_build(const struct image *image, const struct layout *layout,
                       const struct runtime *runtime, const struct heap_options *options,
                       struct heap **ret) {
    struct heap *heap = calloc(1, sizeof *heap);
    if (!heap)
        return err_no_memory();
    heap->provider = &image_provider;
    heap->image = image;
    heap->layout = layout;
    heap->runtime = runtime;
    heap->threads = parallel_threads(options ? options->threads : 0);
    heap->cancel = options ? options->cancel : NULL;
    struct err *err = build(heap, options && options->totals_only);
    if (err) {
        heap_destroy(heap);
        return err;
    }
    *ret = heap;
    return NULL;
}
