#include "introspect/analyses/garbage.h"

#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/vec.h"

#include <stdlib.h>

/* What is being looked for, by id. */
struct finder {
    const struct graph *graph;
    const volatile int *cancel;
    struct garbage *garbage;
    int64_t interpreter;
    bool several;     /* interpreters */
    int64_t *held;    /* refcount less the references from objects of the same collector */
    uint8_t *visited; /* enum visited */
    uint32_t *leader; /* union-find over what is collectable */
    struct vec(uint32_t) queue;
    bool out_of_memory;
};

enum visited { COLLECTING = 1, STAYS = 2, KEPT = 4 };

static void push(struct finder *finder, uint32_t id) {
    if (!vec_push(&finder->queue, id))
        finder->out_of_memory = true;
}

/* ---- what the collector would find ----------------------------------------------------------- */

/* Each interpreter has a collector of its own. */
static bool is_mine(const struct finder *finder, uint32_t id) {
    return !finder->several || heap_interpreter(finder->graph->heap, id) == finder->interpreter;
}

static bool is_collected(const struct finder *finder, uint32_t id) {
    enum gc_state state = heap_gc_state(finder->graph->heap, id);
    return (state == GC_YOUNG || state == GC_OLD) && is_mine(finder, id);
}

static bool is_inside(const struct finder *finder, uint32_t to, unsigned properties) {
    return properties & REFERENCE_TRAVERSED && finder->visited[to] & COLLECTING;
}

static void subtract_references(struct finder *finder) {
    const struct graph *graph = finder->graph;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (is_collected(finder, id)) {
            finder->visited[id] = COLLECTING;
            finder->held[id] = (int64_t)heap_refcount(graph->heap, id);
        }
        finder->garbage->frozen +=
            heap_gc_state(graph->heap, id) == GC_PERMANENT && is_mine(finder, id);
    }
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (!(finder->visited[id] & COLLECTING))
            continue;
        struct graph_references references = graph_references(graph, id);
        for (size_t i = 0; i < references.count; i++) {
            if (is_inside(finder, references.targets[i], references.properties[i]))
                finder->held[references.targets[i]]--;
        }
    }
}

static void stay(struct finder *finder, uint32_t id) {
    if (finder->visited[id] & STAYS)
        return;
    finder->visited[id] |= STAYS;
    push(finder, id);
}

static void keep_what_is_held(struct finder *finder) {
    const struct graph *graph = finder->graph;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (finder->visited[id] & COLLECTING && finder->held[id] > 0)
            stay(finder, id);
    }
    while (finder->queue.count && !cancel_asked(finder->cancel)) {
        uint32_t id = finder->queue.items[--finder->queue.count];
        struct graph_references references = graph_references(graph, id);
        for (size_t i = 0; i < references.count; i++) {
            if (is_inside(finder, references.targets[i], references.properties[i]))
                stay(finder, references.targets[i]);
        }
    }
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if ((finder->visited[id] & (COLLECTING | STAYS)) == COLLECTING) {
            finder->garbage->state[id] = GARBAGE_TRACKED;
            finder->garbage->gc_objects++;
        }
    }
}

/* ---- what hangs on it ------------------------------------------------------------------------ */

static void keep(struct finder *finder, uint32_t id) {
    if (finder->visited[id] & KEPT || finder->garbage->state[id] == GARBAGE_TRACKED)
        return;
    finder->visited[id] |= KEPT;
    push(finder, id);
}

/* What is kept from elsewhere: by roots, by hidden references, by what gc leaves alone. */
static void keep_the_rest(struct finder *finder) {
    const struct graph *graph = finder->graph;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        bool reachable = heap_flags(graph->heap, id) & OBJECT_REACHABLE;
        if (reachable || finder->visited[id] & STAYS ||
            (finder->garbage->state[id] == GARBAGE_NONE && graph_hidden(graph, id) > 0))
            keep(finder, id);
    }
    while (finder->queue.count && !cancel_asked(finder->cancel)) {
        struct graph_references references =
            graph_references(graph, finder->queue.items[--finder->queue.count]);
        for (size_t i = 0; i < references.count; i++) {
            if (references.properties[i] & REFERENCE_RETAINS)
                keep(finder, references.targets[i]);
        }
    }
}

static uint32_t leader_of(uint32_t *leader, uint32_t id) {
    while (leader[id] != id) {
        leader[id] = leader[leader[id]];
        id = leader[id];
    }
    return id;
}

static void join(struct finder *finder, uint32_t a, uint32_t b) {
    uint32_t of_a = leader_of(finder->leader, a), of_b = leader_of(finder->leader, b);
    if (of_a < of_b)
        finder->leader[of_b] = of_a;
    else
        finder->leader[of_a] = of_b;
}

static void join_with_targets(struct finder *finder, uint32_t id) {
    struct graph_references references = graph_references(finder->graph, id);
    for (size_t i = 0; i < references.count; i++) {
        if (references.properties[i] & (REFERENCE_RETAINS | REFERENCE_TRAVERSED) &&
            finder->garbage->state[references.targets[i]] == GARBAGE_TRACKED)
            join(finder, id, references.targets[i]);
    }
}

