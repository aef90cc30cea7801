#include "introspect/analyses/type_holders.h"

#include "base/cancel.h"
#include "introspect/analyses/path_classes.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 10, POLL_EVERY = 1 << 14 };

/* Objects of a type that share a path. */
struct pair {
    uint64_t count; /* 0: the slot is free */
    uint32_t type, class;
};

struct finder {
    const struct graph *graph;
    struct path_classes *classes;
    struct pair *pairs; /* a hash table with open addressing */
    size_t slots, used;
    uint32_t *best; /* by type id: the class that most have */
    struct type_holders *ret;
};

/* ---- counting -------------------------------------------------------------------------------- */

/* That of a type and a class, or the free one where it belongs. */
static struct pair *find_pair(struct pair *pairs, size_t slots, uint32_t type, uint32_t class) {
    uint64_t hash = ((uint64_t)type << 32 | class) * 0x9e3779b97f4a7c15u;
    size_t slot = hash >> 32 & (slots - 1);
    while (pairs[slot].count && (pairs[slot].type != type || pairs[slot].class != class))
        slot = (slot + 1) & (slots - 1);
    return &pairs[slot];
}

static struct err *widen(struct finder *finder) {
    size_t slots = finder->slots ? finder->slots * 2 : FIRST_SLOTS;
    struct pair *pairs = calloc(slots, sizeof *pairs);
    if (!pairs)
        return err_no_memory();
    for (size_t i = 0; i < finder->slots; i++) {
        const struct pair *pair = &finder->pairs[i];
        if (pair->count)
            *find_pair(pairs, slots, pair->type, pair->class) = *pair;
    }
    free(finder->pairs);
    finder->pairs = pairs;
    finder->slots = slots;
    return NULL;
}

static struct err *count(struct finder *finder, const volatile int *cancel) {
    TRY(widen(finder));
    for (uint32_t id = 0; id < finder->graph->object_count; id++) {
        if (id % POLL_EVERY == 0)
            TRY(cancel_check(cancel));
        uint32_t class = path_class_trunk(finder->classes, path_class_of(finder->classes, id));
        if (class == PATH_CLASS_NONE)
            continue;
        uint32_t type = heap_type(finder->graph->heap, id)->id;
        struct pair *pair = find_pair(finder->pairs, finder->slots, type, class);
        if (!pair->count) {
            *pair = (struct pair){0, type, class};
            finder->used++;
        }
        pair->count++;
        if (finder->used > finder->slots / 2)
            TRY(widen(finder));
    }
    return path_classes_error(finder->classes);
}

/* ---- the most -------------------------------------------------------------------------------- */

/* Whether a path comes before that found for the type so far, being of as many objects. */
static struct err *is_first(struct finder *finder, const struct pair *pair, bool *ret) {
    char *text = path_class_trunk_text(finder->classes, pair->class);
    char *other = path_class_trunk_text(finder->classes, finder->best[pair->type]);
    bool fine = text && other;
    *ret = fine && strcmp(text, other) < 0;
    free(text);
    free(other);
    return fine ? NULL : err_no_memory();
}

static struct err *choose(struct finder *finder) {
    for (size_t i = 0; i < finder->slots; i++) {
        const struct pair *pair = &finder->pairs[i];
        struct type_holder *holder = &finder->ret->of[pair->type];
        bool first = pair->count > holder->objects;
        if (pair->count && pair->count == holder->objects)
            TRY(is_first(finder, pair, &first));
        if (!first)
            continue;
        holder->objects = pair->count;
        finder->best[pair->type] = pair->class;
    }
    return NULL;
}

static struct err *add_texts(struct finder *finder) {
    struct type_holders *ret = finder->ret;
    for (size_t type = 0; type < ret->type_count; type++) {
        if (!ret->of[type].objects)
            continue;
        char *text = path_class_trunk_text(finder->classes, finder->best[type]);
        ret->of[type].path = text ? arena_strdup(&ret->texts, text) : NULL;
        free(text);
        if (!ret->of[type].path)
            return err_no_memory();
    }
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct err *find(struct finder *finder, const volatile int *cancel) {
    if (!finder->ret->of || !finder->best)
        return err_no_memory();
    TRY(path_classes_create(finder->graph, NULL, cancel, &finder->classes));
    TRY(count(finder, cancel));
    TRY(choose(finder));
    return add_texts(finder);
}

struct err *type_holders_find(const struct graph *graph, const volatile int *cancel,
                              struct type_holders *ret) {
    size_t types = heap_type_count(graph->heap);
    *ret = (struct type_holders){.of = calloc(types + 1, sizeof *ret->of), .type_count = types};
    struct finder finder = {
        .graph = graph, .best = calloc(types + 1, sizeof *finder.best), .ret = ret};
    struct err *err = find(&finder, cancel);
    path_classes_destroy(finder.classes);
    free(finder.pairs);
    free(finder.best);
    if (err)
        type_holders_free(ret);
    return err;
}

void type_holders_free(struct type_holders *holders) {
    free(holders->of);
    arena_clear(&holders->texts);
    *holders = (struct type_holders){0};
}
