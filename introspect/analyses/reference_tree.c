#include "introspect/analyses/reference_tree.h"

#include "base/cancel.h"
#include "base/vec.h"
#include "introspect/graph/path_text.h"

#include <stdlib.h>

struct grower {
    struct reference_tree *tree;
    struct vec(struct reference_node) nodes;
    struct vec(struct reference_node) found; /* the children of one node */
    uint8_t *seen;                           /* by id */
    uint32_t wanted;                         /* the target whose referrers are being labelled */
    uint32_t owner;
    size_t limit;
    uint64_t left_out;
    bool out_of_memory;
};

static void found(struct grower *grower, uint32_t id, uint64_t address,
                  const struct reference *reference) {
    if (grower->found.count >= grower->limit ||
        grower->nodes.count + grower->found.count >= MAX_REFERENCE_NODES) {
        grower->left_out++;
        return;
    }
    struct reference_node node = {.id = id, .address = address, .reference = *reference};
    grower->out_of_memory |= !vec_push(&grower->found, node);
}

/* ---- one level ------------------------------------------------------------------------------- */

static void find_reference(void *context, size_t position, uint32_t target,
                           const struct reference *reference) {
    struct grower *grower = context;
    (void)position;
    found(grower, target, reference->target, reference);
}

static void find_referrer(void *context, size_t position, uint32_t target,
                          const struct reference *reference) {
    struct grower *grower = context;
    (void)position;
    if (target == grower->wanted)
        found(grower, grower->owner, heap_address(grower->tree->graph->heap, grower->owner),
              reference);
}

static void find_referrers(struct grower *grower, uint32_t id) {
    struct graph_referrers referrers = graph_referrers(grower->tree->graph, id);
    grower->wanted = id;
    for (size_t i = 0; i < referrers.count; i++) {
        grower->owner = referrer_id(referrers.items[i]);
        if (i && referrer_id(referrers.items[i - 1]) == grower->owner)
            continue; /* all its references were found at once */
        if (grower->found.count >= grower->limit)
            grower->left_out++;
        else
            graph_labelled(grower->tree->graph, grower->owner, find_referrer, grower);
    }
}

static void grow_node(struct grower *grower, uint32_t id) {
    grower->found.count = 0;
    grower->left_out = 0;
    if (grower->tree->direction == TOWARDS_REFERENCES)
        graph_labelled(grower->tree->graph, id, find_reference, grower);
    else
        find_referrers(grower, id);
}

/* ---- all levels ------------------------------------------------------------------------------ */

/* What hangs on a class is the same for all its instances, and much. */
static bool leads_to_class(const struct reference_node *node) {
    return node->depth && node->reference.label == LABEL_TYPE;
}

static void grow(struct grower *grower, uint32_t id, unsigned depth, const volatile int *cancel) {
    struct vec(struct reference_node) waiting = {0};
    struct reference_node first = {.id = id,
                                   .address = heap_address(grower->tree->graph->heap, id)};
    grower->out_of_memory |= !vec_push(&waiting, first);
    while (waiting.count && !grower->out_of_memory && !cancel_asked(cancel)) {
        struct reference_node node = waiting.items[--waiting.count];
        uint32_t index = (uint32_t)grower->nodes.count;
        bool known = node.id != HEAP_NONE;
        node.shown_before = known && grower->seen[node.id] && node.depth < depth;
        grower->found.count = grower->left_out = 0;
        if (known && !node.shown_before && node.depth < depth && !leads_to_class(&node)) {
            grower->seen[node.id] = 1;
            grow_node(grower, node.id);
        }
        node.left_out = grower->left_out;
        grower->out_of_memory |= !vec_push(&grower->nodes, node);
        for (size_t i = grower->found.count; i-- > 0;) {
            struct reference_node child = grower->found.items[i];
            child.parent = index;
            child.depth = node.depth + 1;
            grower->out_of_memory |= !vec_push(&waiting, child);
        }
    }
    vec_free(&waiting);
}

struct err *reference_tree_grow(const struct graph *graph, uint32_t id,
                                enum reference_direction direction, unsigned depth, size_t limit,
                                const volatile int *cancel, struct reference_tree *ret) {
    *ret = (struct reference_tree){.graph = graph, .direction = direction};
    struct grower grower = {.tree = ret, .limit = limit};
    grower.seen = calloc((size_t)graph->object_count + 1, 1);
    if (!grower.seen)
        return err_no_memory();
    grow(&grower, id, depth, cancel);
    ret->nodes = grower.nodes.items;
    ret->count = grower.nodes.count;
    free(grower.seen);
    vec_free(&grower.found);
    struct err *err = grower.out_of_memory ? err_no_memory() : cancel_check(cancel);
    if (err)
        reference_tree_free(ret);
    return err;
}

void reference_tree_free(struct reference_tree *tree) {
    free(tree->nodes);
    *tree = (struct reference_tree){0};
}

/* ---- labels ---------------------------------------------------------------------------------- */

bool reference_is_weak(const struct reference *reference) {
    return !(reference->properties & (REFERENCE_RETAINS | REFERENCE_TRAVERSED | REFERENCE_GUESSED));
}

void reference_add_marks(const struct reference *reference, struct strbuf *out) {
    if (reference_is_weak(reference))
        strbuf_puts(out, " (weak)");
    else if (reference->properties & REFERENCE_GUESSED)
        strbuf_puts(out, " (guessed)");
    else if (!(reference->properties & REFERENCE_RETAINS))
        strbuf_puts(out, " (owned by another)");
}

/* The tuple of a closure or of defaults has indices; the function, a level further, knows names. */
static void add_entry_name(const struct reference_tree *tree, const struct reference_node *node,
                           struct strbuf *out) {
    const struct reference_node *parent = &tree->nodes[node->parent];
    struct strbuf name = {0};
    if (node->depth < 2)
        return;
    if (tree->direction == TOWARDS_REFERENCES)
        path_entry(tree->graph->heap, tree->nodes[parent->parent].id, &parent->reference,
                   &node->reference, &name);
    else
        path_entry(tree->graph->heap, node->id, &node->reference, &parent->reference, &name);
    if (name.length)
        strbuf_printf(out, " (%s)", name.text);
    out->failed |= name.failed;
    strbuf_free(&name);
}

void reference_node_label(const struct reference_tree *tree, const struct reference_node *node,
                          bool marked, struct strbuf *out) {
    uint32_t owner = tree->direction == TOWARDS_REFERRERS ? node->id : tree->nodes[node->parent].id;
    heap_label(tree->graph->heap, owner, &node->reference, out);
    add_entry_name(tree, node, out);
    if (marked)
        reference_add_marks(&node->reference, out);
}
