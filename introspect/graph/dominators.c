/* Semi-NCA: Georgiadis, Tarjan, Werneck, "Finding Dominators in Practice", 2006. Vertices are numbered
 * in the order of a depth-first search, 0 the root, 1 the hidden references; semidominators are found
 * from the last vertex on, dominators from the first.
 *
 * Half of all objects or more refer to nothing and have one referrer: that is their dominator, and they
 * get no number. */
#include "introspect/graph/dominators.h"

#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/gauge.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

enum { ROOT = 0, HIDDEN = 1, POLL_EVERY = 1 << 16 };

enum object_trait {
    HELD_BY_ROOT = 1,
    HELD_BY_HIDDEN = 2,
    LONE_LEAF = 4, /* retains nothing, and has one referrer and nothing else */
};

struct dominators {
    const struct graph *graph;
    uint32_t *parent; /* by id: an id, DOMINATORS_ROOT, DOMINATORS_HIDDEN or HEAP_NONE */
    uint64_t *retained;
    uint64_t root_retained, hidden_retained;
};

struct cursor {
    uint32_t number;
    uint64_t next, end; /* in graph->targets */
};

struct builder {
    struct dominators *dominators;
    const struct graph *graph;
    const volatile int *cancel;
    uint8_t *traits;  /* by id: enum object_trait */
    uint32_t *number; /* by id; HEAP_NONE: not visited */
    /* By number: */
    uint32_t *vertex;   /* its id */
    uint32_t *ancestor; /* the parent in the search, or, once compressed, one further up */
    uint32_t *label;    /* itself; later the least semidominator on the way to the ancestor */
    uint32_t *semidominator;
    uint32_t *dominator;
    uint32_t count;
    uint32_t most; /* that there may be */
    struct vec(struct cursor) stack;
    struct vec(uint32_t) chain;
    bool out_of_memory;
};

/* ---- what is known without a search ---------------------------------------------------------- */

static bool retains_something(const struct graph *graph, uint32_t id) {
    struct graph_references references = graph_references(graph, id);
    for (size_t i = 0; i < references.count; i++) {
        if (references.properties[i] & REFERENCE_RETAINS)
            return true;
    }
    return false;
}

static unsigned traits_of(const struct graph *graph, uint32_t id) {
    struct graph_referrers referrers = graph_referrers(graph, id);
    uint64_t counted = 0;
    for (size_t i = 0; i < referrers.count; i++)
        counted += (referrers.items[i] & REFERENCE_COUNTED) != 0;
    if (!(heap_flags(graph->heap, id) & OBJECT_IMMORTAL) &&
        heap_refcount(graph->heap, id) > counted)
        return HELD_BY_HIDDEN;
    return referrers.count == 1 && referrers.items[0] & REFERENCE_RETAINS &&
                   !retains_something(graph, id)
               ? LONE_LEAF
               : 0;
}

/* Few objects have more references than their referrers make: roots may have them, or C. */
static void find_traits(struct builder *builder) {
    const struct graph *graph = builder->graph;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        gauge_step(id);
        builder->traits[id] = (uint8_t)traits_of(graph, id);
        builder->most += !(builder->traits[id] & LONE_LEAF);
        if (builder->traits[id] & HELD_BY_HIDDEN && graph_hidden(graph, id) <= 0)
            builder->traits[id] &= (uint8_t)~HELD_BY_HIDDEN;
    }
    for (size_t i = 0; i < graph->roots.count; i++) {
        uint32_t id = graph->roots.items[i].object;
        builder->traits[id] &= (uint8_t)~LONE_LEAF;
        if (graph->roots.items[i].root.reference.properties & REFERENCE_RETAINS)
            builder->traits[id] |= HELD_BY_ROOT;
    }
}

/* ---- depth-first search ---------------------------------------------------------------------- */

static uint32_t add_vertex(struct builder *builder, uint32_t id, uint32_t parent) {
    uint32_t number = builder->count++;
    builder->vertex[number] = id;
    builder->ancestor[number] = builder->dominator[number] = parent;
    builder->label[number] = number;
    return number;
}

static void enter(struct builder *builder, uint32_t id, uint32_t parent) {
    const struct graph *graph = builder->graph;
    builder->number[id] = add_vertex(builder, id, parent);
    gauge_step(builder->number[id]);
    struct cursor cursor = {builder->number[id], graph->first[id], graph->first[id + 1]};
    if (cursor.next < cursor.end && !vec_push(&builder->stack, cursor))
        builder->out_of_memory = true;
}

