/* Paths of many objects, told apart only by what people would tell apart: each object that the paths
 * lead through belongs to a class, made of its parent's class and its step with keys as "*". */
#include "base/arena.h"
#include "base/big_memory.h"
#include "base/vec.h"
#include "introspect/analyses/paths.h"
#include "introspect/graph/path_text.h"
#include "introspect/heap/cancel.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 1 << 10, NO_CLASS = 0 };

struct path_class {
    uint32_t parent; /* NO_CLASS: of a root */
    uint32_t next;   /* in its bucket */
    enum path_role role;
    uint32_t index;
    const char *step; /* its part of the text */
    const struct held_root *root;
    /* Of the objects that are asked for: */
    uint64_t count, owners;
    uint32_t owner; /* the last one's referrer */
};

struct merger {
    const struct graph *graph;
    const struct heap *heap;
    const bool *types;
    struct path_tree tree;
    uint32_t *class_of;                    /* by id; NO_CLASS: not known yet */
    struct vec(struct path_class) classes; /* the first is NO_CLASS */
    struct vec(uint32_t) buckets;
    struct vec(uint32_t) chain;
    struct arena texts;
    struct strbuf step;
    uint32_t owner; /* whose children are being classified */
    bool out_of_memory;
};

/* ---- classes --------------------------------------------------------------------------------- */

static size_t bucket_of(const struct merger *merger, uint32_t parent, enum path_role role,
                        uint32_t index, const char *step) {
    uint64_t hash = 14695981039346656037u ^ ((uint64_t)parent << 32 | (uint64_t)role << 24 | index);
    for (; *step; step++)
        hash = (hash ^ (unsigned char)*step) * 1099511628211u; /* FNV-1a */
    return (hash ^ hash >> 29) & (merger->buckets.count - 1);
}

static void add_to_bucket(struct merger *merger, uint32_t number) {
    struct path_class *class = &merger->classes.items[number];
    size_t bucket = bucket_of(merger, class->parent, class->role, class->index, class->step);
    class->next = merger->buckets.items[bucket];
    merger->buckets.items[bucket] = number;
}

static void widen_buckets(struct merger *merger) {
    size_t count = merger->buckets.count ? merger->buckets.count * 2 : FIRST_BUCKETS;
    if (!vec_reserve(&merger->buckets, count - merger->buckets.count)) {
        merger->out_of_memory = true;
        return;
    }
    merger->buckets.count = count;
    memset(merger->buckets.items, 0, count * sizeof *merger->buckets.items);
    for (uint32_t i = 1; i < merger->classes.count; i++)
        add_to_bucket(merger, i);
}

/* The class of what a step leads to; merger->step is its text. */
static uint32_t class_for(struct merger *merger, uint32_t parent, const struct path_place *place,
                          const struct held_root *root) {
    const char *step = strbuf_text(&merger->step);
    uint32_t index = place->role == PATH_CELL ? place->index : 0;
    size_t bucket = bucket_of(merger, parent, place->role, index, step);
    for (uint32_t i = merger->buckets.items[bucket]; i; i = merger->classes.items[i].next) {
        const struct path_class *class = &merger->classes.items[i];
        if (class->parent == parent && class->role == place->role && class->index == index &&
            !strcmp(class->step, step))
            return i;
    }
    const char *text = arena_strdup(&merger->texts, step);
    struct path_class class = {.parent = parent,
                               .role = place->role,
                               .index = index,
                               .step = text,
                               .root = root,
                               .owner = HEAP_NONE};
    if (!text || !vec_push(&merger->classes, class)) {
        merger->out_of_memory = true;
        return NO_CLASS;
    }
    uint32_t number = (uint32_t)merger->classes.count - 1;
    if (merger->classes.count > merger->buckets.count)
        widen_buckets(merger);
    else
        add_to_bucket(merger, number);
    return number;
}

/* ---- objects --------------------------------------------------------------------------------- */

static uint32_t parent_of(const struct merger *merger, uint32_t id) {
    uint32_t parent = merger->tree.parent[id];
    return parent & PATH_FROM_ROOT ? id : parent;
}

/* The place of an object of a class: names that its role promises are looked up in its own function. */
static struct path_place place_of(const struct merger *merger, uint32_t id) {
    const struct path_class *class = &merger->classes.items[merger->class_of[id]];
    struct path_place place = {.role = class->role, .index = class->index};
    if (class->role == PATH_CELL)
        id = parent_of(merger, id);
    place.function = parent_of(merger, id);
    return place;
}

static void classify_root(struct merger *merger, uint32_t id) {
    const struct held_root *root =
        &merger->graph->roots.items[merger->tree.parent[id] & ~PATH_FROM_ROOT];
    strbuf_clear(&merger->step);
    struct path_place place = path_begin(merger->heap, &root->root, &merger->step);
    merger->class_of[id] = class_for(merger, NO_CLASS, &place, root);
}

static void classify_child(void *context, size_t position, uint32_t target,
                           const struct reference *reference) {
    struct merger *merger = context;
    (void)position;
    if (merger->tree.parent[target] != merger->owner || merger->class_of[target] != NO_CLASS ||
        !(reference->properties & REFERENCE_RETAINS))
        return;
    uint32_t parent = merger->class_of[merger->owner];
    struct path_place place = place_of(merger, merger->owner);
    strbuf_clear(&merger->step);
    path_step(merger->heap, &place, merger->owner, reference, true, &merger->step);
    merger->class_of[target] = class_for(merger, parent, &place, NULL);
}

