#include "attach/plan.h"

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_device(const struct map *map) {
    return starts_with(map->path, "anon_inode:") ||
           (starts_with(map->path, "/dev/") && !starts_with(map->path, "/dev/shm/") &&
            !starts_with(map->path, "/dev/zero"));
}

/* Shared memory that no path leads to: it belongs to a process and those it gave it to. */
static bool is_shared_memory(const struct map *map) {
    return map->kind == MAPPING_ANONYMOUS || starts_with(map->path, "/memfd:") ||
           starts_with(map->path, "/SYSV") || starts_with(map->path, "/dev/zero");
}

bool plan_is_file(const struct map *map) {
    return map->kind == MAPPING_FILE && !starts_with(map->path, "/dev/zero");
}

/* What else of the same file is mapped around this mapping. */
struct relatives {
    bool executable, read_only;
};

static bool same_file(const struct map *map, const struct map *other) {
    return other->kind == MAPPING_FILE && map->inode == other->inode &&
           map->device == other->device;
}

static struct relatives find_relatives(const struct maps *maps, size_t index) {
    const struct map *map = &maps->items[index];
    struct relatives found = {false, false};
    /* The segments of one module lie together, with at most a .bss or a gap between them. */
    size_t first = index > 16 ? index - 16 : 0;
    size_t last = index + 16 < maps->count ? index + 16 : maps->count;
    for (size_t i = first; i < last; i++) {
        const struct map *other = &maps->items[i];
        if (i == index || !same_file(map, other))
            continue;
        found.executable |= other->executable;
        found.read_only |= other->readable && !other->writable && !other->executable;
    }
    return found;
}

static enum plan_action decide_private_file(const struct maps *maps, size_t index) {
    const struct map *map = &maps->items[index];
    if (map->writable)
        return PLAN_COPY;
    struct relatives relatives = find_relatives(maps, index);
    if (map->executable) /* old linkers put constants beside the code */
        return relatives.read_only ? PLAN_IGNORE : PLAN_EARLY;
    return relatives.executable ? PLAN_EARLY : PLAN_IGNORE;
}

static enum plan_action decide(const struct maps *maps, size_t index) {
    const struct map *map = &maps->items[index];
    if (map->kind == MAPPING_SPECIAL || map->end >> IMAGE_ADDRESS_BITS)
        return PLAN_IGNORE;
    if (map->kind == MAPPING_FILE && is_device(map))
        return PLAN_DEVICE;
    if (!map->readable)
        return PLAN_IGNORE;
    if (map->shared)
        return map->writable && is_shared_memory(map) && map_size(map) < PLAN_SHARED_LIMIT
                   ? PLAN_COPY
                   : PLAN_IGNORE;
    if (plan_is_file(map))
        return decide_private_file(maps, index);
    return map->writable || !map->executable ? PLAN_COPY : PLAN_IGNORE;
}

void plan_decide(const struct maps *maps, enum plan_action *actions) {
    for (size_t i = 0; i < maps->count; i++)
        actions[i] = decide(maps, i);
}

/* The first range that ends behind the address. */
static const struct address_range *range_after(const struct behind *behind, uint64_t address) {
    size_t low = 0, high = behind->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (behind->items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < behind->count ? &behind->items[low] : NULL;
}

bool plan_next_wanted(const struct behind *behind, uint64_t start, uint64_t end,
                      uint64_t *wanted_start, uint64_t *wanted_end) {
    const struct address_range *range = range_after(behind, start);
    while (range && range->start <= start) {
        start = range->end;
        range = range_after(behind, start);
    }
    if (start >= end)
        return false;
    *wanted_start = start;
    *wanted_end = range && range->start < end ? range->start : end;
    return true;
}

bool plan_any_behind(const struct behind *behind, uint64_t start, uint64_t end) {
    const struct address_range *range = range_after(behind, start);
    return range && range->start < end;
}
