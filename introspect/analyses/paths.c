#include "introspect/analyses/paths.h"

#include "base/vec.h"
#include "introspect/graph/path_text.h"

#include <stdlib.h>

/* A way to the object that is asked for: from a root, or by its last referrer. */
struct way {
    uint32_t referrer;            /* HEAP_NONE: a root holds it */
    const struct held_root *root; /* that it begins with */
    uint32_t length;              /* in references */
    uint32_t distance;            /* as people count: a module's globals are its own */
};

struct finder {
    const struct graph *graph;
    uint32_t id, via;
    struct path_tree tree;     /* from the roots, to `via` if there is one */
    struct path_tree via_tree; /* from there */
    struct vec(struct way) ways;
};

/* ---- ways ------------------------------------------------------------------------------------ */

/* Steps up to the tree's start; *root gets the root there, if it starts with roots. */
static uint32_t climb(const struct path_tree *tree, uint32_t id, const struct held_root **root) {
    uint32_t length = 0;
    for (;;) {
        uint32_t parent = tree->parent[id];
        if (parent & PATH_FROM_ROOT) {
            *root = &tree->graph->roots.items[parent & ~PATH_FROM_ROOT];
            return length;
        }
        if (parent == id)
            return length;
        id = parent;
        length++;
    }
}

static struct way way_by(const struct finder *finder, uint32_t referrer) {
    struct way way = {.referrer = referrer};
    if (finder->via != HEAP_NONE) {
        way.length = climb(&finder->via_tree, referrer, &way.root);
        way.length += climb(&finder->tree, finder->via, &way.root) + 1;
    } else {
        way.length = climb(&finder->tree, referrer, &way.root) + 1;
    }
    way.distance = way.length - path_root_is_namespace(&way.root->root);
    return way;
}

static int compare_ways(const void *left, const void *right) {
    const struct way *a = left, *b = right;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    if (a->root->root.kind != b->root->root.kind)
        return a->root->root.kind < b->root->root.kind ? -1 : 1;
    if (a->referrer != b->referrer)
        return a->referrer < b->referrer ? -1 : 1;
    return a->root < b->root ? -1 : a->root > b->root;
}

static struct err *find_ways(struct finder *finder, const struct path_filter *filter) {
    const struct path_tree *last = finder->via == HEAP_NONE ? &finder->tree : &finder->via_tree;
    struct graph_referrers referrers = graph_referrers(finder->graph, finder->id);
    bool fine = true;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&finder->graph->roots, finder->id, &count);
    for (size_t i = 0; i < count && finder->via == HEAP_NONE; i++) {
        bool out = filter->roots[roots[i].root.kind] ||
                   (filter->no_guesses && roots[i].root.reference.properties & REFERENCE_GUESSED);
        if (!out)
            fine &= vec_push(&finder->ways, ((struct way){HEAP_NONE, &roots[i], 0, 0}));
    }
    uint32_t before = HEAP_NONE;
    for (size_t i = 0; i < referrers.count; i++) {
        uint32_t referrer = referrer_id(referrers.items[i]);
        bool retains = referrer_properties(referrers.items[i]) & REFERENCE_RETAINS;
        bool barred = filter->types && filter->types[heap_type(finder->graph->heap, referrer)->id];
        if (retains && !barred && referrer != before && referrer != finder->id &&
            last->parent[referrer] != HEAP_NONE) {
            fine &= vec_push(&finder->ways, way_by(finder, referrer));
            before = referrer;
        }
    }
    if (finder->ways.count)
        qsort(finder->ways.items, finder->ways.count, sizeof *finder->ways.items, compare_ways);
    return fine ? NULL : err_no_memory();
}

/* ---- paths ----------------------------------------------------------------------------------- */

struct hop_search {
    struct path_hop *hop;
    bool found;
};

static void find_hop(void *context, size_t position, uint32_t target,
                     const struct reference *reference) {
    struct hop_search *search = context;
    (void)position;
    if (search->found || target != search->hop->target ||
        !(reference->properties & REFERENCE_RETAINS))
        return;
    search->hop->reference = *reference;
    search->found = true;
}

void path_hop_name(const struct graph *graph, struct path_hop *hop) {
    struct hop_search search = {hop, false};
    graph_labelled(graph, hop->owner, find_hop, &search);
}

/* Fills hops from the last one on backwards; returns how many are left. */
static size_t fill_hops(const struct path_tree *tree, struct path_hop *hops, size_t count,
                        uint32_t id) {
    while (!(tree->parent[id] & PATH_FROM_ROOT) && tree->parent[id] != id && count) {
        hops[--count] = (struct path_hop){.owner = tree->parent[id], .target = id};
        id = tree->parent[id];
    }
    return count;
}

static struct err *make_path(const struct finder *finder, const struct way *way,
                             struct path *path) {
    *path = (struct path){way->root, calloc(way->length + 1, sizeof *path->hops), way->length};
    if (!path->hops)
        return err_no_memory();
    if (way->referrer == HEAP_NONE)
        return NULL;
    size_t left = way->length - 1;
    path->hops[left] = (struct path_hop){.owner = way->referrer, .target = finder->id};
    if (finder->via != HEAP_NONE) {
        left = fill_hops(&finder->via_tree, path->hops, left, way->referrer);
        fill_hops(&finder->tree, path->hops, left, finder->via);
    } else {
        fill_hops(&finder->tree, path->hops, left, way->referrer);
    }
    for (size_t i = 0; i < path->hop_count; i++)
        path_hop_name(finder->graph, &path->hops[i]);
    return NULL;
}

static struct err *find_paths(struct finder *finder, const struct path_filter *filter, size_t limit,
                              const volatile int *cancel, struct paths *ret) {
    struct path_filter without = filter ? *filter : (struct path_filter){0};
    without.barrier = finder->id;
    TRY(path_tree_grow(finder->graph, HEAP_NONE, &without, cancel, &finder->tree));
    if (finder->via != HEAP_NONE) {
        if (finder->tree.parent[finder->via] == HEAP_NONE)
            return NULL;
        TRY(path_tree_grow(finder->graph, finder->via, &without, cancel, &finder->via_tree));
    }
    TRY(find_ways(finder, &without));
    size_t count = finder->ways.count < limit ? finder->ways.count : limit;
    ret->items = calloc(count + 1, sizeof *ret->items);
    if (!ret->items)
        return err_no_memory();
    for (; ret->count < count; ret->count++)
        TRY(make_path(finder, &finder->ways.items[ret->count], &ret->items[ret->count]));
    ret->all = finder->ways.count;
    return NULL;
}

struct err *paths_to_object(const struct graph *graph, uint32_t id, uint32_t via,
                            const struct path_filter *filter, size_t limit,
                            const volatile int *cancel, struct paths *ret) {
    struct finder finder = {.graph = graph, .id = id, .via = via};
    *ret = (struct paths){0};
    struct err *err = find_paths(&finder, filter, limit, cancel, ret);
    path_tree_free(&finder.tree);
    path_tree_free(&finder.via_tree);
    vec_free(&finder.ways);
    if (err)
        paths_free(ret);
    return err;
}

void paths_free(struct paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i].hops);
    free(paths->items);
    *paths = (struct paths){0};
}

void path_text(const struct heap *heap, const struct path *path, struct strbuf *out) {
    struct path_place place = path_begin(heap, &path->root->root, out);
    for (size_t i = 0; i < path->hop_count; i++)
        path_step(heap, &place, path->hops[i].owner, &path->hops[i].reference, false, out);
    path_end(&place, out);
}