/* Classifies an object that the tree reaches, and all on the way there. */
static void classify(struct merger *merger, uint32_t id) {
    merger->chain.count = 0;
    while (merger->class_of[id] == NO_CLASS && !(merger->tree.parent[id] & PATH_FROM_ROOT)) {
        id = merger->tree.parent[id];
        merger->out_of_memory |= !vec_push(&merger->chain, id);
    }
    if (merger->class_of[id] == NO_CLASS)
        classify_root(merger, id);
    while (merger->chain.count && !merger->out_of_memory) {
        merger->owner = merger->chain.items[--merger->chain.count];
        graph_labelled(merger->graph, merger->owner, classify_child, merger);
    }
}

static void count(struct merger *merger, uint32_t id) {
    struct path_class *class = &merger->classes.items[merger->class_of[id]];
    uint32_t owner = merger->tree.parent[id];
    class->count++;
    if (!(owner & PATH_FROM_ROOT) && owner != class->owner) {
        class->owners++;
        class->owner = owner;
    }
}

/* ---- the result ------------------------------------------------------------------------------ */

static uint32_t group_of(const void *context, uint32_t id) {
    const struct merger *merger = context;
    return merger->types[heap_type(merger->heap, id)->id] && merger->tree.parent[id] != HEAP_NONE
               ? merger->class_of[id]
               : UINT32_MAX;
}

static char *class_text(const struct merger *merger, uint32_t number) {
    struct vec(uint32_t) chain = {0};
    struct strbuf text = {0};
    const struct path_place end = {.role = merger->classes.items[number].role,
                                   .index = merger->classes.items[number].index};
    bool fine = true;
    for (uint32_t i = number; i && fine; i = merger->classes.items[i].parent)
        fine = vec_push(&chain, i);
    while (chain.count)
        strbuf_puts(&text, merger->classes.items[chain.items[--chain.count]].step);
    path_end(&end, &text);
    vec_free(&chain);
    if (fine && !text.failed && text.text)
        return text.text;
    strbuf_free(&text);
    return NULL;
}

static const struct held_root *class_root(const struct merger *merger, uint32_t number) {
    while (merger->classes.items[number].parent)
        number = merger->classes.items[number].parent;
    return merger->classes.items[number].root;
}

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
    ret->items = calloc(merger->classes.count + 1, sizeof *ret->items);
    if (!ret->items)
        return err_no_memory();
    for (uint32_t i = 1; i < merger->classes.count; i++) {
        const struct path_class *class = &merger->classes.items[i];
        if (!class->count)
            continue;
        struct merged_path *path = &ret->items[ret->count];
        *path = (struct merged_path){.text = class_text(merger, i),
                                     .root = class_root(merger, i),
                                     .owner = class->owners == 1 ? class->owner : HEAP_NONE,
                                     .owners = class->owners,
                                     .count = class->count,
                                     .retained = retained[i]};
        if (!path->text)
            return err_no_memory();
        ret->count++;
    }
    qsort(ret->items, ret->count, sizeof *ret->items, compare_merged);
    return NULL;
}

static struct err *merge(struct merger *merger, const struct dominators *dominators,
                         const volatile int *cancel, struct merged_paths *ret) {
    for (uint32_t id = 0; id < merger->graph->object_count && !merger->out_of_memory; id++) {
        if (!merger->types[heap_type(merger->heap, id)->id])
            continue;
        ret->objects++;
        if (merger->tree.parent[id] != HEAP_NONE) {
            classify(merger, id);
            count(merger, id);
        } else if (dominators && dominators_parent(dominators, id) != HEAP_NONE) {
            ret->hidden++;
        } else {
            ret->unreached++;
        }
        if (cancel_asked(cancel))
            return cancel_check(cancel);
    }
    uint64_t *retained = calloc(merger->classes.count, sizeof *retained);
    struct err *err = retained && !merger->out_of_memory ? NULL : err_no_memory();
    if (!err && dominators)
        err = dominators_retained_by_group(dominators, group_of, merger,
                                           (uint32_t)merger->classes.count, retained);
    if (!err)
        err = list_classes(merger, retained, ret);
    free(retained);
    return err;
}

struct err *paths_to_types(const struct graph *graph, const struct dominators *dominators,
                           const bool *types, const struct path_filter *filter,
                           const volatile int *cancel, struct merged_paths *ret) {
    struct merger merger = {.graph = graph, .heap = graph->heap, .types = types};
    size_t size = ((size_t)graph->object_count + 1) * sizeof *merger.class_of;
    *ret = (struct merged_paths){0};
    struct err *err = path_tree_grow(graph, HEAP_NONE, filter, cancel, &merger.tree);
    if (!err) {
        merger.class_of = big_alloc(size, false);
        widen_buckets(&merger);
        merger.out_of_memory |= !vec_push(&merger.classes, ((struct path_class){0}));
        err = merger.class_of && !merger.out_of_memory ? merge(&merger, dominators, cancel, ret)
                                                       : err_no_memory();
    }
    big_free(merger.class_of, size);
    path_tree_free(&merger.tree);
    vec_free(&merger.classes);
    vec_free(&merger.buckets);
    vec_free(&merger.chain);
    arena_clear(&merger.texts);
    strbuf_free(&merger.step);
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
