#include "introspect/analyses/same_objects.h"

#include "base/cancel.h"
#include "base/gauge.h"
#include "base/strbuf.h"
#include "introspect/heap/parallel.h"

#include <stdlib.h>
#include <string.h>

enum { GRAIN = 1 << 14 };

/* ---- by address, type and size --------------------------------------------------------------- */

struct err *moment_open(struct moment *moment, const struct heap *heap) {
    uint64_t *keys = calloc((size_t)heap_type_count(heap) + 1, sizeof *keys);
    *moment = (struct moment){heap, keys};
    for (uint32_t i = 0; keys && i < heap_type_count(heap); i++) {
        keys[i] = 14695981039346656037u; /* FNV-1a */
        for (const char *at = heap_type_by_id(heap, i)->name; *at; at++)
            keys[i] = (keys[i] ^ (unsigned char)*at) * 1099511628211u;
    }
    return keys ? NULL : err_no_memory();
}

void moment_close(struct moment *moment) {
    free(moment->types);
    *moment = (struct moment){0};
}

static bool size_may_change(const struct type *type) {
    return !type->plain_size && !type->owns_nothing;
}

uint32_t moment_find(const struct moment *moment, uint32_t id, const struct moment *other) {
    uint32_t found = heap_find(other->heap, heap_address(moment->heap, id));
    if (found == HEAP_NONE)
        return HEAP_NONE;
    const struct type *type = heap_type(moment->heap, id);
    if (moment->types[type->id] != other->types[heap_type(other->heap, found)->id])
        return HEAP_NONE;
    bool same =
        size_may_change(type) || heap_size(moment->heap, id) == heap_size(other->heap, found);
    return same ? found : HEAP_NONE;
}

/* ---- what is known --------------------------------------------------------------------------- */

enum {
    LEVELS = 3,           /* an instance, its __dict__, a list there, what is in it */
    MOST_REFERENCES = 32, /* of an object that are looked at */
    MOST_PARTS = 8,       /* of those that are compared */
    FEW_HOLDERS = 2,      /* references to what is an object's own */
    PROOF_BITS = 2,       /* for each number of levels */
};

struct prover {
    struct comparison *comparison;
    const volatile int *cancel;
    compare_part *part;
    void *context;
    struct strbuf value, other_value;
};

/* With more levels of parts to look at, PROOF_NONE may become one of the others, which stay what they are. */
struct verdict {
    enum proof proof;
    unsigned levels; /* the fewest that it is known to hold with; of PROOF_NONE: the most */
};

/* What is known with so many levels, 0 .. LEVELS; threads that find out the same at once agree. */
static enum proof known_with(const struct prover *prover, uint32_t id, unsigned levels) {
    unsigned known = __atomic_load_n(&prover->comparison->known[id], __ATOMIC_RELAXED);
    return known >> PROOF_BITS * levels & ((1 << PROOF_BITS) - 1);
}

static void note(struct prover *prover, uint32_t id, struct verdict verdict) {
    bool settled = verdict.proof != PROOF_NONE;
    unsigned first = settled ? verdict.levels : 0, last = settled ? LEVELS : verdict.levels;
    unsigned known = 0;
    for (unsigned i = first; i <= last; i++)
        known |= (unsigned)verdict.proof << PROOF_BITS * i;
    __atomic_fetch_or(&prover->comparison->known[id], (uint8_t)known, __ATOMIC_RELAXED);
}

/* False if nothing is known yet. */
static bool recall(const struct prover *prover, uint32_t id, unsigned levels,
                   struct verdict *verdict) {
    enum proof proof = known_with(prover, id, levels);
    if (proof == PROOF_NONE) {
        while (levels < LEVELS && known_with(prover, id, levels + 1) == proof)
            levels++;
    } else {
        while (levels && known_with(prover, id, levels - 1) == proof)
            levels--;
    }
    *verdict = (struct verdict){proof, levels};
    return proof;
}

/* ---- proofs ---------------------------------------------------------------------------------- */

/* The first references that an object holds others by. */
struct parts {
    uint64_t targets[MOST_REFERENCES];
    size_t count;
};

static void note_target(void *context, const struct reference *reference) {
    struct parts *parts = context;
    if (parts->count < MOST_REFERENCES && reference->label != LABEL_TYPE &&
        reference->properties & REFERENCE_RETAINS && !(reference->properties & REFERENCE_GUESSED))
        parts->targets[parts->count++] = reference->target;
}

/* The object there if hardly anybody else holds it, else HEAP_NONE. */
static uint32_t own_part(const struct heap *heap, uint64_t target) {
    uint32_t id = heap_find(heap, target);
    bool own = id != HEAP_NONE && !(heap_flags(heap, id) & (OBJECT_IMMORTAL | OBJECT_STATIC)) &&
               heap_refcount(heap, id) <= FEW_HOLDERS;
    return own ? id : HEAP_NONE;
}

static bool has_own_parts(const struct heap *heap, const struct parts *parts) {
    for (size_t i = 0; i < parts->count; i++) {
        if (own_part(heap, parts->targets[i]) != HEAP_NONE)
            return true;
    }
    return false;
}

/* Mostly the references are in the same order. */
static bool has_target(const struct parts *parts, uint64_t target, size_t likely) {
    if (likely < parts->count && parts->targets[likely] == target)
        return true;
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->targets[i] == target)
            return true;
    }
    return false;
}

/* A value that must not be seen is shown as a number of its own in each heap: "[#12]". */
static bool is_hidden(const struct strbuf *value) {
    return !strncmp(strbuf_text(value), "[#", 2);
}

