#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/vec.h"
#include "introspect/analyses/path_classes.h"

#include <stdlib.h>
#include <string.h>

/* What is known of the wanted objects of a class. */
struct tally {
    uint64_t count, owners;
    uint32_t owner; /* one of their referrers */
    uint32_t examples[MERGED_EXAMPLES];
};

struct owner {
    uint32_t class, id;
};

struct merger {
    const struct heap *heap;
    struct path_classes *classes;
    const bool *types;
    struct vec(struct tally) tallies; /* by class */
    struct vec(struct owner) owners;  /* mostly each once */
    uint32_t *class_of_owner;         /* by id: that which it was last noted for */
};

static bool is_wanted(const struct merger *merger, uint32_t id) {
    return merger->types[heap_type(merger->heap, id)->id];
}

static bool count(struct merger *merger, uint32_t id, uint32_t class) {
    while (merger->tallies.count <= class) {
        if (!vec_push(&merger->tallies, ((struct tally){.owner = HEAP_NONE})))
            return false;
    }
    struct tally *tally = &merger->tallies.items[class];
    uint32_t owner = path_class_referrer(merger->classes, id);
    if (tally->count < MERGED_EXAMPLES)
        tally->examples[tally->count] = id;
    tally->count++;
    if (owner == HEAP_NONE || merger->class_of_owner[owner] == class)
        return true;
    merger->class_of_owner[owner] = class;
    return vec_push(&merger->owners, ((struct owner){class, owner}));
}

static int compare_owners(const void *left, const void *right) {
    const struct owner *a = left, *b = right;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void count_owners(struct merger *merger) {
    if (merger->owners.count)
        qsort(merger->owners.items, merger->owners.count, sizeof *merger->owners.items,
              compare_owners);
    vec_each (owner, &merger->owners) {
        struct tally *tally = &merger->tallies.items[owner->class];
        tally->owners += tally->owner != owner->id;
        tally->owner = owner->id;
    }
}

static uint32_t class_of(const struct merger *merger, uint32_t id) {
    return path_class_trunk(merger->classes, path_class_of(merger->classes, id));
}

static uint32_t group_of(const void *context, uint32_t id) {
    const struct merger *merger = context;
    uint32_t class = is_wanted(merger, id) ? class_of(merger, id) : PATH_CLASS_NONE;
    return class == PATH_CLASS_NONE ? UINT32_MAX : class;
}

/* ---- the result ------------------------------------------------------------------------------ */

static int compare_merged(const void *left, const void *right) {
    const struct merged_path *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->retained != b->retained)
        return a->retained > b->retained ? -1 : 1;
    return strcmp(a->text, b->text);
}

static struct err *list_classes(const struct merger *merger, const uint64_t *retained,
                                struct merged_paths *ret) {
    ret->items = calloc(merger->tallies.count + 1, sizeof *ret->items);
    if (!ret->items)
        return err_no_memory();
    for (uint32_t i = 1; i < merger->tallies.count; i++) {
        const struct tally *tally = &merger->tallies.items[i];
        if (!tally->count)
            continue;
        struct merged_path *path = &ret->items[ret->count];
        *path = (struct merged_path){.text = path_class_trunk_text(merger->classes, i),
                                     .root = path_class_root(merger->classes, i),
                                     .owner = tally->owners == 1 ? tally->owner : HEAP_NONE,
                                     .owners = tally->owners,
                                     .count = tally->count,
                                     .retained = retained[i]};
        if (!path->text)
            return err_no_memory();
        for (uint64_t k = 0; k < MERGED_EXAMPLES; k++)
            path->examples[k] = k < tally->count ? tally->examples[k] : HEAP_NONE;
        ret->count++;
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_merged);
    return NULL;
}

static struct err *merge(struct merger *merger, const struct dominators *dominators,
                         const volatile int *cancel, struct merged_paths *ret) {
    for (uint32_t id = 0; id < heap_count(merger->heap); id++) {
        if (!is_wanted(merger, id))
            continue;
        uint32_t class = class_of(merger, id);
        ret->objects++;
        if (class == PATH_CLASS_NONE) {
            bool hidden = dominators && dominators_parent(dominators, id) != HEAP_NONE;
            ret->hidden += hidden;
            ret->unreached += !hidden;
        } else if (!count(merger, id, class)) {
            return err_no_memory();
        }
        if (cancel_asked(cancel))
            return cancel_check(cancel);
    }
    TRY(path_classes_error(merger->classes));
    count_owners(merger);
    uint64_t *retained = calloc(merger->tallies.count + 1, sizeof *retained);
    if (!retained)
        return err_no_memory();
    struct err *err = NULL;
    if (dominators)
        err = dominators_retained_by_group(dominators, group_of, merger,
                                           (uint32_t)merger->tallies.count, retained);
    if (!err)
        err = list_classes(merger, retained, ret);
    free(retained);
    return err;
}

struct err *paths_to_types(const struct graph *graph, const struct dominators *dominators,
                           const bool *types, const struct path_filter *filter,
                           const volatile int *cancel, struct merged_paths *ret) {
    struct merger merger = {.heap = graph->heap, .types = types};
    *ret = (struct merged_paths){0};
    size_t size = ((size_t)graph->object_count + 1) * sizeof *merger.class_of_owner;
    merger.class_of_owner = big_alloc(size, false);
    struct err *err = merger.class_of_owner
                          ? path_classes_create(graph, filter, cancel, &merger.classes)
                          : err_no_memory();
    if (!err)
        err = merge(&merger, dominators, cancel, ret);
    path_classes_destroy(merger.classes);
    vec_free(&merger.tallies);
    vec_free(&merger.owners);
    big_free(merger.class_of_owner, size);
    if (err)
        merged_paths_free(ret);
    return err;
}

void merged_paths_free(struct merged_paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i].text);
    free(paths->items);
    *paths = (struct merged_paths){0};
}
