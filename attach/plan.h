/* What of a process is copied, and what stays behind. Decisions about mappings are pure functions
 * of the maps; scouting (scout.h) looks into big ones. */
#ifndef HEAPGLASS_ATTACH_PLAN_H
#define HEAPGLASS_ATTACH_PLAN_H

#include "attach/maps.h"

enum plan_action {
    PLAN_IGNORE, /* nothing in it is needed */
    PLAN_DEVICE, /* never to be touched */
    PLAN_COPY,   /* at the stop */
    PLAN_EARLY,  /* immutable: before the stop */
};

enum {
    PLAN_SCOUT_SIZE = 64 << 20,   /* mappings larger than this are scouted */
    PLAN_SHARED_LIMIT = 64 << 20, /* larger shared memory is not copied */
    PLAN_EDGE = 64 << 10,         /* at both ends of a mapping that stays behind, copied always */
};

/* The action for each mapping; `actions` has maps->count elements. */
void plan_decide(const struct maps *maps, enum plan_action *actions);

/* True for a mapping whose pages, when absent, hold bytes of a file; those of others hold zero. */
bool plan_is_file(const struct map *map);

struct address_range {
    uint64_t start, end;
};

/* A sorted list of ranges that stay behind. */
struct behind {
    struct address_range *items;
    size_t count, capacity;
};

/* The first part of [start, end) that does not stay behind; false if all of it does. */
bool plan_next_wanted(const struct behind *behind, uint64_t start, uint64_t end,
                      uint64_t *wanted_start, uint64_t *wanted_end);

/* True if any of [start, end) stays behind. */
bool plan_any_behind(const struct behind *behind, uint64_t start, uint64_t end);

#endif