static void search_from(struct builder *builder, uint32_t id, uint32_t parent) {
    const struct graph *graph = builder->graph;
    if (builder->number[id] != HEAP_NONE)
        return;
    enter(builder, id, parent);
    while (builder->stack.count && !builder->out_of_memory) {
        struct cursor *cursor = &builder->stack.items[builder->stack.count - 1];
        if (cursor->next == cursor->end) {
            builder->stack.count--;
            continue;
        }
        uint64_t i = cursor->next++;
        if (i + 8 < cursor->end)
            __builtin_prefetch(&builder->number[graph->targets[i + 8]]);
        uint32_t target = graph->targets[i];
        if (graph->properties[i] & REFERENCE_RETAINS && builder->number[target] == HEAP_NONE &&
            !(builder->traits[target] & LONE_LEAF))
            enter(builder, target, cursor->number);
    }
}

static struct err *search(struct builder *builder) {
    const struct graph *graph = builder->graph;
    add_vertex(builder, HEAP_NONE, ROOT);
    add_vertex(builder, HEAP_NONE, ROOT);
    for (size_t i = 0; i < graph->roots.count; i++) {
        uint32_t id = graph->roots.items[i].object;
        if (builder->traits[id] & HELD_BY_ROOT)
            search_from(builder, id, ROOT);
        if (i % POLL_EVERY == 0)
            TRY(cancel_check(builder->cancel));
    }
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (builder->traits[id] & HELD_BY_HIDDEN)
            search_from(builder, id, HIDDEN);
    }
    return builder->out_of_memory ? err_no_memory() : cancel_check(builder->cancel);
}

/* ---- dominators ------------------------------------------------------------------------------ */

/* The least label on the way from a vertex up to, not including, those up to `limit`. */
static uint32_t least_label(struct builder *builder, uint32_t number, uint32_t limit) {
    uint32_t *ancestor = builder->ancestor, *label = builder->label;
    builder->chain.count = 0;
    for (uint32_t at = number; ancestor[at] > limit; at = ancestor[at]) {
        if (!vec_push(&builder->chain, at)) {
            builder->out_of_memory = true;
            return label[number];
        }
    }
    while (builder->chain.count) {
        uint32_t at = builder->chain.items[--builder->chain.count], above = ancestor[at];
        if (label[above] < label[at])
            label[at] = label[above];
        ancestor[at] = ancestor[above];
    }
    return label[number];
}

static uint32_t semidominator(struct builder *builder, uint32_t number) {
    uint32_t id = builder->vertex[number], least = builder->ancestor[number];
    if (number == HIDDEN || builder->traits[id] & HELD_BY_ROOT)
        return ROOT;
    if (builder->traits[id] & HELD_BY_HIDDEN)
        least = HIDDEN;
    struct graph_referrers referrers = graph_referrers(builder->graph, id);
    for (size_t i = 0; i < referrers.count && least != ROOT; i++) {
        if (i + 8 < referrers.count)
            __builtin_prefetch(&builder->number[referrer_id(referrers.items[i + 8])]);
        uint32_t from = builder->number[referrer_id(referrers.items[i])];
        if (!(referrers.items[i] & REFERENCE_RETAINS) || from == HEAP_NONE)
            continue;
        uint32_t candidate = from > number ? least_label(builder, from, number) : from;
        if (candidate < least)
            least = candidate;
    }
    return least;
}

static struct err *find_dominators(struct builder *builder) {
    for (uint32_t i = builder->count; i-- > HIDDEN;) {
        builder->semidominator[i] = builder->label[i] = semidominator(builder, i);
        if (i % POLL_EVERY == 0)
            TRY(cancel_check(builder->cancel));
        gauge_step(i);
    }
    for (uint32_t i = HIDDEN; i < builder->count; i++) {
        uint32_t dominator = builder->dominator[i];
        while (dominator > builder->semidominator[i])
            dominator = builder->dominator[dominator];
        builder->dominator[i] = dominator;
    }
    return builder->out_of_memory ? err_no_memory() : NULL;
}

/* ---- retained sizes -------------------------------------------------------------------------- */

static uint32_t id_of(const struct builder *builder, uint32_t number) {
    return number == ROOT     ? DOMINATORS_ROOT
           : number == HIDDEN ? DOMINATORS_HIDDEN
                              : builder->vertex[number];
}

