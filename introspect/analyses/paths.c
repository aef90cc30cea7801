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

struct path_ways {
    const struct graph *graph;
    uint32_t id, via;
    struct path_tree tree;     /* from the roots, to `via` if there is one */
    struct path_tree via_tree; /* from there */
    struct vec(struct way) items;
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

static struct way way_by(const struct path_ways *ways, uint32_t referrer) {
    struct way way = {.referrer = referrer};
    if (ways->via != HEAP_NONE) {
        way.length = climb(&ways->via_tree, referrer, &way.root);
        way.length += climb(&ways->tree, ways->via, &way.root) + 1;
    } else {
        way.length = climb(&ways->tree, referrer, &way.root) + 1;
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

static struct err *find_ways(struct path_ways *ways, const struct path_filter *filter) {
    const struct path_tree *last = ways->via == HEAP_NONE ? &ways->tree : &ways->via_tree;
    struct graph_referrers referrers = graph_referrers(ways->graph, ways->id);
    bool fine = true;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&ways->graph->roots, ways->id, &count);
    for (size_t i = 0; i < count && ways->via == HEAP_NONE; i++) {
        bool out = filter->roots[roots[i].root.kind] ||
                   (filter->no_guesses && roots[i].root.reference.properties & REFERENCE_GUESSED);
        if (!out)
            fine &= vec_push(&ways->items, ((struct way){HEAP_NONE, &roots[i], 0, 0}));
    }
    uint32_t before = HEAP_NONE;
    for (size_t i = 0; i < referrers.count; i++) {
        uint32_t referrer = referrer_id(referrers.items[i]);
        bool retains = referrer_properties(referrers.items[i]) & REFERENCE_RETAINS;
        bool barred = filter->types && filter->types[heap_type(ways->graph->heap, referrer)->id];
        if (retains && !barred && referrer != before && referrer != ways->id &&
            last->parent[referrer] != HEAP_NONE) {
            fine &= vec_push(&ways->items, way_by(ways, referrer));
            before = referrer;
        }
    }
    if (ways->items.count)
        qsort(ways->items.items, ways->items.count, sizeof *ways->items.items, compare_ways);
    return fine ? NULL : err_no_memory();
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void name_hop(void *context, size_t position, uint32_t target,
                     const struct reference *reference) {
    struct path_hop *hop = context;
    (void)position;
    (void)target;
    hop->reference = *reference;
}

void path_hop_name(const struct graph *graph, struct path_hop *hop) {
    struct graph_references references = graph_references(graph, hop->owner);
    for (size_t i = 0; i < references.count; i++) {
        if (references.targets[i] == hop->target && references.properties[i] & REFERENCE_RETAINS) {
            graph_labelled_part(graph, hop->owner, i, 1, name_hop, hop);
            return;
        }
    }
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

struct err *path_ways_path(const struct path_ways *ways, size_t index, struct path *path) {
    const struct way *way = &ways->items.items[index];
    *path = (struct path){way->root, calloc(way->length + 1, sizeof *path->hops), way->length};
    if (!path->hops)
        return err_no_memory();
    if (way->referrer == HEAP_NONE)
        return NULL;
    size_t left = way->length - 1;
    path->hops[left] = (struct path_hop){.owner = way->referrer, .target = ways->id};
    if (ways->via != HEAP_NONE) {
        left = fill_hops(&ways->via_tree, path->hops, left, way->referrer);
        fill_hops(&ways->tree, path->hops, left, ways->via);
    } else {
        fill_hops(&ways->tree, path->hops, left, way->referrer);
    }
    for (size_t i = 0; i < path->hop_count; i++)
        path_hop_name(ways->graph, &path->hops[i]);
    return NULL;
}

void path_free(struct path *path) {
    free(path->hops);
    *path = (struct path){0};
}

static struct err *grow_and_find(struct path_ways *ways, const struct path_filter *filter,
                                 const volatile int *cancel) {
    struct path_filter without = filter ? *filter : (struct path_filter){0};
    without.barrier = ways->id;
    TRY(path_tree_grow(ways->graph, HEAP_NONE, &without, cancel, &ways->tree));
    if (ways->via != HEAP_NONE) {
        if (ways->tree.parent[ways->via] == HEAP_NONE)
            return NULL;
        TRY(path_tree_grow(ways->graph, ways->via, &without, cancel, &ways->via_tree));
    }
    return find_ways(ways, &without);
}

struct err *path_ways_find(const struct graph *graph, uint32_t id, uint32_t via,
                           const struct path_filter *filter, const volatile int *cancel,
                           struct path_ways **ret) {
    struct path_ways *ways = calloc(1, sizeof *ways);
    if (!ways)
        return err_no_memory();
    *ways = (struct path_ways){.graph = graph, .id = id, .via = via};
    struct err *err = grow_and_find(ways, filter, cancel);
    if (err)
        path_ways_destroy(ways);
    else
        *ret = ways;
    return err;
}

void path_ways_destroy(struct path_ways *ways) {
    if (!ways)
        return;
    path_tree_free(&ways->tree);
    path_tree_free(&ways->via_tree);
    vec_free(&ways->items);
    free(ways);
}

size_t path_ways_count(const struct path_ways *ways) {
    return ways->items.count;
}

uint32_t path_ways_length(const struct path_ways *ways, size_t index) {
    return ways->items.items[index].length;
}

const struct held_root *path_ways_root(const struct path_ways *ways, size_t index) {
    return ways->items.items[index].root;
}

struct err *paths_to_object(const struct graph *graph, uint32_t id, uint32_t via,
                            const struct path_filter *filter, size_t limit,
                            const volatile int *cancel, struct paths *ret) {
    struct path_ways *ways = NULL;
    *ret = (struct paths){0};
    TRY(path_ways_find(graph, id, via, filter, cancel, &ways));
    ret->all = path_ways_count(ways);
    size_t count = ret->all < limit ? ret->all : limit;
    ret->items = calloc(count + 1, sizeof *ret->items);
    struct err *err = ret->items ? NULL : err_no_memory();
    while (!err && ret->count < count) {
        err = path_ways_path(ways, ret->count, &ret->items[ret->count]);
        ret->count++;
    }
    path_ways_destroy(ways);
    if (err)
        paths_free(ret);
    return err;
}

void paths_free(struct paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        path_free(&paths->items[i]);
    free(paths->items);
    *paths = (struct paths){0};
}

void path_text(const struct heap *heap, const struct path *path, struct strbuf *out) {
    struct path_place place = path_begin(heap, &path->root->root, out);
    for (size_t i = 0; i < path->hop_count; i++)
        path_step(heap, &place, path->hops[i].owner, &path->hops[i].reference, false, out);
    path_end(&place, out);
}

void path_none_text(const struct graph *graph, uint32_t id, struct strbuf *out) {
    int64_t hidden = graph_hidden(graph, id);
    if (hidden > 0)
        strbuf_printf(out,
                      "no root leads there:\tit is held by %lld hidden reference%s (see audit)",
                      (long long)hidden, hidden == 1 ? "" : "s");
    else
        strbuf_puts(out, "no root leads there:\tgarbage, or held by what is leaked "
                         "(see garbage and audit)");
}
