#include "introspect/analyses/survivors.h"

#include "introspect/analyses/same_objects.h"

#include <stdlib.h>

enum { SAMPLES = 1 << 12, LEAST_SHARE = 8 };

static bool mostly_found(const struct moment *moment, const struct moment *other) {
    uint32_t count = heap_count(moment->heap), asked = 0, found = 0;
    uint32_t step = count > SAMPLES ? count / SAMPLES : 1;
    for (uint32_t id = 0; id < count; id += step) {
        if (heap_flags(moment->heap, id) & OBJECT_STATIC)
            continue;
        asked++;
        found += moment_find(moment, id, other) != HEAP_NONE;
    }
    return found * LEAST_SHARE >= asked;
}

bool heaps_share_addresses(const struct heap *one, const struct heap *other) {
    struct moment first = {0}, second = {0};
    struct err *err = moment_open(&first, one);
    if (!err)
        err = moment_open(&second, other);
    bool share = err || mostly_found(&first, &second); /* without memory nobody is accused */
    err_free(err);
    moment_close(&first);
    moment_close(&second);
    return share;
}

/* ---- sets ------------------------------------------------------------------------------------ */

struct err *object_set_open(struct object_set *set, const struct heap *heap) {
    *set = (struct object_set){.heap = heap, .has = calloc((size_t)heap_count(heap) + 1, 1)};
    return set->has ? NULL : err_no_memory();
}

void object_set_free(struct object_set *set) {
    free(set->has);
    *set = (struct object_set){0};
}

void object_set_add(struct object_set *set, uint32_t id) {
    set->has[id] = 1;
    set->count++;
    set->footprint += heap_footprint(set->heap, id);
}

/* What a thread finds: it shares the array with others, but has its own sums. */
static struct object_set share_of(const struct object_set *set) {
    return (struct object_set){.heap = set->heap, .has = set->has};
}

static void add_sums(struct object_set *set, const struct object_set *share) {
    __atomic_fetch_add(&set->count, share->count, __ATOMIC_RELAXED);
    __atomic_fetch_add(&set->footprint, share->footprint, __ATOMIC_RELAXED);
    __atomic_fetch_add(&set->unproven, share->unproven, __ATOMIC_RELAXED);
}

/* Fills in a set of the later one's objects. */
static struct err *fill_set(struct comparison *comparison, compare_part *part, void *context,
                            const volatile int *cancel, struct object_set *set) {
    TRY(object_set_open(set, comparison->now.heap));
    return comparison_run(comparison, part, context, cancel);
}

struct search {
    const struct comparison *comparison;
    const struct moment *first; /* for survivors: has none of them */
    struct object_set *set;
};

static void add_missing(void *context, struct prover *prover, uint32_t first, uint32_t last) {
    const struct search *search = context;
    const struct comparison *comparison = search->comparison;
    struct object_set share = share_of(search->set);
    (void)prover;
    for (uint32_t id = first; id < last; id++) {
        if (moment_find(&comparison->now, id, &comparison->before) == HEAP_NONE)
            object_set_add(&share, id);
    }
    add_sums(search->set, &share);
}

struct err *objects_missing_in(const struct heap *heap, const struct heap *other,
                               const volatile int *cancel, struct object_set *ret) {
    struct comparison comparison = {0};
    struct search search = {&comparison, NULL, ret};
    *ret = (struct object_set){0};
    struct err *err = comparison_open(&comparison, heap, other);
    if (!err)
        err = fill_set(&comparison, add_missing, &search, cancel, ret);
    comparison_close(&comparison);
    if (err)
        object_set_free(ret);
    return err;
}

static void add_survivors(void *context, struct prover *prover, uint32_t first, uint32_t last) {
    const struct search *search = context;
    const struct comparison *comparison = search->comparison;
    struct object_set share = share_of(search->set);
    for (uint32_t id = first; id < last; id++) {
        if (moment_find(&comparison->now, id, search->first) != HEAP_NONE)
            continue;
        uint32_t before = moment_find(&comparison->now, id, &comparison->before);
        enum proof proof = before == HEAP_NONE ? PROOF_DIFFERENT : prove_same(prover, id, before);
        if (proof == PROOF_DIFFERENT)
            continue;
        object_set_add(&share, id);
        share.unproven += proof == PROOF_NONE;
    }
    add_sums(search->set, &share);
}

struct err *survivors_find(const struct heap *first, const struct heap *middle,
                           const struct heap *last, const volatile int *cancel,
                           struct object_set *ret) {
    struct comparison comparison = {0};
    struct moment begin = {0};
    struct search search = {&comparison, &begin, ret};
    *ret = (struct object_set){0};
    struct err *err = comparison_open(&comparison, last, middle);
    if (!err)
        err = moment_open(&begin, first);
    if (!err)
        err = fill_set(&comparison, add_survivors, &search, cancel, ret);
    comparison_close(&comparison);
    moment_close(&begin);
    if (err)
        object_set_free(ret);
    return err;
}
