#include "introspect/heap/mark.h"

#include "base/cancel.h"
#include "base/gauge.h"
#include "introspect/heap/fence.h"
#include "introspect/heap/parallel.h"

#include <pthread.h>

enum {
    QUEUE = 32,         /* objects that wait for memory, at each of the two stages */
    REFERENCES = 2048,  /* decoded at once */
    POLL_EVERY = 1024,  /* visited objects, to see if we are to give up */
    SHARE_ABOVE = 2048, /* waiting objects from which a thread gives some to idle ones */
};

struct batch {
    struct batch *next;
    size_t count;
    uint64_t places[];
};

/* What the threads of one mark_from share. */
struct crew {
    struct marking *marking;
    struct bitmap *marks;
    const struct bitmap *seeds, *odd_seeds; /* to take from in parts, or NULL */
    size_t next_word;                       /* of seeds; atomic */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch *batches;
    unsigned idle, members; /* idle: read without the lock as a hint */
};

struct worker {
    struct crew *crew;
    struct decode decode;
    struct damage_list damage;
    struct reference references[REFERENCES];
    struct vec(uint64_t) stack; /* places to visit */
    struct vec(struct guess_source) guessed;
    uint64_t double_claims, first_double_claim;
    struct footprint footprint;        /* of the object being visited */
    struct footprint total;            /* of all */
    struct vec(struct heap_sums) sums; /* by type id */
    bool weak;                         /* the object being visited retains only what is immortal */
    uint64_t visited;                  /* the object being visited */
    const char *where;                 /* its type, for damage */
    bool out_of_memory;
};

/* ---- meeting an object ----------------------------------------------------------------------- */

static void meet(struct worker *worker, uint64_t address) {
    struct crew *crew = worker->crew;
    uint64_t place = image_place(crew->marking->allocators.image, address);
    if (__builtin_expect(place == UINT64_MAX || (address & 7), 0)) {
        damage_add(&worker->damage, "outside", worker->where, address);
        return;
    }
    if (!bitmap_set(crew->marks, place))
        return;
    if (__builtin_expect(place & 8, 0))
        bitmap_set(&crew->marking->odd, place);
    if (!vec_push(&worker->stack, place))
        worker->out_of_memory = true;
}

static bool is_immortal(const struct worker *worker, uint64_t address) {
    const struct layout *layout = worker->crew->marking->allocators.layout;
    const void *header = image_pin(worker->decode.image, address, layout->object.size);
    return header && (field_unsigned(header, layout->object.ob_refcnt) &
                      layout->trait.refcount_mask & layout->trait.immortal_bit);
}

static void take_guess(struct worker *worker, uint64_t target) {
    if (!worker->crew->marking->unreachable &&
        !vec_push(&worker->guessed, ((struct guess_source){target, worker->visited})))
        worker->out_of_memory = true;
}

static void meet_references(struct decode *decode) {
    struct worker *worker = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        if (__builtin_expect(worker->weak, 0) && !is_immortal(worker, reference->target))
            continue; /* of interned strings only immortal ones are roots */
        if (__builtin_expect(reference->properties & REFERENCE_GUESSED, 0))
            take_guess(worker, reference->target);
        else if (reference->properties & REFERENCE_RETAINS)
            meet(worker, reference->target);
    }
    decode->reference_count = 0;
}

/* ---- claiming blocks ------------------------------------------------------------------------- */

static void claim(struct worker *worker, uint64_t address) {
    struct marking *marking = worker->crew->marking;
    uint64_t place = image_place(marking->allocators.image, address);
    if (place == UINT64_MAX || bitmap_set(&marking->claimed, place))
        return;
    if (!worker->double_claims++)
        worker->first_double_claim = address;
}

static void claim_buffer(struct decode *decode, uint64_t address, uint64_t size) {
    struct worker *worker = decode->context;
    const struct allocators *allocators = &worker->crew->marking->allocators;
    uint64_t block = footprint_buffer_block(allocators, address);
    claim(worker, block);
    footprint_add_block(&worker->footprint, allocators, block, address - block + size);
}

/* Objects in pymalloc's pools must be where an allocated block is: freed memory keeps its looks.
 * Their blocks are claimed all at once (marking_owned), those of malloc here. */
static bool claim_object(struct worker *worker, const struct object *object, uint64_t place) {
    const struct allocators *allocators = &worker->crew->marking->allocators;
    uint64_t before = object_offset_in_block(allocators->layout, object) + allocators->fence;
    if (!pymalloc_is_arena(allocators->pymalloc, place)) {
        claim(worker, footprint_object_block(allocators, object));
    } else if (place < before || !pymalloc_is_block(allocators->pymalloc, place - before)) {
        damage_add(&worker->damage, "freed", "object", object->address);
        return false;
    }
    return true;
}

