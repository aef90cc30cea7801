/* The mappings of a process, as /proc/PID/maps tells them. */
#ifndef HEAPGLASS_ATTACH_MAPS_H
#define HEAPGLASS_ATTACH_MAPS_H

#include "base/err.h"
#include "image/image.h"

struct map {
    uint64_t start, end, offset, inode;
    uint64_t device; /* major << 32 | minor */
    bool readable, writable, executable, shared;
    enum mapping_kind kind;
    const char *path; /* "" when anonymous; in the text below */
};

/* All zero is empty. Reading again reuses the memory, so that it costs no allocation. */
struct maps {
    struct map *items;
    size_t count, capacity;
    char *text;
    size_t text_length, text_capacity;
};

/* ERR_SOURCE if the process is gone or may not be looked at. */
struct err *maps_read(pid_t pid, struct maps *maps) ERR_CHECK;

/* Parses maps->text (text_length bytes and a NUL), in place. ERR_FAILED for a line that is not one.
 * Lines that overlap the one before them (a map that changed while it was read) are left out. */
struct err *maps_parse(struct maps *maps) ERR_CHECK;

/* Room for twice as much as there is, so that reading again will find it. False without memory. */
bool maps_spare(struct maps *maps, const struct maps *like);

/* The mapping that holds the address, NULL if none. */
const struct map *maps_at(const struct maps *maps, uint64_t address);

/* Another mapping of exactly the same memory: range, file, offset and permissions. */
bool map_same(const struct map *map, const struct map *other);

void maps_free(struct maps *maps);

static inline uint64_t map_size(const struct map *map) {
    return map->end - map->start;
}

#endif
