#include "introspect/heap/guessed_roots.h"

#include "base/cancel.h"
#include "introspect/runtime/roots.h"

#include <stdlib.h>

enum { REFERENCES = 2048 };

/* An object that some guess points to, and no exact reference reaches. */
struct target {
    uint64_t address;
    uint64_t refcount; /* UINT64_MAX: immortal */
    uint64_t found;    /* counted references from objects that are not reached (yet) */
    bool pointed;      /* by a guess from outside, or from an object that is reached */
    uint64_t owner;    /* of that guess; 0: a root */
};

struct search {
    struct marking *marking;
    const struct bitmap *objects;
    struct bitmap *reachable;
    struct decode decode;
    struct damage_list ignored; /* told already when the objects were first met */
    struct reference references[REFERENCES];
    struct vec(struct target) targets; /* sorted by address, each once */
    struct vec(uint64_t) waiting;      /* reached, but not what they refer to */
    uint64_t reached;                  /* the one whose references are looked at */
    bool out_of_memory;
};

static int compare_targets(const void *a, const void *b) {
    uint64_t left = ((const struct target *)a)->address,
             right = ((const struct target *)b)->address;
    return left < right ? -1 : left > right;
}

/* Of the guesses of one target those of objects come first, which tell more than a word on a stack. */
static int compare_guesses(const void *a, const void *b) {
    const struct target *left = a, *right = b;
    if (left->address != right->address || left->pointed != right->pointed)
        return left->address != right->address ? compare_targets(a, b)
                                               : right->pointed - left->pointed;
    return left->owner - 1 < right->owner - 1 ? -1 : left->owner != right->owner;
}

static struct target *find_target(struct search *search, uint64_t address) {
    struct target key = {.address = address};
    return search->targets.count ? bsearch(&key, search->targets.items, search->targets.count,
                                           sizeof key, compare_targets)
                                 : NULL;
}

/* The place of an object that is not reached; UINT64_MAX if the address is no such. */
static uint64_t unreached_place(const struct search *search, uint64_t address) {
    uint64_t place = image_place(search->marking->allocators.image, address);
    return place != UINT64_MAX && bitmap_test(search->objects, place) &&
                   !bitmap_test(search->reachable, place) &&
                   mark_address(search->marking, place) == address
               ? place
               : UINT64_MAX;
}

/* Decodes what an object refers to; decode->flush takes it. */
static void follow(struct search *search, uint64_t address) {
    struct object object;
    const char *why = NULL;
    if (!interned_is(&search->marking->interned, address) &&
        object_view(&search->decode, address, &object, &why))
        object_references(&search->decode, &object);
    search->decode.flush(&search->decode);
}

static void follow_unreached(struct search *search, void (*flush)(struct decode *decode)) {
    search->decode.flush = flush;
    for (size_t i = 0; i < search->objects->word_count; i++) {
        uint64_t bits = search->objects->words[i] & ~search->reachable->words[i];
        if (bits && cancel_asked(search->marking->cancel))
            return;
        for (; bits; bits &= bits - 1) {
            uint64_t place = bitmap_place(i, (unsigned)__builtin_ctzll(bits));
            follow(search, mark_address(search->marking, place));
        }
    }
}

/* ---- which objects the guesses point to ------------------------------------------------------ */

static void consider(struct search *search, uint64_t address, bool pointed, uint64_t owner) {
    struct target target = {.address = address, .pointed = pointed, .owner = owner};
    if (unreached_place(search, address) != UINT64_MAX && !vec_push(&search->targets, target))
        search->out_of_memory = true;
}

static void consider_root(void *context, const struct root *root) {
    consider(context, root->reference.target, true, 0);
}

/* Guesses of objects that are not reached: they count once their owner is. */
static void consider_references(struct decode *decode) {
    struct search *search = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        if (decode->references[i].properties & REFERENCE_GUESSED)
            consider(search, decode->references[i].target, false, 0);
    }
    decode->reference_count = 0;
}

static uint64_t refcount_of(struct search *search, uint64_t address) {
    struct object object;
    const char *why = NULL;
    bool immortal = false;
    if (!object_view(&search->decode, address, &object, &why))
        return 0;
    uint64_t refcount = object_refcount(search->marking->allocators.layout, &object, &immortal);
    bool by_definition = image_module_at(search->marking->allocators.image, address) != NULL;
    return immortal ? UINT64_MAX : refcount - (by_definition && refcount);
}

