#include "introspect/analyses/survivors.h"

#include "base/cancel.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1 << 12, LEAST_SHARE = 8, POLL_EVERY = 1 << 14 };

/* ---- the same object at another moment ------------------------------------------------------- */

/* The types of one heap in terms of another's: those of one name are one. */
static uint64_t *name_keys(const struct heap *heap) {
    uint64_t *keys = calloc((size_t)heap_type_count(heap) + 1, sizeof *keys);
    for (uint32_t i = 0; keys && i < heap_type_count(heap); i++) {
        keys[i] = 14695981039346656037u; /* FNV-1a */
        for (const char *at = heap_type_by_id(heap, i)->name; *at; at++)
            keys[i] = (keys[i] ^ (unsigned char)*at) * 1099511628211u;
    }
    return keys;
}

struct moment {
    const struct heap *heap;
    uint64_t *types; /* by type id */
};

static struct err *moment_open(struct moment *moment, const struct heap *heap) {
    *moment = (struct moment){heap, name_keys(heap)};
    return moment->types ? NULL : err_no_memory();
}

static bool size_may_change(const struct type *type) {
    return !type->plain_size && !type->owns_nothing;
}

/* The object of `other` at the address, if it can be the same. HEAP_NONE. */
static uint32_t find_same(const struct moment *moment, uint32_t id, const struct moment *other) {
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

bool heaps_share_addresses(const struct heap *one, const struct heap *other) {
    struct moment first = {one, name_keys(one)}, second = {other, name_keys(other)};
    uint32_t count = heap_count(one), asked = 0, found = 0;
    uint32_t step = count > SAMPLES ? count / SAMPLES : 1;
    for (uint32_t id = 0; first.types && second.types && id < count; id += step) {
        if (heap_flags(one, id) & OBJECT_STATIC)
            continue;
        asked++;
        found += find_same(&first, id, &second) != HEAP_NONE;
    }
    free(first.types);
    free(second.types);
    return found * LEAST_SHARE >= asked;
}

/* ---- sets ------------------------------------------------------------------------------------ */

static struct err *set_open(struct object_set *set, const struct heap *heap) {
    *set = (struct object_set){.heap = heap, .has = calloc((size_t)heap_count(heap) + 1, 1)};
    return set->has ? NULL : err_no_memory();
}

void object_set_free(struct object_set *set) {
    free(set->has);
    *set = (struct object_set){0};
}

static void set_add(struct object_set *set, uint32_t id) {
    set->has[id] = 1;
    set->count++;
    set->footprint += heap_footprint(set->heap, id);
}

static struct err *find_missing(const struct moment *moment, const struct moment *other,
                                const volatile int *cancel, struct object_set *ret) {
    TRY(set_open(ret, moment->heap));
    for (uint32_t id = 0; id < heap_count(moment->heap); id++) {
        if (id % POLL_EVERY == 0)
            TRY(cancel_check(cancel));
        if (find_same(moment, id, other) == HEAP_NONE)
            set_add(ret, id);
    }
    return NULL;
}

struct err *objects_missing_in(const struct heap *heap, const struct heap *other,
                               const volatile int *cancel, struct object_set *ret) {
    struct moment here = {0}, there = {0};
    *ret = (struct object_set){0};
    struct err *err = moment_open(&here, heap);
    if (!err)
        err = moment_open(&there, other);
    if (!err)
        err = find_missing(&here, &there, cancel, ret);
    free(here.types);
    free(there.types);
    if (err)
        object_set_free(ret);
    return err;
}

/* ---- survivors ------------------------------------------------------------------------------- */

enum proof { DIFFERENT, SAME, UNPROVEN };

enum {
    DEEPEST = 3,     /* an instance, its __dict__, a list there, what is in it */
    MOST_PARTS = 8,  /* that are compared of an object */
    FEW_HOLDERS = 2, /* references to what is an object's own */
};

struct prover {
    struct moment first, middle, last;
    struct strbuf value, other_value;
};

/* What an object refers to, and hardly anybody else. */
struct parts {
    const struct heap *heap;
    uint32_t ids[MOST_PARTS];
    size_t count;
};

static void note_part(void *context, const struct reference *reference) {
    struct parts *parts = context;
    if (parts->count == MOST_PARTS || reference->label == LABEL_TYPE ||
        !(reference->properties & REFERENCE_RETAINS) || reference->properties & REFERENCE_GUESSED)
        return;
    uint32_t id = heap_find(parts->heap, reference->target);
    if (id != HEAP_NONE && !(heap_flags(parts->heap, id) & (OBJECT_IMMORTAL | OBJECT_STATIC)) &&
        heap_refcount(parts->heap, id) <= FEW_HOLDERS)
        parts->ids[parts->count++] = id;
}

/* A value that must not be seen is shown as a number of its own in each heap: "[#12]". */
static bool is_hidden(const struct strbuf *value) {
    return !strncmp(strbuf_text(value), "[#", 2);
}

static enum proof prove_value(struct prover *prover, uint32_t id, uint32_t before) {
    strbuf_clear(&prover->value);
    strbuf_clear(&prover->other_value);
    heap_preview(prover->last.heap, id, &prover->value);
    heap_preview(prover->middle.heap, before, &prover->other_value);
    if (is_hidden(&prover->value) || is_hidden(&prover->other_value))
        return UNPROVEN;
    if (strcmp(strbuf_text(&prover->value), strbuf_text(&prover->other_value)) != 0)
        return DIFFERENT;
    return prover->value.length ? SAME : UNPROVEN;
}

/* Whether an object is the one that was at its address before: it is if a part of it is. Without parts of its
 * own nothing can be said. */
static enum proof prove(struct prover *prover, uint32_t id, uint32_t before, unsigned depth) {
    struct parts parts = {.heap = prover->last.heap}, old = {.heap = prover->middle.heap};
    if (heap_type(prover->last.heap, id)->owns_nothing)
        return prove_value(prover, id, before);
    if (depth == DEEPEST)
        return UNPROVEN;
    heap_references(prover->last.heap, id, note_part, &parts);
    heap_references(prover->middle.heap, before, note_part, &old);
    enum proof proof = parts.count || old.count ? DIFFERENT : UNPROVEN;
    for (size_t i = 0; i < parts.count; i++) {
        uint32_t same = find_same(&prover->last, parts.ids[i], &prover->middle);
        for (size_t j = 0; j < old.count && same != HEAP_NONE; j++) {
            if (old.ids[j] != same)
                continue;
            enum proof part = prove(prover, parts.ids[i], same, depth + 1);
            if (part == SAME)
                return SAME;
            if (part == UNPROVEN)
                proof = UNPROVEN;
        }
    }
    return proof;
}

static struct err *find_survivors(struct prover *prover, const volatile int *cancel,
                                  struct object_set *ret) {
    TRY(set_open(ret, prover->last.heap));
    for (uint32_t id = 0; id < heap_count(prover->last.heap); id++) {
        if (id % POLL_EVERY == 0)
            TRY(cancel_check(cancel));
        if (find_same(&prover->last, id, &prover->first) != HEAP_NONE)
            continue;
        uint32_t before = find_same(&prover->last, id, &prover->middle);
        if (before == HEAP_NONE)
            continue;
        enum proof proof = prove(prover, id, before, 0);
        if (proof == DIFFERENT)
            continue;
        set_add(ret, id);
        ret->unproven += proof == UNPROVEN;
    }
    bool failed = prover->value.failed || prover->other_value.failed;
    return failed ? err_no_memory() : NULL;
}

struct err *survivors_find(const struct heap *first, const struct heap *middle,
                           const struct heap *last, const volatile int *cancel,
                           struct object_set *ret) {
    struct prover prover = {0};
    *ret = (struct object_set){0};
    struct err *err = moment_open(&prover.first, first);
    if (!err)
        err = moment_open(&prover.middle, middle);
    if (!err)
        err = moment_open(&prover.last, last);
    if (!err)
        err = find_survivors(&prover, cancel, ret);
    free(prover.first.types);
    free(prover.middle.types);
    free(prover.last.types);
    strbuf_free(&prover.value);
    strbuf_free(&prover.other_value);
    if (err)
        object_set_free(ret);
    return err;
}
