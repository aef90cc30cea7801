#include "tui/refresh.h"

#include <stdlib.h>

/* ---- what products are made of ------------------------------------------------------------------ */

static struct err *make_graph(struct refresh *refresh, struct work *work) {
    const struct graph_options options = {.cancel = work_cancel(work)};
    return graph_build(refresh->heap, &options, &refresh->graph);
}

/* Retained sizes by type id: the sums themselves are in use. */
static struct err *make_dominators(struct refresh *refresh, struct work *work) {
    TRY(dominators_build(refresh->graph, work_cancel(work), &refresh->dominators));
    struct types types = {.heap = refresh->heap};
    work_phase(work, "retained by type");
    struct err *err = types_collect(refresh->heap, &types);
    if (!err)
        err = types_add_retained(&types, refresh->dominators);
    if (!err && !(refresh->retained = calloc(heap_type_count(refresh->heap) + 1, sizeof(uint64_t))))
        err = err_no_memory();
    for (size_t i = 0; !err && i < types.count; i++)
        refresh->retained[types.rows[i].type->id] = types.rows[i].retained;
    types_free(&types);
    return err;
}

static struct err *make_held_by(struct refresh *refresh, struct work *work) {
    return type_holders_find(refresh->graph, work_cancel(work), &refresh->held_by);
}

static struct err *make_containers(struct refresh *refresh, struct work *work) {
    return containers_collect(refresh->graph, work_cancel(work), &refresh->containers);
}

static struct err *make_garbage(struct refresh *refresh, struct work *work) {
    size_t count = heap_interpreter_count(refresh->heap);
    refresh->garbage = calloc(count, sizeof *refresh->garbage);
    if (!refresh->garbage)
        return err_no_memory();
    for (size_t i = 0; i < count; i++)
        TRY(garbage_find(refresh->graph, heap_interpreter_id(refresh->heap, i), work_cancel(work),
                         &refresh->garbage[i]));
    return NULL;
}

static struct err *make_audit(struct refresh *refresh, struct work *work) {
    enum { MOST_OBJECTS = 100000 };
    return audit_collect(refresh->graph, NULL, MOST_OBJECTS, work_cancel(work), &refresh->audit);
}

static struct err *make_stacks(struct refresh *refresh, struct work *work) {
    (void)work;
    return heap_stacks(refresh->heap, &refresh->stacks);
}

static struct err *make_holders(struct refresh *refresh, struct work *work) {
    return holders_find(refresh->graph, work_cancel(work), &refresh->holders);
}

static void forget_graph(struct refresh *refresh) {
    graph_destroy(refresh->graph);
    refresh->graph = NULL;
}

static void forget_dominators(struct refresh *refresh) {
    dominators_destroy(refresh->dominators);
    refresh->dominators = NULL;
    free(refresh->retained);
    refresh->retained = NULL;
}

static void forget_held_by(struct refresh *refresh) {
    type_holders_free(&refresh->held_by);
}

static void forget_containers(struct refresh *refresh) {
    containers_free(&refresh->containers);
}

static void forget_garbage(struct refresh *refresh) {
    for (size_t i = 0; refresh->garbage && i < heap_interpreter_count(refresh->heap); i++)
        garbage_free(&refresh->garbage[i]);
    free(refresh->garbage);
    refresh->garbage = NULL;
}

static void forget_audit(struct refresh *refresh) {
    audit_free(&refresh->audit);
}

static void forget_stacks(struct refresh *refresh) {
    stacks_free(&refresh->stacks);
}

static void forget_holders(struct refresh *refresh) {
    holders_free(&refresh->holders);
}