/* Room for the sums of a type; they are few and mostly known from the start. */
static struct heap_sums *sums_of(struct worker *worker, const struct type *type) {
    if (__builtin_expect(type->id >= worker->sums.count, 0)) {
        uint32_t count = type_table_count(worker->crew->marking->types);
        size_t more = count - worker->sums.count;
        if (!vec_reserve(&worker->sums, more))
            return NULL;
        memset(worker->sums.items + worker->sums.count, 0, more * sizeof *worker->sums.items);
        worker->sums.count = count;
    }
    return &worker->sums.items[type->id];
}

/* Measures the object, which claims its buffers, and adds it up. */
static void add_up(struct worker *worker, const struct object *object, uint64_t place) {
    struct measure measure;
    struct heap_sums *sums = sums_of(worker, object->type);
    worker->footprint = (struct footprint){0};
    footprint_measure(&worker->decode, &worker->crew->marking->allocators, object, place, &measure,
                      &worker->footprint);
    worker->total.pymalloc += worker->footprint.pymalloc;
    worker->total.malloc += worker->footprint.malloc;
    if (!sums) {
        worker->out_of_memory = true;
        return;
    }
    sums->objects++;
    sums->size += measure.size;
    sums->footprint += worker->footprint.pymalloc + worker->footprint.malloc;
}

/* ---- visiting -------------------------------------------------------------------------------- */

/* What was met is no object: the bits are free for one that is at the other address of the two. */
static void unmark(struct worker *worker, uint64_t place) {
    if (place & 8)
        bitmap_clear(&worker->crew->marking->odd, place);
    bitmap_clear(worker->crew->marks, place);
}

static void visit(struct worker *worker, uint64_t place, const struct type *type) {
    struct marking *marking = worker->crew->marking;
    uint64_t address = image_address_of_place(marking->allocators.image, place);
    struct object object;
    const char *why = NULL;
    if (!object_view_prefetched(&worker->decode, address, place, type, &object, &why)) {
        damage_add(&worker->damage, why, "object", address);
        unmark(worker, place);
        return;
    }
    worker->where = object.type->decoder ? object.type->decoder->name : "instance";
    if (!claim_object(worker, &object, place)) {
        unmark(worker, place);
        return;
    }
    add_up(worker, &object, place);
    if (object.type->owns_nothing)
        return;
    worker->visited = address;
    worker->weak = interned_is(&marking->interned, address);
    object_references(&worker->decode, &object);
    meet_references(&worker->decode);
}