/* A block of some C code's own. */
static void consider_block(void *context, uint64_t block, uint64_t size) {
    struct search *search = context;
    const uint8_t *bytes = image_pin(search->marking->allocators.image, block, size);
    for (uint64_t at = 0; bytes && at + 8 <= size; at += 8)
        consider(search, load_u64(bytes + at), true, 0);
}

static void find_targets(struct search *search, const struct runtime *runtime,
                         const struct bitmap *owned) {
    pymalloc_visit_unowned(search->marking->allocators.pymalloc, search->marking->allocators.image,
                           owned, consider_block, search);
    roots_guessed(&search->decode, runtime, consider_root, search);
    vec_each (guess, &search->marking->guessed)
        consider(search, guess->target, true, guess->owner);
    follow_unreached(search, consider_references);
    struct target *items = search->targets.items;
    size_t kept = 0;
    if (search->targets.count)
        qsort(items, search->targets.count, sizeof *items, compare_guesses);
    for (size_t i = 0; i < search->targets.count; i++) {
        if (kept && items[kept - 1].address == items[i].address)
            continue;
        items[kept] = items[i];
        items[kept].refcount = refcount_of(search, items[kept].address);
        kept++;
    }
    search->targets.count = kept;
}

/* ---- how many references they have ----------------------------------------------------------- */

/* Every counted reference to a target comes from an object that is not reached: the target would
 * have been reached otherwise. */
static void count_references(struct decode *decode) {
    struct search *search = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        struct target *target = reference->properties & REFERENCE_COUNTED
                                    ? find_target(search, reference->target)
                                    : NULL;
        if (target)
            target->found++;
    }
    decode->reference_count = 0;
}

/* ---- what they reach ------------------------------------------------------------------------- */

static void reach(struct search *search, uint64_t address) {
    uint64_t place = unreached_place(search, address);
    if (place != UINT64_MAX && bitmap_set(search->reachable, place) &&
        !vec_push(&search->waiting, address))
        search->out_of_memory = true;
}

static void reach_if_held(struct search *search, const struct target *target) {
    if (target->pointed && target->refcount > target->found)
        reach(search, target->address);
}

static void point(struct target *target, uint64_t owner) {
    if (target->pointed)
        return;
    target->pointed = true;
    target->owner = owner;
}

/* References of an object that is reached now. */
static void reach_references(struct decode *decode) {
    struct search *search = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        bool guessed = reference->properties & REFERENCE_GUESSED;
        if (!guessed && reference->properties & REFERENCE_RETAINS)
            reach(search, reference->target);
        struct target *target = find_target(search, reference->target);
        if (!target)
            continue;
        if (guessed)
            point(target, search->reached);
        target->found -= reference->properties & REFERENCE_COUNTED && target->found;
        reach_if_held(search, target);
    }
    decode->reference_count = 0;
}

static void count_as_reachable(struct search *search, uint64_t address) {
    struct object object;
    const char *why = NULL;
    if (object_view(&search->decode, address, &object, &why) &&
        object.type->id < search->marking->sums.count)
        search->marking->sums.items[object.type->id].unreachable--;
}

static void keep_sources(struct search *search) {
    search->marking->guessed.count = 0;
    vec_each (target, &search->targets) {
        struct guess_source source = {target->address, target->owner};
        if (target->pointed && unreached_place(search, target->address) == UINT64_MAX &&
            !vec_push(&search->marking->guessed, source))
            search->out_of_memory = true;
    }
}

struct err *guessed_roots_mark(struct marking *marking, const struct runtime *runtime,
                               const struct bitmap *objects, const struct bitmap *owned,
                               struct bitmap *reachable) {
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return err_no_memory();
    search->marking = marking;
    search->objects = objects;
    search->reachable = reachable;
    search->decode = (struct decode){.image = marking->allocators.image,
                                     .layout = marking->allocators.layout,
                                     .types = marking->types,
                                     .damage = &search->ignored,
                                     .interpreters = marking->interpreters,
                                     .interpreter_count = marking->interpreter_count,
                                     .references = search->references,
                                     .reference_capacity = REFERENCES,
                                     .context = search};
    find_targets(search, runtime, owned);
    follow_unreached(search, count_references);
    search->decode.flush = reach_references;
    vec_each (target, &search->targets)
        reach_if_held(search, target);
    while (search->waiting.count && !cancel_asked(marking->cancel)) {
        uint64_t address = search->waiting.items[--search->waiting.count];
        count_as_reachable(search, address);
        search->reached = address;
        follow(search, address);
    }
    keep_sources(search);
    struct err *err = search->out_of_memory ? err_no_memory() : cancel_check(marking->cancel);
    vec_free(&search->targets);
    vec_free(&search->waiting);
    free(search);
    return err;
}