static const struct {
    enum product product;
    unsigned bases;
    const char *name;
    struct err *(*make)(struct refresh *refresh, struct work *work);
    void (*forget)(struct refresh *refresh); /* also of what was made in part */
} products[] = {
    {PRODUCT_GRAPH, 0, "reference graph", make_graph, forget_graph},
    {PRODUCT_DOMINATORS, PRODUCT_GRAPH, "retained sizes", make_dominators, forget_dominators},
    {PRODUCT_HELD_BY, PRODUCT_GRAPH, "who holds each type", make_held_by, forget_held_by},
    {PRODUCT_CONTAINERS, PRODUCT_GRAPH, "containers", make_containers, forget_containers},
    {PRODUCT_GARBAGE, PRODUCT_GRAPH, "garbage", make_garbage, forget_garbage},
    {PRODUCT_AUDIT, PRODUCT_GRAPH, "audit of refcounts", make_audit, forget_audit},
    {PRODUCT_STACKS, 0, "threads", make_stacks, forget_stacks},
    {PRODUCT_HOLDERS, PRODUCT_GRAPH, "what holds most", make_holders, forget_holders},
};

enum { PRODUCT_COUNT = sizeof products / sizeof *products };

unsigned products_with_bases(unsigned wanted) {
    for (size_t i = PRODUCT_COUNT; i-- > 0;) {
        if (wanted & products[i].product)
            wanted |= products[i].bases;
    }
    return wanted;
}

enum product product_next(unsigned wanted) {
    return (enum product)(wanted & -wanted);
}

static size_t index_of(enum product product) {
    size_t index = 0;
    while (products[index].product != product)
        index++;
    return index;
}

const char *product_name(enum product product) {
    return products[index_of(product)].name;
}

struct err *product_make(struct refresh *refresh, enum product product, struct work *work) {
    size_t index = index_of(product);
    if (products[index].bases & ~refresh->made)
        return err_new(ERR_CANCELLED, "%s: what it stands on is not there", products[index].name);
    struct err *err = products[index].make(refresh, work);
    if (err)
        products[index].forget(refresh); /* so that it can be tried again */
    else
        refresh->made |= product;
    return err;
}

/* ---- refreshes ---------------------------------------------------------------------------------- */

static void counts_drop(struct shared_counts *counts) {
    if (!counts || atomic_fetch_sub(&counts->references, 1) > 1)
        return;
    type_counts_free(&counts->counts);
    free(counts);
}

void grown_containers_drop(struct grown_containers *grown) {
    if (!grown || atomic_fetch_sub(&grown->references, 1) > 1)
        return;
    container_changes_free(&grown->changes);
    free(grown);
}

static struct err *fill(struct refresh *refresh, const struct refresh *before, struct work *work) {
    work_phase(work, "types");
    TRY(types_collect(refresh->heap, &refresh->types));
    refresh->counts = calloc(1, sizeof *refresh->counts);
    if (!refresh->counts)
        return err_no_memory();
    atomic_init(&refresh->counts->references, 1);
    TRY(type_counts_collect(refresh->heap, &refresh->counts->counts));
    if (!before)
        return first_seen_start(refresh->heap, refresh->number, &refresh->first_seen);
    refresh->previous = before->counts;
    atomic_fetch_add(&refresh->previous->references, 1);
    work_phase(work, "what is new");
    return first_seen_follow(before->heap, &before->first_seen, refresh->heap, refresh->number,
                             work_cancel(work), &refresh->first_seen);
}

struct err *refresh_create(struct source *source, const struct refresh *before, struct work *work,
                           struct refresh **ret) {
    struct refresh *refresh = calloc(1, sizeof *refresh);
    if (!refresh) {
        source_close(source);
        return err_no_memory();
    }
    refresh->source = source;
    refresh->heap = source_heap(source);
    refresh->number = before ? before->number + 1 : 1;
    refresh->references = 1;
    struct err *err = fill(refresh, before, work);
    if (err)
        refresh_destroy(refresh);
    else
        *ret = refresh;
    return err;
}

void refresh_destroy(struct refresh *refresh) {
    if (!refresh)
        return;
    for (size_t i = PRODUCT_COUNT; i-- > 0;) {
        if (refresh->made & products[i].product)
            products[i].forget(refresh);
    }
    first_seen_free(&refresh->first_seen);
    grown_containers_drop(refresh->grown);
    types_free(&refresh->types);
    counts_drop(refresh->counts);
    counts_drop(refresh->previous);
    source_close(refresh->source);
    free(refresh);
}
