#include "introspect/analyses/garbage_shapes.h"

#include "base/cancel.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* ---- which groups look alike ------------------------------------------------------------------ */

#define NO_SHAPE UINT32_MAX

enum { LEAST_SLOTS = 64 };

struct finder {
    const struct garbage *garbage;
    struct garbage_search search;
    struct arena texts;
    struct vec(struct garbage_shape) shapes; /* `first` counts for now: is its index */
    uint32_t *slots;                         /* indices of shapes, by hash; NO_SHAPE: free */
    size_t slot_count;                       /* a power of two */
    uint32_t *shape_of;                      /* by group */
};

static size_t hash_of(const struct garbage_shape *shape) {
    uint64_t hash = shape->gc_objects * 31 + shape->objects;
    for (const char *at = shape->cycle; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    for (const char *at = shape->finalizers; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    return (size_t)(hash ^ hash >> 29);
}

static int compare_looks(const struct garbage_shape *a, const struct garbage_shape *b) {
    if (a->gc_objects != b->gc_objects)
        return a->gc_objects > b->gc_objects ? -1 : 1;
    if (a->objects != b->objects)
        return a->objects > b->objects ? -1 : 1;
    int order = strcmp(a->cycle, b->cycle);
    return order ? order : strcmp(a->finalizers, b->finalizers);
}

/* The slot of a shape that looks so, or the free one where it belongs. */
static uint32_t *slot_of(const struct finder *finder, const struct garbage_shape *shape) {
    for (size_t at = hash_of(shape);; at++) {
        uint32_t *slot = &finder->slots[at & (finder->slot_count - 1)];
        if (*slot == NO_SHAPE || !compare_looks(&finder->shapes.items[*slot], shape))
            return slot;
    }
}

static bool make_room(struct finder *finder) {
    if (finder->slot_count > finder->shapes.count * 2)
        return true;
    size_t count = finder->slot_count ? finder->slot_count * 2 : LEAST_SLOTS;
    uint32_t *slots = malloc(count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0xff, count * sizeof *slots);
    free(finder->slots);
    finder->slots = slots;
    finder->slot_count = count;
    for (size_t i = 0; i < finder->shapes.count; i++)
        *slot_of(finder, &finder->shapes.items[i]) = (uint32_t)i;
    return true;
}

/* `looks` borrows its texts. */
static bool add_group(struct finder *finder, uint32_t group, struct garbage_shape looks) {
    if (!make_room(finder))
        return false;
    uint32_t *slot = slot_of(finder, &looks);
    if (*slot == NO_SHAPE) {
        uint32_t index = (uint32_t)finder->shapes.count;
        looks.cycle = arena_strdup(&finder->texts, looks.cycle);
        looks.finalizers = arena_strdup(&finder->texts, looks.finalizers);
        looks.first = index;
        if (!looks.cycle || !looks.finalizers || !vec_push(&finder->shapes, looks))
            return false;
        *slot = index;
    }
    struct garbage_shape *shape = &finder->shapes.items[*slot];
    shape->group_count++;
    shape->footprint += finder->garbage->groups[group].footprint;
    finder->shape_of[group] = *slot;
    return true;
}

static struct err *look_at_groups(struct finder *finder, const volatile int *cancel) {
    const struct garbage *garbage = finder->garbage;
    struct strbuf cycle = {0}, finalizers = {0};
    bool fine = true;
    for (size_t i = 0; fine && i < garbage->group_count && !cancel_asked(cancel); i++) {
        const struct garbage_group *group = &garbage->groups[i];
        strbuf_clear(&cycle);
        strbuf_clear(&finalizers);
        garbage_cycle_text(&finder->search, group, &cycle);
        garbage_finalizers(garbage, group, &finalizers);
        fine = !cycle.failed && !finalizers.failed &&
               add_group(finder, (uint32_t)i,
                         (struct garbage_shape){.cycle = strbuf_text(&cycle),
                                                .finalizers = strbuf_text(&finalizers),
                                                .gc_objects = group->gc_objects,
                                                .objects = group->objects});
    }
    strbuf_free(&cycle);
    strbuf_free(&finalizers);
    return fine ? cancel_check(cancel) : err_no_memory();
}

/* ---- their order ------------------------------------------------------------------------------ */

static int compare_sizes(const void *left, const void *right) {
    const struct garbage_shape *a = left, *b = right;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    return compare_looks(a, b);
}

/* Sorts the shapes, and puts each one's groups side by side. */
static struct err *arrange(struct finder *finder, struct garbage_shapes *ret) {
    size_t groups = finder->garbage->group_count, count = finder->shapes.count, first = 0;
    size_t *next = calloc(count + 1, sizeof *next);
    ret->groups = calloc(groups + 1, sizeof *ret->groups);
    if (!next || !ret->groups) {
        free(next);
        return err_no_memory();
    }
    if (count)
        qsort(finder->shapes.items, count, sizeof *finder->shapes.items, compare_sizes);
    vec_each (shape, &finder->shapes) {
        next[shape->first] = first;
        shape->first = first;
        first += shape->group_count;
    }
    for (size_t i = 0; i < groups; i++)
        ret->groups[next[finder->shape_of[i]]++] = (uint32_t)i;
    free(next);
    ret->items = finder->shapes.items;
    ret->count = count;
    ret->texts = finder->texts;
    finder->shapes.items = NULL;
    finder->texts = (struct arena){0};
    return NULL;
}

struct err *garbage_shapes_find(const struct garbage *garbage, const volatile int *cancel,
                                struct garbage_shapes *ret) {
    struct finder finder = {.garbage = garbage};
    *ret = (struct garbage_shapes){0};
    finder.shape_of = calloc(garbage->group_count + 1, sizeof *finder.shape_of);
    struct err *err =
        finder.shape_of ? garbage_search_start(garbage, &finder.search) : err_no_memory();
    if (!err)
        err = look_at_groups(&finder, cancel);
    if (!err)
        err = arrange(&finder, ret);
    garbage_search_end(&finder.search);
    arena_clear(&finder.texts);
    vec_free(&finder.shapes);
    free(finder.slots);
    free(finder.shape_of);
    if (err)
        garbage_shapes_free(ret);
    return err;
}

void garbage_shapes_free(struct garbage_shapes *shapes) {
    free(shapes->items);
    free(shapes->groups);
    arena_clear(&shapes->texts);
    *shapes = (struct garbage_shapes){0};
}
