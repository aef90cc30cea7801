/* Guesses are believed as far as refcounts leave room: those of objects that are reached, then of roots,
 * then of objects that are not reached. */
#include "introspect/graph/graph_private.h"

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

static void begin_target(struct believer *believer, uint32_t target, const struct held_root *roots,
                         size_t count) {
    const struct graph *graph = believer->graph;
    believer->target = target;
    believer->room =
        1; /* of an immortal one's guesses, which may be thousands, the first will do */
    if (!graph_refcount_tells(graph, target))
        return;
    believer->room = (int64_t)heap_refcount(graph->heap, target) -
                     !!(heap_flags(graph->heap, target) & OBJECT_STATIC);
    struct graph_referrers referrers = graph_referrers(graph, target);
    for (size_t i = 0; i < referrers.count; i++)
        believer->room -= (referrers.items[i] & REFERENCE_COUNTED) != 0;
    for (size_t i = 0; i < count; i++)
        believer->room -= (roots[i].root.reference.properties &
                           (REFERENCE_COUNTED | REFERENCE_GUESSED)) == REFERENCE_COUNTED;
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

static void believe_objects(struct believer *believer, const struct guess *guesses, size_t count,
                            bool are_reached) {
    for (size_t i = 0; i < count; i++) {
        if (reached(believer->graph, guesses[i].owner) == are_reached && take_room(believer))
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

static void believe_all(struct believer *believer, const struct guesses *guesses) {
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
            begin_target(believer, target, roots->items + root, root_end - root);
            believe_objects(believer, guesses->items + guess, guess_end - guess, true);
            believe_roots(believer, roots->items + root, root_end - root);
            believe_objects(believer, guesses->items + guess, guess_end - guess, false);
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