/* Gives the older half of the waiting objects, which lead furthest, to threads that have nothing. */
static void share(struct worker *worker) {
    struct crew *crew = worker->crew;
    size_t count = worker->stack.count / 2;
    struct batch *batch = malloc(sizeof *batch + count * sizeof *batch->places);
    if (!batch)
        return;
    batch->count = count;
    memcpy(batch->places, worker->stack.items, count * sizeof *batch->places);
    worker->stack.count -= count;
    memmove(worker->stack.items, worker->stack.items + count,
            worker->stack.count * sizeof *worker->stack.items);
    pthread_mutex_lock(&crew->lock);
    batch->next = crew->batches;
    crew->batches = batch;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

/* A queue of objects that wait for memory to arrive. */
struct waiting {
    uint64_t place;
    const struct type *type; /* NULL: not looked up yet, or not known */
};

struct queue {
    struct waiting items[QUEUE];
    unsigned in, out;
};

static bool queue_full(const struct queue *queue) {
    return queue->in - queue->out == QUEUE;
}
static bool queue_empty(const struct queue *queue) {
    return queue->in == queue->out;
}
static void queue_put(struct queue *queue, uint64_t place, const struct type *type) {
    queue->items[queue->in++ % QUEUE] = (struct waiting){place, type};
}
static struct waiting queue_get(struct queue *queue) {
    return queue->items[queue->out++ % QUEUE];
}

/* Visits until nothing waits, or we are to give up: stack -> headers -> bodies -> visit. */
static void drain(struct worker *worker) {
    const struct marking *marking = worker->crew->marking;
    struct queue headers = {.in = 0}, bodies = {.in = 0};
    unsigned visits = 0;
    if (cancel_asked(marking->cancel))
        worker->stack.count = 0;
    for (;;) {
        while (worker->stack.count && !queue_full(&headers)) {
            uint64_t place = worker->stack.items[--worker->stack.count];
            __builtin_prefetch(marking->allocators.image->mirror + place);
            queue_put(&headers, place, NULL);
        }
        bool stack_empty = !worker->stack.count;
        while (!queue_empty(&headers) && !queue_full(&bodies) &&
               (stack_empty || queue_full(&headers))) {
            uint64_t place = queue_get(&headers).place;
            queue_put(&bodies, place, object_prefetch(&worker->decode, place));
        }
        if (queue_empty(&bodies))
            return;
        struct waiting next = queue_get(&bodies);
        visit(worker, next.place, next.type);
        if (__builtin_expect(++visits % POLL_EVERY == 0, 0)) {
            gauge_add(POLL_EVERY);
            if (cancel_asked(marking->cancel))
                return;
        }
        if (worker->stack.count > SHARE_ABOVE &&
            __atomic_load_n(&worker->crew->idle, __ATOMIC_RELAXED))
            share(worker);
    }
}

/* ---- the crew -------------------------------------------------------------------------------- */

enum { SEED_WORDS = 1024 };

/* Takes a part of the seeds; false if all are taken. */
static bool take_seeds(struct worker *worker) {
    struct crew *crew = worker->crew;
    if (!crew->seeds || cancel_asked(crew->marking->cancel))
        return false;
    size_t first = __atomic_fetch_add(&crew->next_word, SEED_WORDS, __ATOMIC_RELAXED);
    if (first >= crew->seeds->word_count)
        return false;
    size_t last = first + SEED_WORDS;
    if (last > crew->seeds->word_count)
        last = crew->seeds->word_count;
    for (size_t i = first; i < last; i++) {
        uint64_t bits =
            crew->seeds->words[i] & ~__atomic_load_n(&crew->marks->words[i], __ATOMIC_RELAXED);
        for (; bits; bits &= bits - 1) {
            uint64_t place = bitmap_place(i, (unsigned)__builtin_ctzll(bits));
            if (crew->odd_seeds && bitmap_test(crew->odd_seeds, place))
                place += 8;
            meet(worker, image_address_of_place(crew->marking->allocators.image, place));
        }
    }
    return true;
}

/* Waits for a batch of another thread; false when all are done. */
static bool take_batch(struct worker *worker) {
    struct crew *crew = worker->crew;
    pthread_mutex_lock(&crew->lock);
    __atomic_store_n(&crew->idle, crew->idle + 1, __ATOMIC_RELAXED);
    if (crew->idle == crew->members)
        pthread_cond_broadcast(&crew->changed);
    while (!crew->batches && crew->idle < crew->members)
        pthread_cond_wait(&crew->changed, &crew->lock);
    struct batch *batch = crew->batches;
    if (batch) {
        crew->batches = batch->next;
        __atomic_store_n(&crew->idle, crew->idle - 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&crew->lock);
    if (!batch)
        return false;
    if (vec_reserve(&worker->stack, batch->count)) {
        memcpy(worker->stack.items + worker->stack.count, batch->places,
               batch->count * sizeof *batch->places);
        worker->stack.count += batch->count;
    } else {
        worker->out_of_memory = true;
    }
    free(batch);
    return true;
}

static void work(void *context) {
    struct worker *worker = context;
    pthread_mutex_lock(&worker->crew->lock);
    worker->crew->members++;
    pthread_mutex_unlock(&worker->crew->lock);
    do {
        do
            drain(worker);
        while (take_seeds(worker));
    } while (take_batch(worker));
}

static void worker_init(struct worker *worker, struct crew *crew) {
    struct marking *marking = crew->marking;
    worker->crew = crew;
    worker->where = "root";
    worker->decode = (struct decode){
        .image = marking->allocators.image,
        .layout = marking->allocators.layout,
        .types = marking->types,
        .damage = &worker->damage,
        .interpreters = marking->interpreters,
        .interpreter_count = marking->interpreter_count,
        .references = worker->references,
        .reference_capacity = REFERENCES,
        .flush = meet_references,
        .buffer = claim_buffer,
        .context = worker,
    };
}

static bool add_guessed(struct marking *marking, const struct worker *worker) {
    if (!worker->guessed.count)
        return true;
    if (!vec_reserve(&marking->guessed, worker->guessed.count))
        return false;
    memcpy(marking->guessed.items + marking->guessed.count, worker->guessed.items,
           worker->guessed.count * sizeof *worker->guessed.items);
    marking->guessed.count += worker->guessed.count;
    return true;
}

static bool add_sums(struct marking *marking, const struct worker *worker) {
    size_t known = marking->sums.count, count = worker->sums.count;
    if (count > known) {
        if (!vec_reserve(&marking->sums, count - known))
            return false;
        memset(marking->sums.items + known, 0, (count - known) * sizeof *marking->sums.items);
        marking->sums.count = count;
    }
    for (size_t i = 0; i < count; i++) {
        struct heap_sums *into = &marking->sums.items[i];
        const struct heap_sums *from = &worker->sums.items[i];
        into->objects += from->objects;
        into->size += from->size;
        into->footprint += from->footprint;
        into->unreachable += marking->unreachable ? from->objects : 0;
    }
    marking->footprint.pymalloc += worker->total.pymalloc;
    marking->footprint.malloc += worker->total.malloc;
    return true;
}

static struct err *run_crew(struct crew *crew, const struct mark_seeds *seeds) {
    struct marking *marking = crew->marking;
    unsigned threads = parallel_threads(marking->threads);
    struct worker *workers = calloc(threads, sizeof *workers);
    if (!workers)
        return err_no_memory();
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    void *contexts[PARALLEL_MAX];
    for (unsigned i = 0; i < threads; i++) {
        worker_init(&workers[i], crew);
        contexts[i] = &workers[i];
    }
    for (size_t i = 0; seeds && i < seeds->count; i++)
        meet(&workers[0], seeds->addresses[i]);
    parallel_run(threads, work, contexts);
    bool out_of_memory = false;
    for (unsigned i = 0; i < threads; i++) {
        damage_merge(&marking->damage, &workers[i].damage);
        if (workers[i].double_claims && !marking->double_claims)
            marking->first_double_claim = workers[i].first_double_claim;
        marking->double_claims += workers[i].double_claims;
        out_of_memory |= workers[i].out_of_memory;
        out_of_memory |= !add_guessed(marking, &workers[i]);
        out_of_memory |= !add_sums(marking, &workers[i]);
        vec_free(&workers[i].stack);
        vec_free(&workers[i].guessed);
        vec_free(&workers[i].sums);
    }
    free(workers);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    return out_of_memory ? err_no_memory() : cancel_check(marking->cancel);
}

struct err *mark_from(struct marking *marking, const struct mark_seeds *seeds,
                      struct bitmap *marks) {
    struct crew crew = {.marking = marking, .marks = marks};
    return run_crew(&crew, seeds);
}

struct err *mark_from_bitmap(struct marking *marking, const struct bitmap *seeds,
                             const struct bitmap *odd_seeds, struct bitmap *marks) {
    struct crew crew = {.marking = marking, .marks = marks, .seeds = seeds, .odd_seeds = odd_seeds};
    return run_crew(&crew, NULL);
}

struct err *marking_init(struct marking *marking) {
    if (bitmap_init_sparse(&marking->odd, marking->allocators.image->mirror_size) &&
        bitmap_init(&marking->claimed, marking->allocators.image->mirror_size))
        return NULL;
    marking_clear(marking);
    return err_no_memory();
}

void marking_clear(struct marking *marking) {
    bitmap_free(&marking->odd);
    bitmap_free(&marking->claimed);
    vec_free(&marking->guessed);
    vec_free(&marking->sums);
}

/* An object begins up to 48 bytes into its block (fence, pre-header, GC head), and no other block
 * begins between: so an object's bit moves down until it meets an allocated block. */
enum { MAX_OFFSET_GRANULES = 3 };

/* For a word of the bitmaps and the one behind it. *twice gets the blocks with more than one object. */
static uint64_t blocks_of_objects(const uint64_t objects[2], const uint64_t allocated[2],
                                  uint64_t *twice) {
    uint64_t here = objects[0], next = objects[1], blocks = here & allocated[0];
    *twice = 0;
    for (int step = 0; step < MAX_OFFSET_GRANULES; step++) {
        here &= ~allocated[0];
        next &= ~allocated[1];
        here = here >> 1 | next << 63;
        next >>= 1;
        *twice |= blocks & here & allocated[0];
        blocks |= here & allocated[0];
    }
    return blocks;
}

struct err *marking_owned(const struct marking *marking, const struct bitmap *objects,
                          struct bitmap *owned, uint64_t *double_claims) {
    const uint64_t *allocated = marking->allocators.pymalloc->allocated.words;
    *double_claims = 0;
    if (!bitmap_init(owned, marking->allocators.image->mirror_size))
        return err_no_memory();
    for (size_t i = 0; i < objects->word_count; i++) {
        uint64_t blocks = 0, twice = 0, claimed = marking->claimed.words[i];
        if (allocated[i]) {
            bool last = i + 1 == objects->word_count;
            blocks = blocks_of_objects(
                (const uint64_t[]){objects->words[i], last ? 0 : objects->words[i + 1]},
                (const uint64_t[]){allocated[i], last ? 0 : allocated[i + 1]}, &twice);
            twice |= blocks & claimed;
            if (__builtin_expect(twice != 0, 0))
                *double_claims += (uint64_t)__builtin_popcountll(twice);
        }
        owned->words[i] = blocks | claimed;
    }
    return NULL;
}
