/* What people see of a group of garbage: its types, a cycle in it, what runs when it is freed. */
#include "base/big_memory.h"
#include "base/vec.h"
#include "introspect/analyses/garbage.h"
#include "introspect/graph/path_text.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_STARTS = 4,
    MOST_VISITED = 1 << 20,
    MOST_HOPS = 12,
    MOST_CANDIDATES = 1 << 12,
    MOST_TYPES = 64
};

/* ---- types ----------------------------------------------------------------------------------- */

static int compare_types(const void *left, const void *right) {
    const struct garbage_type *a = left, *b = right;
    if (a->objects != b->objects)
        return a->objects > b->objects ? -1 : 1;
    return strcmp(a->type->name, b->type->name);
}

size_t garbage_types(const struct garbage *garbage, const struct garbage_group *group,
                     struct garbage_type *types, size_t limit) {
    struct vec(struct garbage_type) found = {0};
    for (uint64_t i = 0; i < group->objects; i++) {
        const struct type *type =
            heap_type(garbage->graph->heap, garbage->members[group->first + i]);
        size_t k = 0;
        while (k < found.count && found.items[k].type != type)
            k++;
        if (k < found.count)
            found.items[k].objects++;
        else if (found.count < MOST_TYPES && !vec_push(&found, ((struct garbage_type){type, 1})))
            break;
    }
    if (found.count)
        qsort(found.items, found.count, sizeof *found.items, compare_types);
    size_t count = found.count < limit ? found.count : limit;
    if (count)
        memcpy(types, found.items, count * sizeof *types);
    vec_free(&found);
    return count;
}

/* ---- a cycle --------------------------------------------------------------------------------- */

/* An object that a search has come to, and by which of those before it. */
struct visit {
    uint32_t id, by;
};

struct cycle_search {
    struct garbage_search *noted;
    const struct garbage *garbage;
    struct vec(struct visit) visits;
    uint32_t last; /* the visit whose object refers to the start */
};

struct err *garbage_search_start(const struct garbage *garbage, struct garbage_search *ret) {
    *ret = (struct garbage_search){.garbage = garbage};
    ret->stamps = big_alloc(garbage->graph->object_count * sizeof *ret->stamps + 1, false);
    return ret->stamps ? NULL : err_no_memory();
}

void garbage_search_end(struct garbage_search *search) {
    if (search->stamps)
        big_free(search->stamps, search->garbage->graph->object_count * sizeof *search->stamps + 1);
    *search = (struct garbage_search){0};
}

/* True the first time that this search comes to an object. */
static bool come_to(const struct cycle_search *search, uint32_t id) {
    struct garbage_search *noted = search->noted;
    if (noted->stamps[id] == noted->stamp)
        return false;
    noted->stamps[id] = noted->stamp;
    return true;
}

/* Breadth first, within the group, until somebody refers to `start`. */
static bool find_cycle(struct cycle_search *search, uint32_t start) {
    const struct garbage *garbage = search->garbage;
    search->visits.count = 0;
    search->noted->stamp++;
    if (!vec_push(&search->visits, ((struct visit){start, 0})))
        return false;
    for (uint32_t i = 0; i < search->visits.count; i++) {
        struct graph_references references =
            graph_references(garbage->graph, search->visits.items[i].id);
        for (size_t k = 0; k < references.count; k++) {
            uint32_t target = references.targets[k];
            if (!(references.properties[k] & REFERENCE_TRAVERSED) ||
                garbage->state[target] != GARBAGE_TRACKED)
                continue;
            if (target == start) {
                search->last = i;
                return true;
            }
            if (search->visits.count < MOST_VISITED && come_to(search, target) &&
                !vec_push(&search->visits, ((struct visit){target, i})))
                return false;
        }
    }
    return false;
}

struct hop {
    const struct heap *heap;
    uint32_t owner, target;
    struct path_place *place;
    struct strbuf *out;
    bool done;
};

static void add_hop(void *context, size_t position, uint32_t target,
                    const struct reference *reference) {
    struct hop *hop = context;
    (void)position;
    if (hop->done || target != hop->target || !(reference->properties & REFERENCE_TRAVERSED))
        return;
    hop->done = true;
    path_step(hop->heap, hop->place, hop->owner, reference, true, hop->out);
}

/* Instances of Python classes are what people look for in a cycle. */
static uint32_t best_start(const struct garbage *garbage, const struct garbage_group *group,
                           unsigned nth) {
    for (uint64_t i = 0; i < group->gc_objects && i < MOST_CANDIDATES; i++) {
        uint32_t id = garbage->members[group->first + i];
        if (heap_type(garbage->graph->heap, id)->python_class && nth-- == 0)
            return id;
    }
    return nth < group->gc_objects ? garbage->members[group->first + nth] : HEAP_NONE;
}

uint32_t garbage_first_object(const struct garbage *garbage, const struct garbage_group *group) {
    return best_start(garbage, group, 0);
}

static void add_cycle(const struct cycle_search *search, struct strbuf *out) {
    const struct garbage *garbage = search->garbage;
    uint32_t way[MOST_HOPS];
    unsigned count = 0;
    for (uint32_t i = search->last; count < MOST_HOPS; i = search->visits.items[i].by) {
        way[count++] = search->visits.items[i].id;
        if (!i)
            break;
    }
    struct path_place place = {.role = PATH_PLAIN};
    uint32_t start = search->visits.items[0].id;
    if (way[count - 1] != start)
        strbuf_puts(out, "... → ");
    while (count) {
        uint32_t owner = way[--count];
        struct hop hop = {
            garbage->graph->heap, owner, count ? way[count - 1] : start, &place, out, false};
        if (place.role == PATH_PLAIN)
            strbuf_printf(out, "%s%s", owner == start ? "" : " → ",
                          heap_type(garbage->graph->heap, owner)->name);
        graph_labelled(garbage->graph, owner, add_hop, &hop);
    }
    path_end(&place, out);
    strbuf_puts(out, " → (itself)");
}

void garbage_cycle_text(struct garbage_search *noted, const struct garbage_group *group,
                        struct strbuf *out) {
    const struct garbage *garbage = noted->garbage;
    struct cycle_search search = {.noted = noted, .garbage = garbage};
    for (unsigned i = 0; i < MOST_STARTS; i++) {
        uint32_t start = best_start(garbage, group, i);
        if (start != HEAP_NONE && find_cycle(&search, start)) {
            add_cycle(&search, out);
            break;
        }
    }
    vec_free(&search.visits);
}
