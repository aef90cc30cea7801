#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/gauge.h"
#include "introspect/analyses/paths.h"

#include <stdlib.h>
#include <string.h>

enum { AHEAD = 16, POLL_EVERY = 1 << 14 };

struct grower {
    struct path_tree *tree;
    const struct path_filter *filter;
    uint32_t *queue; /* ids in the order in which they were reached */
    size_t queued, followed;
    uint32_t owner; /* whose references are being followed by label */
};

static void reach(struct grower *grower, uint32_t target, uint32_t parent) {
    if (grower->tree->parent[target] != HEAP_NONE)
        return;
    grower->tree->parent[target] = parent;
    grower->queue[grower->queued++] = target;
}

/* ---- from the roots -------------------------------------------------------------------------- */

static int compare_positions(const void *left, const void *right, void *context) {
    const struct held_root *roots = context;
    const struct held_root *a = &roots[*(const uint32_t *)left],
                           *b = &roots[*(const uint32_t *)right];
    if (a->root.kind != b->root.kind)
        return a->root.kind < b->root.kind ? -1 : 1;
    return a < b ? -1 : a > b;
}

static bool root_is_out(const struct path_filter *filter, const struct root *root) {
    return filter->roots[root->kind] ||
           (filter->no_guesses && root->reference.properties & REFERENCE_GUESSED);
}

/* ---- along references ------------------------------------------------------------------------ */

static bool is_followed(const struct grower *grower, unsigned properties) {
    return properties & REFERENCE_RETAINS &&
           !(grower->filter->no_guesses && properties & REFERENCE_GUESSED);
}

static void follow(struct grower *grower, uint32_t owner) {
    struct graph_references references = graph_references(grower->tree->graph, owner);
    for (size_t i = 0; i < references.count; i++) {
        if (i + AHEAD < references.count)
            __builtin_prefetch(&grower->tree->parent[references.targets[i + AHEAD]]);
        if (is_followed(grower, references.properties[i]))
            reach(grower, references.targets[i], owner);
    }
}

static void follow_labelled(void *context, size_t position, uint32_t target,
                            const struct reference *reference) {
    struct grower *grower = context;
    struct strbuf label = {0};
    bool out = false;
    (void)position;
    if (!is_followed(grower, reference->properties))
        return;
    heap_label(grower->tree->graph->heap, grower->owner, reference, &label);
    for (size_t i = 0; i < grower->filter->attribute_count; i++) {
        const char *attribute = grower->filter->attributes[i];
        struct strbuf as_key = {0};
        strbuf_printf(&as_key, "['%s']", attribute + (*attribute == '.'));
        out |= !strcmp(strbuf_text(&label), attribute) ||
               !strcmp(strbuf_text(&label), strbuf_text(&as_key));
        strbuf_free(&as_key);
    }
    strbuf_free(&label);
    if (!out)
        reach(grower, target, grower->owner);
}

static bool is_barrier(const struct grower *grower, uint32_t id) {
    const struct path_filter *filter = grower->filter;
    return id == filter->barrier ||
           (filter->types && filter->types[heap_type(grower->tree->graph->heap, id)->id]);
}

/* What a module's dict has is named by the module as directly as a variable by its frame: it is no further
 * from the root. */
static void reach_globals(struct grower *grower, const uint32_t *order, size_t count) {
    const struct held_root *roots = grower->tree->graph->roots.items;
    for (size_t i = 0; i < count; i++) {
        const struct held_root *held = &roots[order[i]];
        if (root_is_out(grower->filter, &held->root) || !path_root_is_namespace(&held->root) ||
            is_barrier(grower, held->object))
            continue;
        grower->owner = held->object;
        if (grower->filter->attribute_count)
            graph_labelled(grower->tree->graph, held->object, follow_labelled, grower);
        else
            follow(grower, held->object);
    }
}

static bool root_lasts(const struct root *root) {
    return root->kind != ROOT_FRAME && root->kind != ROOT_TASK && root->kind != ROOT_EXCEPTION &&
           !(root->reference.properties & REFERENCE_GUESSED);
}

static void grow(struct grower *grower, const volatile int *cancel);

static struct err *reach_roots(struct grower *grower, const volatile int *cancel) {
    const struct root_list *roots = &grower->tree->graph->roots;
    uint32_t *order = malloc((roots->count + 1) * sizeof *order);
    if (!order)
        return err_no_memory();
    for (uint32_t i = 0; i < roots->count; i++)
        order[i] = i;
    qsort_r(order, roots->count, sizeof *order, compare_positions, roots->items);
    bool globals = false;
    for (size_t i = 0; i < roots->count; i++) {
        const struct held_root *held = &roots->items[order[i]];
        if (held->root.kind != ROOT_MODULE && !globals) {
            globals = true;
            reach_globals(grower, order, i);
        }
        bool later = grower->filter->lasting_first && !root_lasts(&held->root);
        if (!root_is_out(grower->filter, &held->root) && !later)
            reach(grower, held->object, PATH_FROM_ROOT | order[i]);
    }
    if (grower->filter->lasting_first) {
        grow(grower, cancel);
        for (size_t i = 0; i < roots->count; i++) {
            const struct held_root *held = &roots->items[order[i]];
            if (!root_is_out(grower->filter, &held->root))
                reach(grower, held->object, PATH_FROM_ROOT | order[i]);
        }
    }
    free(order);
    return NULL;
}

static void grow(struct grower *grower, const volatile int *cancel) {
    const struct graph *graph = grower->tree->graph;
    for (; grower->followed < grower->queued; grower->followed++) {
        size_t i = grower->followed;
        gauge_step(i);
        if (i % POLL_EVERY == 0 && cancel_asked(cancel))
            return;
        if (i + AHEAD < grower->queued)
            __builtin_prefetch(&graph->first[grower->queue[i + AHEAD]]);
        if (i + AHEAD / 2 < grower->queued)
            __builtin_prefetch(&graph->targets[graph->first[grower->queue[i + AHEAD / 2]]]);
        grower->owner = grower->queue[i];
        if (is_barrier(grower, grower->owner))
            continue;
        if (grower->filter->attribute_count)
            graph_labelled(graph, grower->owner, follow_labelled, grower);
        else
            follow(grower, grower->owner);
    }
}

struct err *path_tree_grow(const struct graph *graph, uint32_t from,
                           const struct path_filter *filter, const volatile int *cancel,
                           struct path_tree *ret) {
    static const struct path_filter none = {.barrier = HEAP_NONE};
    size_t size = ((size_t)graph->object_count + 1) * sizeof(uint32_t);
    *ret = (struct path_tree){.graph = graph, .parent = big_alloc(size, false)};
    struct grower grower = {
        .tree = ret, .filter = filter ? filter : &none, .queue = big_alloc(size, false)};
    struct err *err = ret->parent && grower.queue ? NULL : err_no_memory();
    if (!err) {
        memset(ret->parent, 0xff, size);
        if (from == HEAP_NONE)
            err = reach_roots(&grower, cancel);
        else
            reach(&grower, from, from);
    }
    if (!err) {
        grow(&grower, cancel);
        ret->reached = (uint32_t)grower.queued;
        err = cancel_check(cancel);
    }
    big_free(grower.queue, size);
    if (err)
        path_tree_free(ret);
    return err;
}

void path_tree_free(struct path_tree *tree) {
    if (tree->graph)
        big_free(tree->parent, ((size_t)tree->graph->object_count + 1) * sizeof *tree->parent);
    *tree = (struct path_tree){0};
}