static uint64_t *retained_of(struct dominators *dominators, uint32_t id) {
    return id == DOMINATORS_ROOT     ? &dominators->root_retained
           : id == DOMINATORS_HIDDEN ? &dominators->hidden_retained
                                     : &dominators->retained[id];
}

static void add_lone_leaves(struct builder *builder) {
    struct dominators *dominators = builder->dominators;
    const struct graph *graph = builder->graph;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        dominators->parent[id] = HEAP_NONE;
        if (!(builder->traits[id] & LONE_LEAF))
            continue;
        uint32_t referrer = referrer_id(graph_referrers(graph, id).items[0]);
        if (builder->number[referrer] == HEAP_NONE)
            continue; /* garbage */
        dominators->parent[id] = referrer;
        dominators->retained[id] = heap_footprint(graph->heap, id);
        dominators->retained[referrer] += dominators->retained[id];
    }
}

static void add_up(struct builder *builder) {
    struct dominators *dominators = builder->dominators;
    add_lone_leaves(builder);
    for (uint32_t i = builder->count; i-- > HIDDEN;) {
        uint32_t id = id_of(builder, i), parent = id_of(builder, builder->dominator[i]);
        gauge_step(i);
        if (i > HIDDEN) {
            dominators->retained[id] += heap_footprint(builder->graph->heap, id);
            dominators->parent[id] = parent;
        }
        *retained_of(dominators, parent) += *retained_of(dominators, id);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static size_t rows(const struct graph *graph) {
    return (size_t)graph->object_count + 2;
}

static struct err *build(struct builder *builder) {
    size_t size = rows(builder->graph) * sizeof(uint32_t);
    uint32_t **arrays[] = {&builder->number, &builder->vertex,        &builder->ancestor,
                           &builder->label,  &builder->semidominator, &builder->dominator};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = big_alloc(size, false);
        if (!*arrays[i])
            return err_no_memory();
    }
    builder->traits = big_alloc(rows(builder->graph), false);
    if (!builder->traits)
        return err_no_memory();
    memset(builder->number, 0xff, size);
    gauge_part(0, 30, builder->graph->object_count);
    find_traits(builder);
    gauge_part(30, 60, builder->most);
    TRY(search(builder));
    gauge_part(60, 80, builder->count);
    TRY(find_dominators(builder));
    gauge_part(80, 100, builder->count);
    add_up(builder);
    return NULL;
}

static void builder_clear(struct builder *builder) {
    size_t size = rows(builder->graph) * sizeof(uint32_t);
    big_free(builder->number, size);
    big_free(builder->vertex, size);
    big_free(builder->ancestor, size);
    big_free(builder->label, size);
    big_free(builder->semidominator, size);
    big_free(builder->dominator, size);
    big_free(builder->traits, rows(builder->graph));
    vec_free(&builder->stack);
    vec_free(&builder->chain);
}

struct err *dominators_build(const struct graph *graph, const volatile int *cancel,
                             struct dominators **ret) {
    struct dominators *dominators = calloc(1, sizeof *dominators);
    if (!dominators)
        return err_no_memory();
    dominators->graph = graph;
    dominators->parent = big_alloc(rows(graph) * sizeof *dominators->parent, false);
    dominators->retained = big_alloc(rows(graph) * sizeof *dominators->retained, false);
    struct builder builder = {.dominators = dominators, .graph = graph, .cancel = cancel};
    struct err *err =
        dominators->parent && dominators->retained ? build(&builder) : err_no_memory();
    builder_clear(&builder);
    if (err) {
        dominators_destroy(dominators);
        return err;
    }
    *ret = dominators;
    return NULL;
}

void dominators_destroy(struct dominators *dominators) {
    if (!dominators)
        return;
    big_free(dominators->parent, rows(dominators->graph) * sizeof *dominators->parent);
    big_free(dominators->retained, rows(dominators->graph) * sizeof *dominators->retained);
    free(dominators);
}

/* ---- asking ---------------------------------------------------------------------------------- */

uint32_t dominators_parent(const struct dominators *dominators, uint32_t id) {
    if (id == DOMINATORS_ROOT)
        return HEAP_NONE;
    return id == DOMINATORS_HIDDEN ? DOMINATORS_ROOT : dominators->parent[id];
}

uint64_t dominators_retained(const struct dominators *dominators, uint32_t id) {
    return *retained_of((struct dominators *)dominators, id);
}

struct child {
    uint64_t retained;
    uint32_t id;
};

static int compare_children(const void *left, const void *right) {
    const struct child *a = left, *b = right;
    if (a->retained != b->retained)
        return a->retained > b->retained ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

struct err *dominators_children(const struct dominators *dominators, uint32_t id, uint32_t **ret,
                                size_t *count) {
    struct vec(struct child) children = {0};
    bool fine = true;
    for (uint32_t child = 0; child < dominators->graph->object_count; child++) {
        if (dominators->parent[child] == id)
            fine &= vec_push(&children, ((struct child){dominators->retained[child], child}));
    }
    if (id == DOMINATORS_ROOT && dominators->hidden_retained)
        fine &=
            vec_push(&children, ((struct child){dominators->hidden_retained, DOMINATORS_HIDDEN}));
    *count = children.count;
    *ret = malloc((children.count + 1) * sizeof **ret);
    if (!fine || !*ret) {
        free(*ret);
        vec_free(&children);
        return err_no_memory();
    }
    if (children.count)
        qsort(children.items, children.count, sizeof *children.items, compare_children);
    for (size_t i = 0; i < children.count; i++)
        (*ret)[i] = children.items[i].id;
    vec_free(&children);
    return NULL;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The tree from above: children of each node side by side. Nodes are ids; the root and the hidden
 * references come behind them. */
struct tree {
    uint32_t *first, *children, *open; /* open: by group, ancestors that are in it */
    struct vec(struct cursor) stack;
};

static uint32_t node_of(const struct dominators *dominators, uint32_t id) {
    return id == DOMINATORS_ROOT     ? dominators->graph->object_count
           : id == DOMINATORS_HIDDEN ? dominators->graph->object_count + 1
                                     : id;
}

static void arrange(const struct dominators *dominators, struct tree *tree) {
    uint32_t count = dominators->graph->object_count, sum = 0;
    for (uint32_t id = 0; id < count; id++) {
        if (dominators->parent[id] != HEAP_NONE)
            tree->first[node_of(dominators, dominators->parent[id]) + 1]++;
    }
    for (uint32_t node = 0; node < count + 2; node++) {
        uint32_t children = tree->first[node + 1];
        tree->first[node + 1] = sum;
        sum += children;
    }
    for (uint32_t id = 0; id < count; id++) {
        if (dominators->parent[id] != HEAP_NONE)
            tree->children[tree->first[node_of(dominators, dominators->parent[id]) + 1]++] = id;
    }
}

static bool push_node(struct tree *tree, uint32_t node) {
    return vec_push(&tree->stack,
                    ((struct cursor){node, tree->first[node], tree->first[node + 1]}));
}

static bool add_groups(const struct dominators *dominators, struct tree *tree,
                       uint32_t (*group)(const void *context, uint32_t id), const void *context,
                       uint32_t group_count, uint64_t *retained) {
    uint32_t count = dominators->graph->object_count;
    bool fine = push_node(tree, count) && push_node(tree, count + 1);
    while (tree->stack.count && fine) {
        struct cursor *cursor = &tree->stack.items[tree->stack.count - 1];
        if (cursor->next == cursor->end) {
            uint32_t of = cursor->number < count ? group(context, cursor->number) : UINT32_MAX;
            if (of < group_count)
                tree->open[of]--;
            tree->stack.count--;
            continue;
        }
        uint32_t child = tree->children[cursor->next++], of = group(context, child);
        if (of < group_count && !tree->open[of])
            retained[of] += dominators->retained[child];
        if (tree->first[child] != tree->first[child + 1]) {
            fine = push_node(tree, child);
            if (of < group_count)
                tree->open[of]++;
        }
    }
    return fine;
}

struct err *dominators_retained_by_group(const struct dominators *dominators,
                                         uint32_t (*group)(const void *context, uint32_t id),
                                         const void *context, uint32_t group_count,
                                         uint64_t *retained) {
    size_t size = (rows(dominators->graph) + 1) * sizeof(uint32_t);
    struct tree tree = {big_alloc(size, false),
                        big_alloc(size, false),
                        calloc((size_t)group_count + 1, sizeof *tree.open),
                        {0}};
    memset(retained, 0, group_count * sizeof *retained);
    bool fine = tree.first && tree.children && tree.open;
    if (fine) {
        arrange(dominators, &tree);
        fine = add_groups(dominators, &tree, group, context, group_count, retained);
    }
    big_free(tree.first, size);
    big_free(tree.children, size);
    free(tree.open);
    vec_free(&tree.stack);
    return fine ? NULL : err_no_memory();
}
