#include "introspect/analyses/reference_labels.h"

#include "base/vec.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    WINDOWS = 32,
    REFERENCES_AT_ONCE = 512,
    REFERRERS_AT_ONCE = 64, /* each may have an owner of its own to be decoded */
    GROWTH = 8,             /* who goes on and on gets ever bigger windows */
    MOST_AT_ONCE = 1 << 20,
};

/* Labels of an object's references or referrers side by side. */
struct window {
    uint32_t id;
    enum reference_direction direction;
    uint64_t first, count;
    struct reference *items; /* target 0: not known */
    uint64_t used;
};

struct reference_labels {
    const struct graph *graph;
    pthread_mutex_t lock;
    struct window windows[WINDOWS];
    uint64_t clock;
};

struct err *reference_labels_create(const struct graph *graph, struct reference_labels **ret) {
    struct reference_labels *labels = calloc(1, sizeof *labels);
    if (!labels)
        return err_no_memory();
    labels->graph = graph;
    pthread_mutex_init(&labels->lock, NULL);
    *ret = labels;
    return NULL;
}

void reference_labels_destroy(struct reference_labels *labels) {
    if (!labels)
        return;
    for (size_t i = 0; i < WINDOWS; i++)
        free(labels->windows[i].items);
    pthread_mutex_destroy(&labels->lock);
    free(labels);
}

/* ---- references --------------------------------------------------------------------------------- */

static void keep_reference(void *context, size_t position, uint32_t target,
                           const struct reference *reference) {
    struct window *window = context;
    (void)target;
    if (position - window->first < window->count)
        window->items[position - window->first] = *reference;
}

/* ---- referrers ---------------------------------------------------------------------------------- */

/* References of one owner to the target, of which those from the `skipped`-th on stand in the window. */
struct owner_labels {
    uint32_t target;
    struct reference *items;
    uint64_t skipped, count, found;
};

static void keep_referrer(void *context, size_t position, uint32_t target,
                          const struct reference *reference) {
    struct owner_labels *owner = context;
    (void)position;
    if (target != owner->target)
        return;
    uint64_t at = owner->found++;
    if (at >= owner->skipped && at - owner->skipped < owner->count)
        owner->items[at - owner->skipped] = *reference;
}

/* Only the part of an owner is labelled that refers to the target. */
static void label_owner(const struct graph *graph, uint32_t id, struct owner_labels *owner) {
    struct graph_references references = graph_references(graph, id);
    uint64_t first = references.count, last = 0, found = 0;
    for (uint64_t i = 0; i < references.count && found < owner->skipped + owner->count; i++) {
        if (references.targets[i] != owner->target)
            continue;
        if (found++ < owner->skipped)
            continue;
        first = first < i ? first : i;
        last = i;
    }
    owner->skipped = 0;
    if (first <= last)
        graph_labelled_part(graph, id, first, last - first + 1, keep_referrer, owner);
}

static void fill_referrers(const struct graph *graph, struct window *window) {
    struct graph_referrers referrers = graph_referrers(graph, window->id);
    uint64_t at = window->first, end = window->first + window->count;
    while (at < end) {
        uint32_t id = referrer_id(referrers.items[at]);
        uint64_t start = at, next = at;
        while (start && referrer_id(referrers.items[start - 1]) == id)
            start--;
        while (next < end && referrer_id(referrers.items[next]) == id)
            next++;
        struct owner_labels owner = {.target = window->id,
                                     .items = window->items + (at - window->first),
                                     .skipped = at - start,
                                     .count = next - at};
        label_owner(graph, id, &owner);
        at = next;
    }
}

/* ---- windows ------------------------------------------------------------------------------------ */

static uint64_t count_of(const struct graph *graph, uint32_t id,
                         enum reference_direction direction) {
    return direction == TOWARDS_REFERENCES ? graph_references(graph, id).count
                                           : graph_referrers(graph, id).count;
}

/* The one that is filled anew, and how many labels it is to have from where on. */
static struct window *window_for(struct reference_labels *labels, uint32_t id,
                                 enum reference_direction direction, uint64_t position) {
    struct window *oldest = labels->windows;
    uint64_t size = direction == TOWARDS_REFERENCES ? REFERENCES_AT_ONCE : REFERRERS_AT_ONCE;
    uint64_t all = count_of(labels->graph, id, direction), first = position - position % size;
    for (size_t i = 0; i < WINDOWS; i++) {
        struct window *window = &labels->windows[i];
        if (window->used < oldest->used)
            oldest = window;
        if (window->used && window->id == id && window->direction == direction && window->first &&
            window->first + window->count == position) {
            size = window->count * GROWTH < MOST_AT_ONCE ? window->count * GROWTH : MOST_AT_ONCE;
            first = position;
        }
    }
    free(oldest->items);
    *oldest = (struct window){.id = id, .direction = direction, .first = first};
    oldest->count = all - first < size ? all - first : size;
    oldest->items = calloc(oldest->count, sizeof *oldest->items);
    return oldest->items ? oldest : NULL;
}

static struct window *window_at(struct reference_labels *labels, uint32_t id,
                                enum reference_direction direction, uint64_t position) {
    for (size_t i = 0; i < WINDOWS; i++) {
        struct window *window = &labels->windows[i];
        if (window->items && window->id == id && window->direction == direction &&
            position >= window->first && position - window->first < window->count)
            return window;
    }
    struct window *window = window_for(labels, id, direction, position);
    if (!window)
        return NULL;
    if (direction == TOWARDS_REFERENCES)
        graph_labelled_part(labels->graph, id, window->first, window->count, keep_reference,
                            window);
    else
        fill_referrers(labels->graph, window);
    return window;
}

bool reference_label_at(struct reference_labels *labels, uint32_t id,
                        enum reference_direction direction, uint64_t position,
                        struct reference *ret) {
    if (position >= count_of(labels->graph, id, direction))
        return false;
    pthread_mutex_lock(&labels->lock);
    struct window *window = window_at(labels, id, direction, position);
    if (window) {
        window->used = ++labels->clock;
        *ret = window->items[position - window->first];
    }
    pthread_mutex_unlock(&labels->lock);
    return window && ret->target;
}