static enum proof prove_value(struct prover *prover, uint32_t id, uint32_t before) {
    const struct heap *now = prover->comparison->now.heap, *then = prover->comparison->before.heap;
    if (heap_previews_match(now, id, then, before))
        return PROOF_SAME;
    strbuf_clear(&prover->value);
    strbuf_clear(&prover->other_value);
    heap_preview(now, id, &prover->value);
    heap_preview(then, before, &prover->other_value);
    if (is_hidden(&prover->value) || is_hidden(&prover->other_value))
        return PROOF_NONE;
    if (strcmp(strbuf_text(&prover->value), strbuf_text(&prover->other_value)) != 0)
        return PROOF_DIFFERENT;
    return prover->value.length ? PROOF_SAME : PROOF_NONE;
}

static struct verdict prove(struct prover *prover, uint32_t id, uint32_t before, unsigned levels);

/* It is the same if a part of it is. Without parts of its own nothing can be said. */
static struct verdict prove_parts(struct prover *prover, uint32_t id, uint32_t before,
                                  unsigned levels) {
    const struct moment *now = &prover->comparison->now, *then = &prover->comparison->before;
    struct parts parts, old;
    parts.count = old.count = 0;
    heap_references(now->heap, id, note_target, &parts);
    heap_references(then->heap, before, note_target, &old);
    unsigned settled = 1, open = LEVELS;
    bool all_differ = true;
    size_t own = 0;
    for (size_t i = 0; i < parts.count && own < MOST_PARTS; i++) {
        uint32_t part_id = own_part(now->heap, parts.targets[i]);
        if (part_id == HEAP_NONE)
            continue;
        own++;
        if (!has_target(&old, parts.targets[i], i))
            continue;
        uint32_t same = moment_find(now, part_id, then);
        if (same == HEAP_NONE || own_part(then->heap, parts.targets[i]) == HEAP_NONE)
            continue;
        struct verdict part = prove(prover, part_id, same, levels - 1);
        if (part.proof == PROOF_SAME)
            return (struct verdict){PROOF_SAME, part.levels + 1};
        all_differ &= part.proof == PROOF_DIFFERENT;
        if (part.proof == PROOF_NONE && part.levels + 1 < open)
            open = part.levels + 1;
        if (part.proof == PROOF_DIFFERENT && part.levels + 1 > settled)
            settled = part.levels + 1;
    }
    if (!own && !has_own_parts(then->heap, &old))
        return (struct verdict){PROOF_NONE, LEVELS};
    return all_differ ? (struct verdict){PROOF_DIFFERENT, settled}
                      : (struct verdict){PROOF_NONE, open};
}

static struct verdict prove(struct prover *prover, uint32_t id, uint32_t before, unsigned levels) {
    struct verdict verdict;
    if (recall(prover, id, levels, &verdict))
        return verdict;
    if (heap_type(prover->comparison->now.heap, id)->owns_nothing) {
        enum proof proof = prove_value(prover, id, before);
        verdict = (struct verdict){proof, proof == PROOF_NONE ? LEVELS : 0};
    } else if (levels) {
        verdict = prove_parts(prover, id, before, levels);
    } else {
        return (struct verdict){PROOF_NONE, 0};
    }
    note(prover, id, verdict);
    return verdict;
}

enum proof prove_same(struct prover *prover, uint32_t id, uint32_t before) {
    if (heap_flags(prover->comparison->before.heap, before) & (OBJECT_IMMORTAL | OBJECT_STATIC))
        return PROOF_SAME; /* never freed */
    return prove(prover, id, before, LEVELS).proof;
}

/* ---- all objects ----------------------------------------------------------------------------- */

struct err *comparison_open(struct comparison *comparison, const struct heap *now,
                            const struct heap *before) {
    *comparison = (struct comparison){.known = calloc((size_t)heap_count(now) + 1, 1)};
    struct err *err = comparison->known ? NULL : err_no_memory();
    if (!err)
        err = moment_open(&comparison->now, now);
    if (!err)
        err = moment_open(&comparison->before, before);
    if (err)
        comparison_close(comparison);
    return err;
}

void comparison_close(struct comparison *comparison) {
    moment_close(&comparison->now);
    moment_close(&comparison->before);
    free(comparison->known);
    *comparison = (struct comparison){0};
}

static void run_part(void *context, size_t first, size_t last) {
    struct prover *prover = context;
    if (!cancel_asked(prover->cancel))
        prover->part(prover->context, prover, (uint32_t)first, (uint32_t)last);
    gauge_add(last - first);
}

struct err *comparison_run(struct comparison *comparison, compare_part *part, void *context,
                           const volatile int *cancel) {
    struct prover provers[PARALLEL_MAX] = {0};
    void *contexts[PARALLEL_MAX];
    bool failed = false;
    unsigned threads = parallel_threads(0);
    for (unsigned i = 0; i < threads; i++) {
        provers[i] = (struct prover){comparison, cancel, part, context, {0}, {0}};
        contexts[i] = &provers[i];
    }
    gauge_part(0, 100, heap_count(comparison->now.heap));
    parallel_for(heap_count(comparison->now.heap), GRAIN, threads, run_part, contexts);
    for (unsigned i = 0; i < threads; i++) {
        failed |= provers[i].value.failed || provers[i].other_value.failed;
        strbuf_free(&provers[i].value);
        strbuf_free(&provers[i].other_value);
    }
    TRY(cancel_check(cancel));
    return failed ? err_no_memory() : NULL;
}
