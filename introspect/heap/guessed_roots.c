#include "introspect/heap/guessed_roots.h"

#include "introspect/runtime/roots.h"

#include <stdlib.h>

enum { REFERENCES = 2048, MAX_ROUNDS = 64 };

struct target {
    uint64_t address;
    uint64_t found; /* counted references from objects that no exact reference reaches */
    bool decided;
};

struct search {
    struct marking *marking;
    const struct bitmap *objects, *reachable;
    struct decode decode;
    struct damage_list ignored; /* told already when the objects were first met */
    struct reference references[REFERENCES];
    struct vec(struct target) targets; /* sorted by address, each once */
    bool out_of_memory;
};

static int compare_targets(const void *a, const void *b) {
    uint64_t left = ((const struct target *)a)->address, right = ((const struct target *)b)->address;
    return left < right ? -1 : left > right;
}

static struct target *find_target(struct search *search, uint64_t address) {
    struct target key = {.address = address};
    return search->targets.count ? bsearch(&key, search->targets.items, search->targets.count,
                                           sizeof key, compare_targets)
                                 : NULL;
}

/* ---- which objects the guesses point to ------------------------------------------------------ */

static void consider(struct search *search, uint64_t address) {
    uint64_t place = image_place(search->marking->image, address);
    if (place == UINT64_MAX || !bitmap_test(search->objects, place) ||
        bitmap_test(search->reachable, place) || mark_address(search->marking, place) != address)
        return;
    if (!vec_push(&search->targets, ((struct target){.address = address})))
        search->out_of_memory = true;
}

static void consider_references(struct decode *decode) {
    struct search *search = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++)
        consider(search, decode->references[i].target);
    decode->reference_count = 0;
}

/* Sorts, and drops what is there twice (of equals the decided one is kept). */
static void tidy_targets(struct search *search) {
    struct target *items = search->targets.items;
    size_t kept = 0;
    if (search->targets.count)
        qsort(items, search->targets.count, sizeof *items, compare_targets);
    for (size_t i = 0; i < search->targets.count; i++) {
        if (kept && items[kept - 1].address == items[i].address)
            items[kept - 1].decided |= items[i].decided;
        else
            items[kept++] = items[i];
    }
    search->targets.count = kept;
}

/* ---- how many references they have ----------------------------------------------------------- */

static void count_references(struct decode *decode) {
    struct search *search = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        struct target *target = reference->properties & REFERENCE_COUNTED
                                    ? find_target(search, reference->target)
                                    : NULL;
        if (target && !target->decided)
            target->found++;
    }
    decode->reference_count = 0;
}

/* Every counted reference to a target comes from an object that was not reached exactly: the targets
 * would have been reached otherwise. */
static void count_from_unreached(struct search *search, const struct bitmap *reached_exactly) {
    struct marking *marking = search->marking;
    search->decode.flush = count_references;
    for (size_t i = 0; i < search->objects->word_count; i++) {
        uint64_t bits = search->objects->words[i] & ~reached_exactly->words[i];
        for (; bits; bits &= bits - 1) {
            uint64_t place = ((uint64_t)i << 6 | (uint64_t)__builtin_ctzll(bits)) << GRANULE_SHIFT;
            uint64_t address = mark_address(marking, place);
            struct object object;
            const char *why = NULL;
            if (address != marking->weak_dict &&
                object_view(&search->decode, address, &object, &why))
                object_references(&search->decode, &object);
            count_references(&search->decode);
        }
    }
}

static bool has_hidden(struct search *search, const struct target *target) {
    struct object object;
    const char *why = NULL;
    bool immortal = false;
    if (!object_view(&search->decode, target->address, &object, &why))
        return false;
    uint64_t refcount = object_refcount(search->marking->layout, &object, &immortal);
    return immortal || refcount > target->found;
}

/* ---- rounds ------------------------------------------------------------------------------------ */

/* One round: decides on the targets that are new. *more tells whether anything was marked. */
static struct err *mark_round(struct search *search, const struct bitmap *reached_exactly,
                              struct bitmap *reachable, bool *more) {
    for (size_t i = 0; i < search->marking->guessed.count; i++)
        consider(search, search->marking->guessed.items[i]);
    search->marking->guessed.count = 0;
    tidy_targets(search);
    bool undecided = false;
    vec_each(target, &search->targets)
        undecided |= !target->decided;
    *more = undecided;
    if (!undecided || search->out_of_memory)
        return NULL;
    count_from_unreached(search, reached_exactly);
    struct vec(uint64_t) seeds = {0};
    vec_each(target, &search->targets) {
        if (!target->decided && has_hidden(search, target) && !vec_push(&seeds, target->address))
            search->out_of_memory = true;
        target->decided = true;
    }
    struct mark_seeds from = {seeds.items, seeds.count};
    struct err *err = mark_from(search->marking, &from, reachable, search->objects);
    vec_free(&seeds);
    return err;
}

struct err *guessed_roots_mark(struct marking *marking, const struct runtime *runtime,
                               const struct bitmap *objects, struct bitmap *reachable) {
    struct search *search = calloc(1, sizeof *search);
    struct bitmap reached_exactly = {calloc(reachable->word_count, sizeof(uint64_t)),
                                     reachable->word_count};
    if (!search || !reached_exactly.words) {
        free(search);
        bitmap_free(&reached_exactly);
        return err_no_memory();
    }
    memcpy(reached_exactly.words, reachable->words, reachable->word_count * sizeof(uint64_t));
    search->marking = marking;
    search->objects = objects;
    search->reachable = reachable;
    search->decode = (struct decode){.image = marking->image,
                                     .layout = marking->layout,
                                     .types = marking->types,
                                     .damage = &search->ignored,
                                     .references = search->references,
                                     .reference_capacity = REFERENCES,
                                     .flush = consider_references,
                                     .context = search};
    roots_guessed(&search->decode, runtime);
    consider_references(&search->decode);
    struct err *err = NULL;
    bool more = true;
    for (int round = 0; !err && more && round < MAX_ROUNDS; round++)
        err = mark_round(search, &reached_exactly, reachable, &more);
    if (!err && search->out_of_memory)
        err = err_no_memory();
    vec_free(&search->targets);
    free(search);
    bitmap_free(&reached_exactly);
    return err;
}