/* What nothing else keeps goes with the first that leads to it: two cycles that share a string are two. */
static void take_dependents(struct finder *finder, uint32_t id) {
    struct garbage *garbage = finder->garbage;
    struct graph_references references = graph_references(finder->graph, id);
    for (size_t i = 0; i < references.count; i++) {
        uint32_t target = references.targets[i];
        if (!(references.properties[i] & REFERENCE_RETAINS) || finder->visited[target] & KEPT ||
            garbage->state[target] != GARBAGE_NONE)
            continue;
        garbage->state[target] = GARBAGE_DEPENDENT;
        finder->leader[target] = leader_of(finder->leader, id);
        push(finder, target);
    }
}

static void find_groups(struct finder *finder) {
    const struct graph *graph = finder->graph;
    const uint8_t *state = finder->garbage->state;
    for (uint32_t id = 0; id < graph->object_count; id++)
        finder->leader[id] = id;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (state[id] == GARBAGE_TRACKED)
            join_with_targets(finder, id);
    }
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (state[id] == GARBAGE_TRACKED)
            take_dependents(finder, id);
        while (finder->queue.count && !cancel_asked(finder->cancel))
            take_dependents(finder, finder->queue.items[--finder->queue.count]);
    }
}

/* ---- groups ---------------------------------------------------------------------------------- */

struct member {
    uint32_t leader, id;
    bool dependent;
};

static int compare_members(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    if (a->leader != b->leader)
        return a->leader < b->leader ? -1 : 1;
    if (a->dependent != b->dependent)
        return a->dependent ? 1 : -1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_groups(const void *left, const void *right, void *context) {
    const struct garbage_group *a = left, *b = right;
    const uint32_t *members = context;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    return members[a->first] < members[b->first] ? -1 : 1;
}

static void add_member(struct garbage *garbage, const struct member *member, bool is_first) {
    const struct heap *heap = garbage->graph->heap;
    if (is_first)
        garbage->groups[garbage->group_count++] =
            (struct garbage_group){.first = garbage->member_count};
    struct garbage_group *group = &garbage->groups[garbage->group_count - 1];
    uint64_t footprint = heap_footprint(heap, member->id);
    group->objects++;
    group->gc_objects += !member->dependent;
    group->footprint += footprint;
    garbage->footprint += footprint;
    garbage->members[garbage->member_count++] = member->id;
}

static struct err *list_groups(struct finder *finder) {
    struct garbage *garbage = finder->garbage;
    struct vec(struct member) members = {0};
    bool fine = true;
    for (uint32_t id = 0; id < finder->graph->object_count && fine; id++) {
        if (garbage->state[id] != GARBAGE_NONE)
            fine = vec_push(&members, ((struct member){leader_of(finder->leader, id), id,
                                                       garbage->state[id] == GARBAGE_DEPENDENT}));
    }
    if (fine && members.count) {
        qsort(members.items, members.count, sizeof *members.items, compare_members);
        garbage->members = malloc(members.count * sizeof *garbage->members);
        garbage->groups = calloc(members.count, sizeof *garbage->groups);
        fine = garbage->members && garbage->groups;
    }
    for (size_t i = 0; i < members.count && fine; i++)
        add_member(garbage, &members.items[i],
                   !i || members.items[i].leader != members.items[i - 1].leader);
    vec_free(&members);
    if (fine && garbage->group_count)
        qsort_r(garbage->groups, garbage->group_count, sizeof *garbage->groups, compare_groups,
                garbage->members);
    return fine ? NULL : err_no_memory();
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct err *find(struct finder *finder) {
    size_t rows = (size_t)finder->graph->object_count + 1;
    finder->held = big_alloc(rows * sizeof *finder->held, false);
    finder->visited = big_alloc(rows, false);
    finder->leader = big_alloc(rows * sizeof *finder->leader, false);
    finder->garbage->state = calloc(rows, 1);
    if (!finder->held || !finder->visited || !finder->leader || !finder->garbage->state)
        return err_no_memory();
    finder->several = heap_interpreter_count(finder->graph->heap) > 1;
    subtract_references(finder);
    TRY(cancel_check(finder->cancel));
    keep_what_is_held(finder);
    TRY(cancel_check(finder->cancel));
    if (!finder->garbage->gc_objects)
        return finder->out_of_memory ? err_no_memory() : NULL;
    keep_the_rest(finder);
    find_groups(finder);
    TRY(cancel_check(finder->cancel));
    return finder->out_of_memory ? err_no_memory() : list_groups(finder);
}

struct err *garbage_find(const struct graph *graph, int64_t interpreter, const volatile int *cancel,
                         struct garbage *ret) {
    *ret = (struct garbage){.graph = graph};
    struct finder finder = {
        .graph = graph, .garbage = ret, .interpreter = interpreter, .cancel = cancel};
    size_t rows = (size_t)graph->object_count + 1;
    struct err *err = find(&finder);
    big_free(finder.held, rows * sizeof *finder.held);
    big_free(finder.visited, rows);
    big_free(finder.leader, rows * sizeof *finder.leader);
    vec_free(&finder.queue);
    if (err)
        garbage_free(ret);
    return err;
}

void garbage_free(struct garbage *garbage) {
    free(garbage->groups);
    free(garbage->members);
    free(garbage->state);
    *garbage = (struct garbage){0};
}
