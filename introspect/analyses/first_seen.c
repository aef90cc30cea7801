#include "introspect/analyses/first_seen.h"

#include "introspect/analyses/same_objects.h"

#include <stdlib.h>

static uint16_t stored_number(unsigned number) {
    return number < UINT16_MAX ? (uint16_t)number : UINT16_MAX;
}

static struct err *open_for(const struct heap *heap, struct first_seen *seen) {
    size_t room = (size_t)heap_count(heap) + 1;
    *seen = (struct first_seen){
        .of = calloc(room, sizeof *seen->of),
        .unproven = calloc(room, sizeof *seen->unproven),
        .count = heap_count(heap),
    };
    if (seen->of && seen->unproven)
        return NULL;
    first_seen_free(seen);
    return err_no_memory();
}

void first_seen_free(struct first_seen *seen) {
    free(seen->of);
    free(seen->unproven);
    *seen = (struct first_seen){0};
}

struct err *first_seen_start(const struct heap *heap, unsigned number, struct first_seen *ret) {
    TRY(open_for(heap, ret));
    for (uint32_t id = 0; id < ret->count; id++)
        ret->of[id] = stored_number(number);
    return NULL;
}

struct follower {
    const struct comparison *comparison;
    const struct first_seen *previous;
    uint16_t number;
    struct first_seen *seen;
};

static void follow_part(void *context, struct prover *prover, uint32_t first, uint32_t last) {
    const struct follower *follower = context;
    const struct comparison *comparison = follower->comparison;
    struct first_seen *seen = follower->seen;
    uint64_t unproven = 0;
    for (uint32_t id = first; id < last; id++) {
        uint32_t before = moment_find(&comparison->now, id, &comparison->before);
        enum proof proof = before == HEAP_NONE ? PROOF_DIFFERENT : prove_same(prover, id, before);
        seen->of[id] = follower->number;
        if (proof == PROOF_DIFFERENT)
            continue;
        seen->of[id] = follower->previous->of[before];
        seen->unproven[id] = proof == PROOF_NONE || follower->previous->unproven[before];
        unproven += seen->unproven[id];
    }
    __atomic_fetch_add(&seen->unproven_count, unproven, __ATOMIC_RELAXED);
}

struct err *first_seen_follow(const struct heap *previous_heap, const struct first_seen *previous,
                              const struct heap *heap, unsigned number, const volatile int *cancel,
                              struct first_seen *ret) {
    struct comparison comparison = {0};
    struct follower follower = {&comparison, previous, stored_number(number), ret};
    TRY(open_for(heap, ret));
    struct err *err = comparison_open(&comparison, heap, previous_heap);
    if (!err)
        err = comparison_run(&comparison, follow_part, &follower, cancel);
    comparison_close(&comparison);
    if (err)
        first_seen_free(ret);
    return err;
}

struct err *first_seen_between(const struct heap *heap, const struct first_seen *seen,
                               unsigned after, unsigned until, struct object_set *ret) {
    TRY(object_set_open(ret, heap));
    for (uint32_t id = 0; id < seen->count; id++) {
        if (seen->of[id] <= after || seen->of[id] > until)
            continue;
        object_set_add(ret, id);
        ret->unproven += seen->unproven[id];
    }
    return NULL;
}
