/* Guesses are believed as far as refcounts leave room.
 *
 * First those of objects that are not reached: their targets are held by garbage until the refcount says
 * that somebody else does. Then the one that the heap has reached the target through, if there was no
 * better way; the others might lead from the target itself. Then the rest, those of objects before those of
 * roots: a word on a stack may be left over. So what the roots lead to is what the heap calls reachable. */
#include "introspect/graph/graph_private.h"
#include "introspect/heap/heap_private.h"

#include <stdlib.h>

struct believer {
    struct graph *graph;
    uint32_t target;
    int64_t room; /* what the target's refcount leaves unexplained */
    struct vec(uint32_t) believed;
    bool out_of_memory;
};

static bool reached(const struct graph *graph, uint32_t id) {
    return heap_flags(graph->heap, id) & OBJECT_REACHABLE;
}

static int compare_guesses(const void *left, const void *right) {
    const struct guess *a = left, *b = right;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    if (a->owner != b->owner)
        return a->owner < b->owner ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

static int64_t room_of(const struct graph *graph, uint32_t target, const struct held_root *roots,
                       size_t count) {
    int64_t room = (int64_t)heap_refcount(graph->heap, target) -
                   !!(heap_flags(graph->heap, target) & OBJECT_STATIC);
    struct graph_referrers referrers = graph_referrers(graph, target);
    for (size_t i = 0; i < referrers.count; i++)
        room -= (referrers.items[i] & REFERENCE_COUNTED) != 0;
    for (size_t i = 0; i < count; i++)
        room -= (roots[i].root.reference.properties & (REFERENCE_COUNTED | REFERENCE_GUESSED)) ==
                REFERENCE_COUNTED;
    return room;
}

static bool take_room(struct believer *believer) {
    if (believer->room <= 0)
        return false;
    believer->room--;
    believer->out_of_memory |= !vec_push(&believer->believed, believer->target);
    return true;
}

/* Gives an item of the target's referrers, one that its guessed reference stands behind, properties. */
static void believe(struct believer *believer, const struct guess *guess) {
    struct graph *graph = believer->graph;
    graph->properties[graph->first[guess->owner] + guess->position] = (uint8_t)guess->properties;
    uint64_t low = graph->first_referrer[guess->target],
             end = graph->first_referrer[guess->target + 1];
    for (uint64_t high = end; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        if (referrer_id(graph->referrers[middle]) < guess->owner)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < end && referrer_id(graph->referrers[low]) == guess->owner; low++) {
        if (!referrer_properties(graph->referrers[low])) {
            graph->referrers[low] |= guess->properties & REFERRER_PROPERTIES;
            return;
        }
    }
}

/* Those that are not believed yet. */
static void believe_objects(struct believer *believer, struct guess *guesses, size_t count,
                            bool are_reached, uint32_t only) {
    for (size_t i = 0; i < count; i++) {
        if (reached(believer->graph, guesses[i].owner) != are_reached || guesses[i].believed ||
            (only != HEAP_NONE && guesses[i].owner != only))
            continue;
        guesses[i].believed = take_room(believer);
        if (guesses[i].believed)
            believe(believer, &guesses[i]);
    }
}

/* Marks roots that are not believed by HEAP_NONE. */
static void believe_roots(struct believer *believer, struct held_root *roots, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (roots[i].root.reference.properties & REFERENCE_GUESSED && !take_room(believer))
            roots[i].object = HEAP_NONE;
    }
}

static void believe_of_target(struct believer *believer, struct guess *guesses, size_t guess_count,
                              struct held_root *roots, size_t root_count) {
    const struct graph *graph = believer->graph;
    bool tells = refcount_tells(graph->heap, believer->target);
    const struct guess_source *source =
        heap_guess_source(graph->heap, heap_address(graph->heap, believer->target));
    /* Of an immortal one's guesses, which may be thousands, the first will do. */
    believer->room = tells ? room_of(graph, believer->target, roots, root_count) : 1;
    if (tells)
        believe_objects(believer, guesses, guess_count, false, HEAP_NONE);
    if (source && source->owner)
        believe_objects(believer, guesses, guess_count, true,
                        heap_find(graph->heap, source->owner));
    if (source && !source->owner)
        believe_roots(believer, roots, root_count);
    believe_objects(believer, guesses, guess_count, true, HEAP_NONE);
    if (!source || source->owner)
        believe_roots(believer, roots, root_count);
}

static void believe_all(struct believer *believer, struct guesses *guesses) {
    struct root_list *roots = &believer->graph->roots;
    size_t guess = 0, root = 0;
    while (guess < guesses->count || root < roots->count) {
        uint32_t target = guess < guesses->count ? guesses->items[guess].target : HEAP_NONE;
        if (root < roots->count && roots->items[root].object < target)
            target = roots->items[root].object;
        size_t guess_end = guess, root_end = root;
        bool guessed = false;
        while (guess_end < guesses->count && guesses->items[guess_end].target == target)
            guess_end++;
        for (; root_end < roots->count && roots->items[root_end].object == target; root_end++)
            guessed |= roots->items[root_end].root.reference.properties & REFERENCE_GUESSED;
        if (guessed || guess_end > guess) {
            believer->target = target;
            believe_of_target(believer, guess_end > guess ? &guesses->items[guess] : NULL,
                              guess_end - guess, root_end > root ? &roots->items[root] : NULL,
                              root_end - root);
        }
        guess = guess_end;
        root = root_end;
    }
}

static void drop_unbelieved(struct root_list *roots) {
    size_t kept = 0;
    for (size_t i = 0; i < roots->count; i++) {
        if (roots->items[i].object != HEAP_NONE)
            roots->items[kept++] = roots->items[i];
    }
    roots->count = kept;
}

struct err *graph_believe(struct graph *graph, struct guesses *guesses) {
    struct believer believer = {.graph = graph};
    if (guesses->count)
        qsort(guesses->items, guesses->count, sizeof *guesses->items, compare_guesses);
    believe_all(&believer, guesses);
    drop_unbelieved(&graph->roots);
    graph->guessed = believer.believed.items;
    graph->guessed_count = believer.believed.count;
    return believer.out_of_memory ? err_no_memory() : NULL;
}
